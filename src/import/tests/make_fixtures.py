"""Small GGUF files as the reference library writes them, and what it reads from them again. The same bytes at every call.

    pip install gguf==0.19.0 numpy==2.4.6
    python make_fixtures.py fixtures
"""

import hashlib
import json
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Q

HIDDEN, HEADS, KV_HEADS, MLP, VOCABULARY = 32, 4, 2, 64, 272
PACKINGS = [Q.F32, Q.F16, Q.BF16, Q.Q8_0, Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q4_K, Q.Q5_K, Q.Q6_K]
# Where the f16 scales of a block lie: random bytes there would be infinite now and then.
SCALES = {Q.Q8_0: [0], Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q4_K: [0, 2], Q.Q5_K: [0, 2], Q.Q6_K: [208]}


def packings(folder, random):
    """Every packing, of random bytes: a value of each that the reference can unpack."""
    writer, values = gguf.GGUFWriter(folder / "packings.gguf", "none"), []
    for packing in PACKINGS:
        block, size = gguf.GGML_QUANT_SIZES[packing]
        if packing in SCALES:
            raw = random.integers(0, 256, (2, 256 // block, size), dtype=np.uint8)
            for at in SCALES[packing]:
                scale = random.normal(0, 0.1, raw.shape[:2]).astype(np.float16)
                raw[..., at : at + 2] = scale.view(np.uint8).reshape(*raw.shape[:2], 2)
            raw = raw.reshape(2, -1)
        else:
            raw = gguf.quantize(random.normal(0, 1, (2, 256)).astype(np.float32), packing)
        if packing in (Q.F32, Q.F16):
            writer.add_tensor(packing.name, raw)
        else:
            writer.add_tensor(packing.name, raw, raw_dtype=packing)
        values.append(gguf.dequantize(raw, packing).astype("<f4").tobytes())
    finish(writer)
    (folder / "packings.f32").write_bytes(b"".join(values))


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def letters():
    """What stands for each byte in byte-level BPE."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    unseen = [byte for byte in range(256) if byte not in seen]
    return [chr(byte) for byte in seen] + [chr(256 + i) for i in range(len(unseen))]


def add_tokenizer(writer):
    merges = ["h e", "l l", "he ll", "hell o", "\u0120 w"]
    tokens = letters() + [merge.replace(" ", "") for merge in merges]
    kinds = [1] * len(tokens) + [3, 3, 3, 4]
    tokens += ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool>"]
    tokens += [f"[PAD{i}]" for i in range(len(tokens), VOCABULARY)]
    kinds += [5] * (VOCABULARY - len(kinds))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}")


def hub_tensors(arch, layers, dim, random):
    """A model's tensors under the hub's names."""
    q, kv = HEADS * dim, KV_HEADS * dim
    shapes = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN), "model.norm.weight": (HIDDEN,)}
    for layer in range(layers):
        parts = {
            "input_layernorm.weight": (HIDDEN,),
            "self_attn.q_proj.weight": (q, HIDDEN),
            "self_attn.k_proj.weight": (kv, HIDDEN),
            "self_attn.v_proj.weight": (kv, HIDDEN),
            "self_attn.o_proj.weight": (HIDDEN, q),
            "post_attention_layernorm.weight": (HIDDEN,),
            "mlp.gate_proj.weight": (MLP, HIDDEN),
            "mlp.up_proj.weight": (MLP, HIDDEN),
            "mlp.down_proj.weight": (HIDDEN, MLP),
        }
        if arch == "qwen2":
            parts |= {f"self_attn.{p}_proj.bias": (n,) for p, n in (("q", q), ("k", kv), ("v", kv))}
        if arch == "qwen3":
            parts |= {f"self_attn.{p}_norm.weight": (dim,) for p in "qk"}
        shapes |= {f"model.layers.{layer}.{name}": shape for name, shape in parts.items()}
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}


def turned(weights, heads):
    """The rows of a llama's q or k as the reference's converter orders them."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weights.shape)


def bf16(values):
    """To the nearest, ties to even."""
    bits = values.astype("<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def model(folder, arch, layers, dim, packing, random):
    """A model, its q and k packed otherwise than the rest, and what the hub's file must hold of it."""
    writer = gguf.GGUFWriter(folder / f"{arch}.gguf", arch)
    writer.add_name(f"a tiny {arch}")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M if arch == "qwen2" else gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(2)
    writer.add_block_count(layers)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(MLP)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    if arch == "qwen3":
        writer.add_key_length(dim)
        writer.add_value_length(dim)
    if arch == "llama":
        writer.add_rope_dimension_count(dim)
        writer.add_vocab_size(VOCABULARY)
    add_tokenizer(writer)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[arch.upper()], layers)
    expected, tensors = {}, hub_tensors(arch, layers, dim, random)
    if arch == "qwen3":
        tensors["lm_head.weight"] = random.normal(0, 0.1, (VOCABULARY, HIDDEN)).astype(np.float32)
    if arch == "qwen2":
        # One matrix twice, finely and coarsely: the hub's file has the fine one.
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    for name, values in tensors.items():
        how = Q.F32 if values.ndim == 1 else packing.get(name.split(".")[-2], packing["else"])
        stored = values
        if arch == "llama" and ("q_proj" in name or "k_proj" in name):
            stored = turned(values, HEADS if "q_proj" in name else KV_HEADS)
        raw = gguf.quantize(stored, how)
        plain = how in (Q.F32, Q.F16)
        writer.add_tensor(names.get_name(name, (".weight", ".bias")), raw, raw_dtype=None if plain else how)
        # Rows are packed one by one, so the hub's order of rows gives the same values.
        expected[name] = bf16(gguf.dequantize(gguf.quantize(values, how), how))
    if arch == "qwen2":
        expected["model.embed_tokens.weight"] = expected.pop("lm_head.weight")
    finish(writer)
    return {name: hashlib.sha256(values).hexdigest() for name, values in sorted(expected.items())}


def main(folder):
    folder.mkdir(exist_ok=True)
    random = np.random.Generator(np.random.PCG64(20))
    packings(folder, random)
    expected = {
        "qwen2": model(
            folder, "qwen2", 2, 8, {"embed_tokens": Q.Q5_0, "lm_head": Q.Q8_0, "down_proj": Q.Q4_1, "else": Q.Q8_0}, random
        ),
        "qwen3": model(folder, "qwen3", 1, 16, {"q_proj": Q.Q4_0, "else": Q.F16}, random),
        "llama": model(folder, "llama", 1, 8, {"q_proj": Q.BF16, "k_proj": Q.Q8_0, "else": Q.F16}, random),
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


main(Path(sys.argv[1]))
