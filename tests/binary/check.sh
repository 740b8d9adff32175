#!/usr/bin/env bash
# What is published is what is read: two clones in different folders, with different homes and build folders, give the same program,
# and it holds the list of its packages; the committed PTX is what NVIDIA's compiler makes of the kernels. It took 36 minutes
# on two cores beside other work.
#   tests/binary/check.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
untested() { echo "NOT TESTED: $1"; exit 77; }
auditable=$(command -v cargo-auditable) || untested "no cargo-auditable (cargo install cargo-auditable)"
command -v objcopy >/dev/null || untested "no objcopy (binutils)"
[ -z "$(git status --porcelain -uno)" ] || untested "there are changes that are not committed, and clones are of what is"
work=$(mktemp -d "${TMPDIR:-/tmp}/gq-binary.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$PWD registry=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
toolchain=$(rustc --print sysroot)

git clone -q "$root" "$work/kernels"
(cd "$work/kernels" && tools/build-kernels.sh && git diff --exit-code --stat)
echo "the committed PTX of $(ls src/backend/cuda/kernels/*.cu | wc -l) files is what nvcc makes of them"

build() { # FOLDER HOME
  mkdir -p "$work/$1" "$work/$2/cargo"
  git clone -q "$root" "$work/$1/clone"
  # The packages are read from one place under two names.
  ln -s "$registry/registry" "$work/$2/cargo/registry"
  (cd "$work/$1/clone" && env -i PATH="$toolchain/bin:$(dirname "$auditable"):/usr/bin:/bin" HOME="$work/$2" USER="$2" CARGO_HOME="$work/$2/cargo" \
    tools/build-release.sh >"$work/$1.txt" 2>&1) || { tail -20 "$work/$1.txt"; exit 1; }
  cp "$work/$1/clone/target/published/release/gradient-quarantine" "$work/$1.bin"
  # Two build folders are more than some disks have.
  rm -rf "$work/$1"
}
build one alice
build another/folder/further/down bob
cmp "$work/one.bin" "$work/another/folder/further/down.bin"
echo "same bytes: $(sha256sum <"$work/one.bin" | cut -d' ' -f1), $(stat -c %s "$work/one.bin") bytes"
for name in "$work" "$registry/" "$toolchain/"; do
  found=0
  grep -aqF -- "$name" "$work/one.bin" || found=$?
  [ $found = 1 ] || { echo "it says where it was built: $name"; exit 1; }
done

python3 - "$work/one.bin" <<'PYTHON'
import json, subprocess, sys, zlib
dump = sys.argv[1] + ".packages"
subprocess.run(["objcopy", "-O", "binary", "--only-section=.dep-v0", "--set-section-flags", ".dep-v0=alloc", sys.argv[1], dump], check=True)
packages = json.loads(zlib.decompress(open(dump, "rb").read()))["packages"]
roots = [p["name"] for p in packages if p.get("root")]
assert roots == ["gradient-quarantine"], roots
print(f"{len(packages)} packages are named in it")
PYTHON
