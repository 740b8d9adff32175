"""Makes the fixtures of this folder with the reference library (written with torch 2.11, transformers 5.17).

For a tied and an untied tiny Qwen3: the checkpoint, token rows, logits, and the gradient of the mean next-token loss
over the completion tokens for every parameter, all in float32 on the CPU.

    python3 make_fixtures.py FOLDER
"""
import json, pathlib, sys
import torch
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

# Right-padded rows: (tokens given as the prompt, tokens in all).
SPANS = [(3, 9), (5, 12), (1, 4)]


def make(folder, tied):
    torch.manual_seed(7 + tied)
    config = Qwen3Config(
        vocab_size=61, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        intermediate_size=40, rms_norm_eps=1e-6, max_position_embeddings=64, tie_word_embeddings=tied,
        rope_theta=10000.0,
    )
    config._attn_implementation = "eager"
    model = Qwen3ForCausalLM(config).float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(1 + 0.3 * torch.randn_like(p) if p.dim() == 1 else 0.3 * torch.randn_like(p))
    t = max(n for _, n in SPANS)
    ids = torch.zeros(len(SPANS), t, dtype=torch.long)
    for i, (_, n) in enumerate(SPANS):
        ids[i, :n] = torch.randint(1, 61, (n,))
    logits = model(input_ids=ids, use_cache=False).logits
    logp = torch.log_softmax(logits, -1)
    chosen = torch.cat([logp[i, torch.arange(p - 1, n - 1), ids[i, p:n]] for i, (p, n) in enumerate(SPANS)])
    (-chosen.mean()).backward()
    folder.mkdir(parents=True, exist_ok=True)
    fields = {k: v for k, v in config.to_dict().items()}
    fields.setdefault("rope_theta", 10000.0)
    (folder / "config.json").write_text(json.dumps(fields, indent=1, default=str) + "\n")
    weights = {k: v.detach().contiguous() for k, v in model.named_parameters()}
    save_file(weights, folder / "model.safetensors")
    out = {"ids": ids.int(), "logits": logits.detach().contiguous(), "logp": chosen.detach()}
    out |= {"grad." + k: v.grad.contiguous() for k, v in model.named_parameters()}
    save_file(out, folder / "expected.safetensors")


root = pathlib.Path(sys.argv[1])
make(root / "tied", True)
make(root / "untied", False)
