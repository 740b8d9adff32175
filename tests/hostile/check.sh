#!/usr/bin/env bash
# Grades N hostile responses, made from SEED, and checks every row: tests/hostile/check.sh N SEED
# No verdict may be forged, no row missing, no response unscored. GQ names the program, JOBS how many at a time; where a fault
# is found the files stay and their folder is told.
set -euo pipefail
count=${1:?how many} seed=${2:?a seed}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
program=${GQ:-$root/target/release/gradient-quarantine}
folder=$(mktemp -d "${TMPDIR:-/tmp}/hostile-XXXXXX")
python3 "$here/generate.py" "$count" "$seed" "$folder"
status=0
"$program" --root "$root" grade --problems "$folder/problems.jsonl" --responses "$folder/responses.jsonl" --out "$folder/out.jsonl" \
  ${JOBS:+--jobs "$JOBS"} --json >"$folder/summary.json" 2>"$folder/errors.txt" || status=$?
if python3 "$here/check.py" "$folder" "$status"; then
  rm -r "$folder"
else
  tail -n 5 "$folder/errors.txt"
  echo "kept: $folder"
  exit 1
fi
