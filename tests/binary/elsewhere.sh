#!/usr/bin/env bash
# The same program on two machines. `pack` writes what a build reads on a Debian machine (this commit, the packages' sources, the
# compilers, the system's files) as parts of at most 60 MB into a new folder. `build`, where the parts were carried to and as root, unpacks
# them as a root folder of their own, builds there with another home and user's name and without cargo's network, and says the program's
# digest: it has to be the one that `tools/build-release.sh` says here.
#   tests/binary/elsewhere.sh pack DIR
#   tests/binary/elsewhere.sh build DIR [--features cuda]
set -euo pipefail
here=$(realpath "$0")

# Files of Debian's packages and of all that they stand on, but what only people read.
system_files() { # PACKAGE...
  local known=" " todo=("$@") name
  while [ ${#todo[@]} -gt 0 ]; do
    name=${todo[0]} todo=("${todo[@]:1}")
    if [[ $known != *" $name "* ]] && dpkg-query -L "$name" >/dev/null 2>&1; then
      known+="$name "
      mapfile -t -O ${#todo[@]} todo < <(dpkg-query -W -f '${Pre-Depends}, ${Depends}\n' "$name" | tr ',|' '\n\n' | sed 's/^ *//; s/[ (:].*//')
    fi
  done
  # shellcheck disable=SC2086
  dpkg-query -L $known | grep -Ev '^/usr/share/(doc|man|locale|info|lintian)/'
  # `cc` and others are links that no package owns.
  find /etc/alternatives /usr/bin -type l \( -path '/etc/*' -o -lname '/etc/alternatives/*' \)
}

# Of LLVM what the program is linked with: static libraries for two kinds of machine.
others='/llvm-[0-9]+/bin/[^/]*[^g]$|/llvm-[0-9]+/lib/.*\.so|/libLLVM.*\.so|/libclang|/libPolly'
others+='|/libLLVM(AArch64|AMDGPU|ARM|ARC|AVR|BPF|BOLT|CSKY|DirectX|Hexagon|Lanai|LoongArch|Mips|MSP430|M68k|PowerPC|RISCV|Sparc|SystemZ|SPIRV|VE|WebAssembly|XCore|Xtensa)'

pack() { # DIR
  cd "$(dirname "$here")/../.."
  [ -z "$(git status --porcelain -uno)" ] || { echo "there are changes that are not committed" >&2; exit 2; }
  mkdir "$1"
  local new=$1/new target=x86_64-unknown-linux-gnu toolchain registry
  toolchain=$(rustc --print sysroot) registry=$(realpath "${CARGO_HOME:-$HOME/.cargo}")/registry
  mkdir -p "$new"/build/{clone,bin,cargo/registry,toolchain/bin,toolchain/lib/rustlib}
  git archive HEAD -- . ':!receipts' | tar -C "$new/build/clone" -x
  cp "$(command -v cargo-auditable)" "$new/build/bin/"
  cp -r "$registry/cache" "$registry/index" "$new/build/cargo/registry/"
  cp -r "$toolchain/lib/rustlib/$target" "$new/build/toolchain/lib/rustlib/"
  cp -P "$toolchain"/lib/*.so* "$new/build/toolchain/lib/"
  cp "$toolchain/bin/rustc" "$toolchain/bin/cargo" "$new/build/toolchain/bin/"
  system_files bash coreutils sed grep findutils mawk diffutils util-linux git gcc g++ libc6-dev binutils pkg-config llvm-22-dev libzstd-dev zlib1g-dev |
    grep -Ev "$others" | sort -u | while IFS= read -r file; do [ ! -e "$file" ] || echo "${file#/}"; done >"$1/system"
  # Links into folders that have to be there.
  mkdir -p "$new"/usr/{bin,sbin,lib,lib64}
  tar -C / -c --no-recursion bin sbin lib lib64 -T "$1/system" | tar -C "$new" -x
  tar -C "$new" -c . | xz -T0 -3 | split -b 60000000 -d -a 2 - "$1/part."
  rm -rf "$new" "$1/system"
  ls -l "$1"
}

build() { # DIR OPTION...
  [ "$(id -u)" = 0 ] || { echo "NOT TESTED: a root folder of one's own needs root"; exit 77; }
  root=$(mktemp -d "${TMPDIR:-/tmp}/gq-elsewhere.XXXXXX")
  trap 'umount -R -l "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
  chmod 755 "$root"
  cat "$1"/part.* | xz -dc -T0 | tar -C "$root" -x
  shift
  mkdir -p "$root"/{dev,proc,tmp,home/carol}
  for device in null zero urandom; do [ -e "$root/dev/$device" ] || cp -a "/dev/$device" "$root/dev/"; done
  mount -t proc proc "$root/proc" || true
  mv "$root/build/clone" "$root/home/carol/gradient-quarantine"
  uname -srm
  nproc
  # shellcheck disable=SC2016
  chroot "$root" /usr/bin/env -i PATH=/build/toolchain/bin:/build/bin:/usr/bin:/bin HOME=/home/carol USER=carol CARGO_HOME=/build/cargo CARGO_NET_OFFLINE=true \
    bash -ec 'cd ~/gradient-quarantine; if [[ " $* " == *" cuda "* ]]; then tools/setup-llvm.sh /usr/lib/llvm-22/bin/llvm-config; fi; tools/build-release.sh "$@"' build "$@"
  stat -c '%s bytes' "$root/home/carol/gradient-quarantine/target/published/release/gradient-quarantine"
}

case "${1:-} $#" in
  "pack 2" | "build "[2-9]) "$1" "$(realpath -m "$2")" "${@:3}" ;;
  *) sed -n '2,7s/^# \?//p' "$here" >&2; exit 2 ;;
esac
