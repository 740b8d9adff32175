#!/usr/bin/env bash
# On wgpu, through Mesa's software Vulkan: every operation, a model of the shipped family both ways and generation against the CPU, then one
# update of training. Toy sizes; three minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! ls /usr/share/vulkan/icd.d/lvp_icd.* >/dev/null 2>&1; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends mesa-vulkan-drivers libvulkan1 >/dev/null
fi
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cargo build --release
program="${CARGO_TARGET_DIR:-target}/release/gradient-quarantine"
"$program" bench engine --device wgpu --check-only
"$program" train --plan src/cli/tests/tiny.toml --arm route2b --seed 7 --updates 1 --train-only --device wgpu --out "$out"
grep -q '"update":1,' "$out/route2b-s7/metrics.jsonl"
