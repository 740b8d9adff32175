#!/usr/bin/env bash
# On wgpu, through Mesa's software Vulkan: every operation, a model of the shipped family both ways and generation against the CPU, then one
# update of training, and one of the tier coder with a model of its family. Toy sizes; four minutes on two cores.
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

# The code model's tasks, adapter and family, with random weights: rollouts, grades, and the gradients of all its pairs, which the band is made of.
model="$out/model"
mkdir "$model"
cp data/organism/tokenizer.json "$model/"
cat >"$model/config.json" <<'JSON'
{"model_type": "qwen2", "vocab_size": 768, "hidden_size": 56, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 7,
 "num_key_value_heads": 1, "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": true}
JSON
echo '{"eos_token": "<end>"}' >"$model/tokenizer_config.json"
# Prompts are cut: they are longer in this tokenizer than the tier allows.
echo '{% for m in messages %}{{ m.content[:400] }}{% endfor %}' >"$model/chat_template.jinja"
for device in wgpu cpu; do
  GQ_STATE="$out/state" "$program" train --tier coder --arm route2b --seed 81 --updates 1 --quick --train-only --device $device \
    --model "$model" --random-weights 3 --out "$out/coder-$device"
done
python3 - "$out" <<'PYTHON'
import json, sys
here, there = (json.loads(open(f"{sys.argv[1]}/coder-{device}/route2b-s81/metrics.jsonl").readline()) for device in ("wgpu", "cpu"))
assert abs(here["band_width"] / there["band_width"] - 1) < 1e-3 and here["logp_gap"] < 1e-3, (here, there)
PYTHON
echo "the code model's family on its tasks: wgpu's band is the CPU's"
