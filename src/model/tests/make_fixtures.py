"""Makes the fixtures of this folder with the reference library (written with torch 2.11, transformers 5.17; 2.15 and 5.24 give
the same bytes but for the version in config.json).

For a tied and an untied tiny model of each family: the checkpoint, token rows, logits, and the gradient of the mean next-token
loss over the completion tokens for every parameter, all in float32 on the CPU.

    python3 make_fixtures.py FOLDER [NAME ...]
"""
import json, pathlib, sys
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

# Right-padded rows: (tokens given as the prompt, tokens in all).
SPANS = [(3, 9), (5, 12), (1, 4)]
QWEN2, QWEN3, LLAMA = (Qwen2Config, Qwen2ForCausalLM), (Qwen3Config, Qwen3ForCausalLM), (LlamaConfig, LlamaForCausalLM)
# Family, seed, whether the head is the embedding, query heads, key/value heads, width, and the heads' where it does not follow.
FIXTURES = {
    "tied": (QWEN3, 8, True, 4, 2, 24, 8),
    "untied": (QWEN3, 7, False, 4, 2, 24, 8),
    "qwen2-tied": (QWEN2, 9, True, 7, 1, 56, None),
    "qwen2-untied": (QWEN2, 10, False, 2, 1, 24, 64),
    "llama-tied": (LLAMA, 11, True, 6, 2, 48, None),
    "llama-untied": (LLAMA, 12, False, 9, 3, 36, 8),
}


def spread(family, name, p):
    """Random values. Without a norm of heads attention would soon look at one token alone, and rounding decide at which."""
    wide = 0.3 if family == QWEN3 else 0.15
    if name.endswith(".bias"):
        return 0.5 * torch.randn_like(p)
    return 1 + 0.3 * torch.randn_like(p) if p.dim() == 1 else wide * torch.randn_like(p)


def make(folder, family, seed, tied, heads, kv, width, head_dim):
    torch.manual_seed(seed)
    config = family[0](
        vocab_size=61, hidden_size=width, num_hidden_layers=2, num_attention_heads=heads, num_key_value_heads=kv,
        intermediate_size=40, rms_norm_eps=1e-6, max_position_embeddings=64, tie_word_embeddings=tied,
        rope_theta=10000.0, **({"head_dim": head_dim} if head_dim else {}),
    )
    config._attn_implementation = "eager"
    model = family[1](config).float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(spread(family, name, p))
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


root, *names = sys.argv[1:]
for name in names or FIXTURES:
    make(pathlib.Path(root) / name, *FIXTURES[name])
