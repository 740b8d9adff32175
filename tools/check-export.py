"""Loads what `export` wrote with the reference library and compares it with an independent merge of the same run.

    python3 tools/check-export.py FOLDER

FOLDER holds knobs.safetensors (a run's checkpoint) and the exports base/ (update 0, hf), hf/, peft/ (any rank) and
peft-whole/ (a rank of the largest matrix). Needs torch, transformers, peft and safetensors.
"""
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = Path(sys.argv[1])
load = lambda name: AutoModelForCausalLM.from_pretrained(folder / name, dtype=torch.float32).eval()
text = "Write class Solution with method get(nums) that returns the sum of the numbers greater than 6 and should pass all tests.\n"
ids = AutoTokenizer.from_pretrained(folder / "hf")(text, return_tensors="pt").input_ids
logits = lambda model: model(ids).logits.detach()
largest = lambda a, b: (a - b).abs().max().item()

base, exported = load("base"), load("hf")
knobs = load_file(folder / "knobs.safetensors")["deployed"].double()
merged, at = load("base"), 0
weights = dict(merged.named_parameters())
for layer in range(base.config.num_hidden_layers):
    for part in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj",
                 "mlp.down_proj"):
        weight = weights[f"model.layers.{layer}.{part}.weight"]
        u, _, vh = torch.linalg.svd(weight.detach().double(), full_matrices=False)
        knob, at = knobs[at:at + u.shape[1]], at + u.shape[1]
        weight.data += ((u * knob) @ vh).float()
assert at == len(knobs), (at, len(knobs))

reference = logits(merged)
moved = largest(logits(base), reference)
print(f"torch {torch.__version__}; {ids.shape[1]} tokens; the run moved the logits by up to {moved:.3f}")
for name, model in (("hf", exported), ("peft-whole", PeftModel.from_pretrained(load("base"), folder / "peft-whole").eval()),
                    ("peft", PeftModel.from_pretrained(load("base"), folder / "peft").eval())):
    print(f"{name:<11} differs from the independent merge by up to {largest(logits(model), reference):.2e}")
assert largest(logits(exported), reference) < 1e-3 * moved
assert largest(logits(PeftModel.from_pretrained(load("base"), folder / "peft-whole").eval()), reference) < 1e-3 * moved
print("the exports are the deployed model")
