#!/usr/bin/env bash
# `reproduce` at the size of Qwen3-4B, on four GPUs: undisturbed on the first, killed once and resumed on the second, shared out over
# the last two. All three have to end with the same bytes, the PDF included. Each starts without singular bases, and the time to the end
# of the first update is told. Nine minutes on four H100s: docs/measurements/engine.md.
#   tests/cuda/full_size.sh PROGRAM MODEL PROBLEMS
# MODEL: a folder with config.json and the tokenizer; weights are random. PROBLEMS: the benchmark's JSONL, of which a third is tested on.
# Needs 40 GB below TMPDIR; the PDF goes to OUT, or to /tmp.
set -euo pipefail
program=$(realpath "$1") model=$(realpath "$2") problems=$(realpath "$3")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
# What is to be ended are the programs, which are children of the three jobs.
trap 'pkill -f -- "--out $work/" || true; rm -rf "$work"' EXIT
[ "$(nvidia-smi -L | wc -l)" -ge 4 ] || { echo "NOT TESTED: it needs four GPUs"; exit 77; }
head -80 "$problems" >"$work/train.jsonl"
tail -n +81 "$problems" >"$work/test.jsonl"

reproduce() { # NAME DEVICES
  GQ_STATE="$work/state-$1" "$program" reproduce --plan tests/cuda/full-size.toml --model "$model" --random-weights 3 \
    --problems "$work/train.jsonl" --test "$work/test.jsonl" --device cuda --devices "$2" --out "$work/$1" >>"$work/$1.txt" 2>&1
}
updates() { { cat "$work/$1"/*-s41/metrics.jsonl 2>/dev/null || true; } | wc -l; }
wait_for_updates() { # NAME COUNT PID
  until [ "$(updates "$1")" -ge "$2" ]; do kill -0 "$3" 2>/dev/null || { tail -5 "$work/$1.txt"; exit 1; }; sleep 0.2; done
}
undisturbed() {
  reproduce undisturbed 0 &
  wait_for_updates undisturbed 1 $!
  echo "first update after $SECONDS s"
  wait $!
  echo "undisturbed, on one GPU: $SECONDS s"
}
killed() {
  reproduce killed 1 &
  wait_for_updates killed 3 $!
  kill -KILL "$(pgrep -f "reproduce .*--out $work/killed")"
  wait $! 2>/dev/null || true
  echo "killed after $SECONDS s and three of six updates"
  reproduce killed 1
  echo "killed and resumed: $SECONDS s"
}
shared_out() {
  reproduce shared 2,3
  echo "shared out over two GPUs: $SECONDS s"
}

nvidia-smi -L
SECONDS=0
undisturbed & one=$!
killed & two=$!
shared_out & three=$!
failed=0
for job in $one $two $three; do wait $job || failed=1; done
[ $failed = 0 ] || { tail -3 "$work"/*.txt; exit 1; }
for other in killed shared; do
  diff -rq -x log "$work/undisturbed" "$work/$other" || { echo "OTHER BYTES: $other"; exit 1; }
  echo "same bytes, $(find "$work/undisturbed" -type f -not -path '*/log/*' | wc -l) files: undisturbed and $other"
done
cp "$work/undisturbed/paper.pdf" "${OUT:-/tmp}/full-size.pdf"
