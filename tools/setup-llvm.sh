#!/usr/bin/env bash
# burn's CUDA backend compiles kernels through LLVM and its bundler would download one. On Debian 12 this lays out Debian's
# own LLVM 22 where tracel-llvm-bundler 23.1.0-4 looks first. Only X86 and NVPTX are offered, as only they are used.
set -euo pipefail
prefix="$HOME/.local/share/tracel/tracel-llvm-23.1.0-4"
if [ -e "$prefix/.tracel-llvm-installed" ]; then exit 0; fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends llvm-22-dev libzstd-dev zlib1g-dev g++ >/dev/null

rm -rf "$prefix"
config="$prefix/include/llvm/Config"
mkdir -p "$prefix/bin" "$config"
ln -s /usr/include/llvm-c-22/llvm-c "$prefix/include/llvm-c"
find /usr/include/llvm-22/llvm -mindepth 1 -maxdepth 1 ! -name Config -exec ln -s {} "$prefix/include/llvm/" \;
find /usr/include/llvm-22/llvm/Config -mindepth 1 -maxdepth 1 -exec ln -s {} "$config/" \;

# Debian's lists name every target; the bundler links whatever they name.
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

cat >"$prefix/bin/llvm-config" <<'WRAPPER'
#!/usr/bin/env bash
# Debian's llvm-config, answering as the bundle's would.
prefix=$(cd "$(dirname "$0")/.." && pwd)
real=/usr/lib/llvm-22/bin/llvm-config
parts="nvptx x86 orcjit orcdebugging passes linker bitreader bitwriter irreader ipo native core support analysis target
  targetparser objcarcopts coroutines vectorize instrumentation debuginfodwarf perfjitevents"
case "${*: -1}" in
  --includedir) echo "$prefix/include" ;;
  --libdir) echo /usr/lib/llvm-22/lib ;;
  --libs) exec $real --link-static --libs $parts ;;
  --system-libs) echo "-lrt -ldl -lm -lz -lzstd" ;;
  --cflags | --cxxflags)
    flags=$($real "${*: -1}" | sed 's|-I/usr/lib/llvm-22/include||; s|-I/usr/include/llvm-22||')
    echo "-I$prefix/include $flags -I/usr/include/llvm-22 -I/usr/include/llvm-c-22" ;;
  *) exec $real --link-static "${*: -1}" ;;
esac
WRAPPER
chmod +x "$prefix/bin/llvm-config"
touch "$prefix/.tracel-llvm-installed"
