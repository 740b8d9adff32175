#!/usr/bin/env bash
# What CI cannot see: the CUDA code, on a machine that has a GPU. Operations, models and generation against the CPU; runs beside each
# other, alone, and stopped half-way, to the same bytes; memory that runs out in a training pass. Two minutes on an H100.
#   tests/cuda/check.sh PROGRAM [MODEL PROBLEMS]
# MODEL: a folder with config.json (two layers of Qwen3-4B's width will do) and its tokenizer; weights are random. PROBLEMS: the
# benchmark's JSONL. Without them, or without PyTorch to hold memory with, the last part is not tested, and the exit code is 77.
set -euo pipefail
program=$(realpath "$1")
model=${2:+$(realpath "$2")}
problems=${3:+$(realpath "$3")}
cd "$(dirname "$0")/../.."
device=${DEVICE:-cuda}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
results() { find "$1" -type f -not -path '*/log/*' | sort | while read -r file; do echo "$(sha256sum <"$file") ${file#"$1"}"; done; }
same() { if diff <(results "$work/$1") <(results "$work/$2") >"$work/diff"; then echo "same bytes: $3"; else echo "OTHER BYTES: $3"; head "$work/diff"; exit 1; fi; }
run() { "$program" run --plan src/cli/tests/tiny.toml --device "$device" --out "$work/$1" "${@:2}" >"$work/$1.txt"; }

"$program" bench engine --device "$device" --check-only

run alone --jobs 1
run beside --jobs 4
same alone beside "four runs at a time and one"
# Three times, each after at least one more update.
updates() { { cat "$work"/stopped/*/metrics.jsonl 2>/dev/null || true; } | wc -l; }
for _ in 1 2 3; do
  before=$(updates)
  "$program" run --plan src/cli/tests/tiny.toml --device "$device" --jobs 2 --out "$work/stopped" >>"$work/stopped.txt" 2>&1 &
  while kill -0 $! 2>/dev/null && [ "$(updates)" -le "$before" ]; do sleep 0.05; done
  kill -INT $! 2>/dev/null || true
  wait $! || true
done
run stopped --jobs 2
same alone stopped "stopped three times and not"

if [ -z "$model" ] || [ -z "$problems" ]; then echo "NOT TESTED, memory that runs out: no MODEL and PROBLEMS given"; exit 77; fi
if ! python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then echo "NOT TESTED, memory that runs out: no PyTorch to hold memory with"; exit 77; fi
head -60 "$problems" >"$work/train.jsonl"
tail -8 "$problems" >"$work/test.jsonl"
python3 - <<HOLD &
import time, torch
free, _ = torch.cuda.mem_get_info()
held = torch.empty(free - (12 << 30), dtype=torch.uint8, device="cuda")
open("$work/held", "w").close()
time.sleep(3000)
HOLD
while kill -0 $! 2>/dev/null && [ ! -e "$work/held" ]; do sleep 0.1; done
# The benchmark's test plan with rollouts long enough to run out of memory.
sed -e 's/^prompts = .*/prompts = 16/; s/^group = .*/group = 8/; s/^max_new = .*/max_new = 700/; s/^batch_rows = .*/batch_rows = 32/' \
  -e '/^batch_tokens/d' src/cli/tests/benchmark.toml >"$work/full.toml"
long() {
  exec "$program" train --plan "$work/full.toml" --device cuda --model "$model" --random-weights 3 --problems "$work/train.jsonl" \
    --test "$work/test.jsonl" --out "$work/full" --updates 1 --train-only
}
# A run that is killed when it has its plan of passes, and is then told that a pass of a million tokens had fitted. It does not fit in
# what is left: it has to be halved until it does.
begun_run="$work/full/route2b-s41"
finished="$begun_run/log/finished.sha256"
(long) & begun=$!
until [ -s "$finished" ]; do kill -0 $begun; sleep 0.05; done
kill -KILL $begun
wait $begun || true
echo '{"tokens":1000000,"kept":2}' >"$begun_run/plan.json"
# Listed as well, or it would be taken for a file that somebody changed.
sed -i '/  plan\.json$/d' "$finished"
(cd "$begun_run" && sha256sum plan.json) >>"$finished"
(long)
if grep -q '"tokens":1000000' "$begun_run/plan.json"; then echo "THE PASS WAS NOT HALVED"; exit 1; fi
echo "halved: $(cat "$begun_run/plan.json")"
