#!/usr/bin/env bash
# The same program on two machines. `pack` writes what a build reads on a Debian machine (this commit, the packages' sources, the
# compilers, the system's files) as parts of at most 60 MB. `build`, where the parts were carried to and as root, unpacks them as a root
# folder of their own, builds there without a network, as another user in another folder, and says the program's digest: it has to be
# the one that `tools/build-release.sh` says here.
#   tests/binary/elsewhere.sh pack DIR
#   tests/binary/elsewhere.sh build DIR [--features cuda]
set -euo pipefail
action=$1 parts=$(realpath -m "$2")
shift 2

# Files of Debian's packages and of all that they stand on, but what only people read.
system_files() {
  local known=" " todo=("$@") name
  while [ ${#todo[@]} -gt 0 ]; do
    name=${todo[0]} todo=("${todo[@]:1}")
    if [[ $known != *" $name "* ]] && dpkg-query -L "$name" >/dev/null 2>&1; then
      known+="$name "
      todo+=($(dpkg-query -W -f '${Pre-Depends}, ${Depends}\n' "$name" | tr ',|' '\n\n' | sed 's/^ *//; s/[ (:].*//'))
    fi
  done
  # shellcheck disable=SC2086
  dpkg-query -L $known | grep -Ev '^/usr/share/(doc|man|locale|info|lintian)/|/lib/llvm-[0-9]+/bin/|\.so\.?[0-9.]*$' || true
  dpkg-query -L $known | grep -E '\.so\.?[0-9.]*$|/llvm-config$' | grep -Ev '/llvm-[0-9]+/lib/|libLLVM|libclang'
}

pack() {
  cd "$(dirname "$here")/../.."
  [ -z "$(git status --porcelain -uno)" ] || { echo "there are changes that are not committed" >&2; exit 2; }
  rm -rf "$parts"
  mkdir -p "$parts/new/build/cargo/registry" "$parts/new/build/toolchain/lib/rustlib" "$parts/new/build/bin"
  local new=$parts/new target=x86_64-unknown-linux-gnu toolchain registry
  toolchain=$(rustc --print sysroot) registry=$(realpath "${CARGO_HOME:-$HOME/.cargo}")/registry
  mkdir "$new/build/clone"
  git archive HEAD -- . ':!receipts' | tar -C "$new/build/clone" -x
  cp "$(command -v cargo-auditable)" "$new/build/bin/"
  cp -r "$registry/cache" "$registry/index" "$new/build/cargo/registry/"
  cp -r "$toolchain/lib/rustlib/$target" "$new/build/toolchain/lib/rustlib/"
  cp -P "$toolchain"/lib/*.so* "$new/build/toolchain/lib/"
  mkdir "$new/build/toolchain/bin"
  cp "$toolchain/bin/rustc" "$toolchain/bin/cargo" "$new/build/toolchain/bin/"
  local others='/libLLVM(AArch64|AMDGPU|ARM|AVR|BPF|BOLT|Hexagon|Lanai|LoongArch|Mips|MSP430|M68k|PowerPC|RISCV|Sparc|SystemZ|SPIRV|VE|WebAssembly|XCore|Xtensa|DirectX|ARC|CSKY)|libclang|/libPolly'
  system_files bash coreutils sed grep findutils mawk diffutils util-linux git gcc g++ libc6-dev binutils pkg-config \
    llvm-22-dev libzstd-dev zlib1g-dev | grep -Ev "$others" >"$parts/packages"
  # `cc` and others are links that no package owns.
  find /etc/alternatives /usr/bin -type l \( -path '/etc/*' -o -lname '/etc/alternatives/*' \) >>"$parts/packages"
  sort -u "$parts/packages" | while read -r file; do [ ! -e "$file" ] || echo "${file#/}"; done >"$parts/system"
  # Links into folders that have to be there.
  mkdir -p "$new"/usr/{bin,sbin,lib,lib64}
  tar -C / -c --no-recursion bin sbin lib lib64 -T "$parts/system" | tar -C "$new" -x
  tar -C "$new" -c . | xz -T0 -3 | split -b 60000000 -d -a 2 - "$parts/part."
  rm -rf "$new" "$parts/system" "$parts/packages"
  ls -l "$parts"
}

build() {
  local root=/tmp/gq-elsewhere
  [ "$(id -u)" = 0 ] || { echo "NOT TESTED: a root folder of one's own needs root"; exit 77; }
  rm -rf $root
  mkdir -p $root
  cat "$parts"/part.* | xz -dc -T0 | tar -C $root -x
  mkdir -p $root/dev $root/proc $root/tmp $root/home/carol
  for device in null zero urandom; do [ -e $root/dev/$device ] || cp -a /dev/$device $root/dev/; done
  mount -t proc proc $root/proc 2>/dev/null || mount --rbind /proc $root/proc 2>/dev/null || true
  mv $root/build/clone $root/home/carol/gradient-quarantine
  uname -srm
  grep -m1 'model name' /proc/cpuinfo
  nproc
  chroot $root /usr/bin/env -i PATH=/build/toolchain/bin:/build/bin:/usr/bin:/bin HOME=/home/carol USER=carol CARGO_HOME=/build/cargo \
    CARGO_NET_OFFLINE=true bash -c 'cd /home/carol/gradient-quarantine && { [ $# = 0 ] || tools/setup-llvm.sh /usr/lib/llvm-22/bin/llvm-config; } && tools/build-release.sh "$@"' build "$@"
  stat -c '%s bytes' $root/home/carol/gradient-quarantine/target/published/release/gradient-quarantine
}

here=$0
"$action" "$@"
