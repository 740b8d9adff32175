#!/usr/bin/env bash
# Several GPUs of a host. `timed`: the same 114 runs on one of three GPUs with sixteen processors and, at the same time, on the two others
# with thirty-two; to the same bytes, in at most 1 / 1.85 of the time (ten minutes on H200s; 1.90 times was measured there:
# docs/measurements/engine.md). `killed`: one of two processes is killed half-way, and the other takes up its runs, to the same bytes (two
# minutes).
#   tests/cuda/devices.sh PROGRAM timed|killed
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
many=(--arms route2b,vanilla,route2b-f100,placebo-pairs,random-v,gate-shuffled,monitor-penalty,erase,absorb,gt-only
  --seeds 61,62,63,64,65,66,67,68,69,70 --jobs 6)
run() { # OUT DEVICES OPTION...
  "$program" run --tier organism --device cuda --devices "$2" --out "$work/$1" "${@:3}" >"$work/$1.txt" 2>&1 ||
    { tail -5 "$work/$1.txt"; exit 1; }
}
same() { diff -rq -x log "$work/one" "$work/two" || { echo "OTHER BYTES"; exit 1; }; echo "same bytes: $1"; }
need() { [ "$(nvidia-smi -L | wc -l)" -ge "$1" ] || { echo "NOT TESTED: it needs $1 GPUs"; exit 77; }; }
seconds() { # NAME PROCESSORS DEVICES
  local start=$EPOCHREALTIME
  taskset -cp "$2" "$BASHPID" >/dev/null
  run "$1" "$3" "${many[@]}"
  awk -v start="$start" -v end="$EPOCHREALTIME" 'BEGIN { print end - start }' >"$work/$1.seconds"
}

nvidia-smi -L
case $2 in
  timed)
    need 3
    seconds one 0-15 0 & one=$!
    seconds two 16-47 1,2 & two=$!
    wait $one && wait $two
    same "one GPU and two"
    awk -v one="$(cat "$work/one.seconds")" -v two="$(cat "$work/two.seconds")" \
      'BEGIN { printf "one %.1f s, two %.1f s: %.3f times\n", one, two, one / two; exit one < 1.85 * two }'
    ;;
  killed)
    need 2
    few=(--arms placebo-pairs,random-v --seeds 61,62,63,64 --jobs 2)
    run one 0 "${few[@]}"
    run two 0,1 "${few[@]}" &
    until grep -qs . "$work"/two/random-v-*/metrics.jsonl || ! kill -0 $!; do sleep 0.2; done
    kill -KILL "$(pgrep -f "worker --out $work/two" | tail -1)"
    wait $!
    grep FAILED "$work/two.txt"
    same "one GPU, and one that takes up what another was at"
    ;;
esac
