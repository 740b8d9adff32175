#!/usr/bin/env bash
# The fast part of what `just deep` does to the program from outside, under six minutes on two cores: tests/trust.sh PROGRAM. Kills, a full disk,
# changed files, hostile responses, and the sandbox where it has less to build on. What a machine cannot do (exit code 77) is told, and no failure.
set -euo pipefail
program=$(realpath "${1:?the program}")
cd "$(dirname "${BASH_SOURCE[0]}")"
export GQ="$program"
started=$(date +%s)
said=$(mktemp)
part() { # WORDS... COMMAND
  local before code=0; before=$(date +%s)
  "$@" >"$said" 2>&1 || code=$?
  tail -n 2 "$said" | sed 's/^/    /'
  case $code in
    0) echo "holds    $(($(date +%s) - before)) s  $*" ;;
    77) echo "not here $*" ;;
    *) cat "$said"; echo "FAILS    $*" >&2; exit "$code" ;;
  esac
}
trap 'rm -f "$said"' EXIT
part deep/kills.py "$program" 8
part deep/fulldisk.py "$program" 512
part deep/tamper.py "$program" - knobs fetched bases
part hostile/check.sh 300 1
part hostile/elsewhere.sh "$program" 100
echo "all of it in $(($(date +%s) - started)) s; 360 are wanted"
