#!/usr/bin/env bash
# The sandbox where it has less to build on: tests/hostile/elsewhere.sh PROGRAM [N]. As an unprivileged user, and as one in a container without
# user namespaces: the layers that `doctor` finds are those that there can be, the gate `rewards` holds with every attack, and N hostile
# responses forge nothing. Root starts it; 77 where a machine cannot make such a user, or has not all layers to begin with.
set -euo pipefail
program=$(realpath "${1:?the program}") count=${2:-300}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
not_here() { echo "not tested: $1" >&2; exit 77; }
[ "$(id -u)" = 0 ] && command -v setpriv unshare >/dev/null || not_here "it takes root, setpriv and unshare"

# What they need and may read.
place=$(mktemp -d)
trap 'status=$?; [ $status -ne 0 ] && [ $status -ne 77 ] && echo "kept: $place" || rm -rf "$place"' EXIT
mkdir -p "$place/project/src" "$place/tmp"
cp -r "$root"/{checksums,data,paper,verify,tests} "$place/project/"
for manifest in "$root"/src/*/Cargo.toml; do mkdir "$place/project/src/$(basename "$(dirname "$manifest")")" && cp "$manifest" "$_"; done
cp "$program" "$place/program"
chmod -R a+rX "$place" && chmod 777 "$place/tmp"

unprivileged() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$place/tmp" TMPDIR="$place/tmp" XDG_RUNTIME_DIR="$place/tmp" "$@"; }
contained() {
  unprivileged unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"' sh "$@"
}
unprivileged unshare --user --map-root-user true 2>/dev/null || not_here "an unprivileged user may make no namespace here"
unprivileged python3 -c "" 2>/dev/null || not_here "an unprivileged user may not read this Python"

layers() { "$@" "$place/program" --root "$place/project" doctor --json 2>/dev/null | python3 -c '
import json, sys
checks = [json.loads(line) for line in sys.stdin]
print(*(check["name"] for check in checks if check["ok"] and check["name"] in ("no_new_privs", "seccomp", "landlock", "rlimits", "namespaces", "tmpfs")))'; }
holds() { # WHO LAYERS
  local found; found=$(layers "$1" || true)
  [ "$found" = "$2" ] || { echo "$1: the layers are $found, expected $2" >&2; exit 1; }
  "$1" "$place/program" --root "$place/project" verify --gate rewards >"$place/said" 2>&1 || { cat "$place/said"; exit 1; }
  "$1" env GQ="$place/program" "$place/project/tests/hostile/check.sh" "$count" 301
  echo "$1: $found; the gate rewards holds; $count hostile responses forge nothing"
}
[[ "$(layers env)" = *landlock*tmpfs ]] || not_here "not even root has every layer here"
holds unprivileged "no_new_privs seccomp landlock rlimits namespaces tmpfs"
holds contained "no_new_privs seccomp landlock rlimits"
