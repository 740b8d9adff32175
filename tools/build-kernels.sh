#!/usr/bin/env bash
# Compiles src/backend/cuda/kernels/*.cu to the PTX beside them, which the program carries; the driver makes machine code of it
# for whatever card it finds. Only who changes a kernel needs this: NVIDIA's compiler comes from PyPI, no GPU is asked for. Each
# PTX opens with the digest of its sources, which a test compares.
set -euo pipefail
cd "$(dirname "$0")/../src/backend/cuda/kernels"
version=13.0.88
home="${GQ_NVCC_DIR:-$HOME/.cache/gradient-quarantine/nvcc-$version}"
if [ ! -e "$home/done" ]; then
  python3 -m venv "$home"
  "$home/bin/pip" install -q "nvidia-cuda-nvcc==$version" "nvidia-cuda-crt==$version" "nvidia-nvvm==$version" "nvidia-cuda-runtime==13.0.*" "nvidia-cuda-cccl==13.0.*"
  touch "$home/done"
fi
nvcc=$(find "$home" -path '*cu13/bin/nvcc')
compile() { # SOURCE ARCHITECTURE PTX
  "$nvcc" -arch="$2" -ptx -O3 --use_fast_math "$1" -o "$3.tmp"
  { printf '// sources %s\n' "$(cat common.cuh "$1" | sha256sum | cut -d' ' -f1)"; cat "$3.tmp"; } >"$3"
  rm "$3.tmp"
}
for source in *.cu; do
  compile "$source" compute_80 "${source%.cu}.ptx"
  # What Hopper has instructions of its own for.
  if grep -q SM90_ALL "$source"; then compile "$source" compute_90a "${source%.cu}.hopper.ptx"; fi
done
