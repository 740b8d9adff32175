#!/usr/bin/env bash
# Evaluates the flake without network, against a stub of nixpkgs: outputs, apps and checks. Then whether what it would download has the
# pinned digests, and what each app calls, in place of a program that says its arguments. Nothing is built.
set -euo pipefail
cd "$(dirname "$0")/../.."
unset GQ_STATE # What an app sets it to is looked at.
if ! command -v nix >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends nix-bin >/dev/null
fi
git config --global --get-all safe.directory | grep -qxF "$PWD" || git config --global --add safe.directory "$PWD"
nix() { command nix --extra-experimental-features 'nix-command flakes' --offline "$@" "${stub[@]}"; }
stub=(--override-input nixpkgs "path:$PWD/tests/nix/stub-nixpkgs" --no-write-lock-file)
flake="git+file://$PWD"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { echo "flake: $*"; }

nix flake check "$flake" --no-build
nix eval --raw "$flake#packages.x86_64-linux.cuda.drvPath" >/dev/null

nix show-derivation --recursive "$flake#packages.x86_64-linux.files-of-full" >"$work/files.json"
python3 - "$work/files.json" <<'PINS'
import json, re, sys
pins = [dict(re.findall(r'^(\w+) = "?([^"\n]+)"?$', pin, re.M)) for pin in open("checksums/pins.toml").read().split("[[pin]]")]
wanted = sorted((pin["url"], pin["sha256"]) for pin in pins if pin.get("tier") == "full" and {"url", "sha256"} <= pin.keys())
made = json.load(open(sys.argv[1])).values()
fixed = [(drv["env"]["url"], drv["outputs"]["out"]["hash"]) for drv in made if "hash" in drv["outputs"]["out"]]
assert wanted and sorted(fixed) == wanted, f"the flake fetches {fixed}, pinned are {wanted}"
print(f"flake: {len(wanted)} files by their pinned digests")
PINS

# What an app calls, from an empty folder; the store's paths without their digests.
cat >"$work/gradient-quarantine" <<'PROGRAM'
#!/usr/bin/env bash
echo "in $(basename "$GQ_STATE"): $(sed -E 's|/nix/store/[0-9a-z]{32}-|STORE/|g' <<<"$*")"
PROGRAM
chmod +x "$work/gradient-quarantine"
mkdir "$work/here"
calls() { # APP ARGUMENT...; on standard input what is expected
  local program
  program=$(nix eval --raw "$flake#apps.x86_64-linux.$1.program")
  nix show-derivation "${program%/bin/*}" >"$work/script.json"
  python3 -c 'import json, sys; print(*(drv["env"]["text"] for drv in json.load(sys.stdin).values()))' <"$work/script.json" >"$work/script"
  diff - <(cd "$work/here" && PATH="$work:$PATH" bash -euo pipefail "$work/script" "${@:2}" </dev/null) ||
    { say "$1 calls something else"; exit 1; }
}
calls reproduce --tier organism <<<"in here: --root STORE/source reproduce --tier organism"
GQ_STATE=/elsewhere calls verify --out my <<<"in elsewhere: --root STORE/source verify --out my"
calls reproduce-cuda --tier organism <<<"in here: --root STORE/source reproduce --device cuda --tier organism"
calls full --devices all <<'CALLS'
in here: --root STORE/source fetch --tier full --from STORE/gradient-quarantine-full
in here: --root STORE/source reproduce --tier full --device cuda --devices all
CALLS
say "apps, packages and checks evaluate, and each app calls what it should"
