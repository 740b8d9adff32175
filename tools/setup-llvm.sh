#!/usr/bin/env bash
# burn's CUDA backend compiles kernels through LLVM and its bundler would download one. This lays out another LLVM 22 where
# tracel-llvm-bundler 23.1.0-4 looks first: the one of the given llvm-config, or Debian 12's own. Only X86 and NVPTX are offered,
# as only they are used.
#   tools/setup-llvm.sh [LLVM_CONFIG]
set -euo pipefail
prefix="$HOME/.local/share/tracel/tracel-llvm-23.1.0-4"
if [ -e "$prefix/.tracel-llvm-installed" ]; then exit 0; fi
real=${1:-/usr/lib/llvm-22/bin/llvm-config}
if [ $# -eq 0 ]; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends llvm-22-dev libzstd-dev zlib1g-dev g++ >/dev/null
fi
include=$("$real" --includedir)

rm -rf "$prefix"
config="$prefix/include/llvm/Config"
mkdir -p "$prefix/bin" "$config"
ln -s "$include/llvm-c" "$prefix/include/llvm-c"
find "$include/llvm/" -mindepth 1 -maxdepth 1 ! -name Config -exec ln -s {} "$prefix/include/llvm/" \;
find "$include/llvm/Config/" -mindepth 1 -maxdepth 1 -exec ln -s {} "$config/" \;

# The lists name every target that this LLVM has; the bundler links whatever they name.
targets() { # FILE MACRO TARGET...
  local file="$config/$1.def" macro="LLVM_$2"
  shift 2
  rm "$file"
  { printf '#ifndef %s\n#error define %s\n#endif\n' "$macro" "$macro"; printf "$macro(%s)\n" "$@"; printf '#undef %s\n' "$macro"; } >"$file"
}
targets Targets TARGET X86 NVPTX
targets AsmPrinters ASM_PRINTER X86 NVPTX
targets AsmParsers ASM_PARSER X86
targets Disassemblers DISASSEMBLER X86

{
  printf '#!%s\n# The llvm-config behind it, answering as the bundle'\''s would.\n' "$(command -v bash)"
  printf 'real=%q\n' "$real"
  cat <<'WRAPPER'
prefix=$(cd "$(dirname "$0")/.." && pwd)
parts="nvptx x86 orcjit orcdebugging passes linker bitreader bitwriter irreader ipo native core support analysis target
  targetparser objcarcopts coroutines vectorize instrumentation debuginfodwarf perfjitevents"
case "${*: -1}" in
  --includedir) echo "$prefix/include" ;;
  --libs) exec "$real" --link-static --libs $parts ;;
  --system-libs) echo "-lrt -ldl -lm -lz -lzstd" ;;
  --cflags | --cxxflags) echo "-I$prefix/include $("$real" "${*: -1}")" ;;
  *) exec "$real" --link-static "${*: -1}" ;;
esac
WRAPPER
} >"$prefix/bin/llvm-config"
chmod +x "$prefix/bin/llvm-config"
touch "$prefix/.tracel-llvm-installed"
