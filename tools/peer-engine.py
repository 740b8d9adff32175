"""The work of `bench engine` done by PyTorch, for the same table: one JSON object a line, {"key": ..., "ms": ...}.

A decoder of Qwen3's or Qwen2's shape with random bf16 weights. Decode steps are replayed from a CUDA graph, as PyTorch does best; the
training step holds full-width knob adapters, y = W x + U (d * (Vh x)), with a knob of each rollout as a leaf, and lets
autograd find the gradients; generation is the reference library's, with a hook on every projection, as the original code has.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

DEVICE, TYPE = "cuda", torch.bfloat16


def median(work, repeats=5, inner=1, warm=2):
    for _ in range(warm):
        work()
    torch.cuda.synchronize()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(inner):
            work()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - started) / inner)
    return sorted(times)[len(times) // 2] * 1e3


def say(key, ms, **more):
    print(json.dumps({"key": key, "ms": ms, **more}), flush=True)


def normal(*shape):
    return torch.randn(*shape, device=DEVICE, dtype=TYPE) * 0.02


def family(c):
    return c.get("model_type", "qwen3")


class Decoder:
    def __init__(self, c, layers):
        self.c = c
        h, q, kv, d, i = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"], c["intermediate_size"]
        self.q, self.kv, self.d = q, kv, d
        self.shapes = [((q + 2 * kv) * d, h), (h, q * d), (2 * i, h), (h, i)]
        # The singular bases belong to each projection, stacked as the weights are.
        self.parts = [[q * d, kv * d, kv * d], [h], [i, i], [h]]
        self.embed = normal(c["vocab_size"], h)
        self.layers = [[normal(*shape) for shape in self.shapes] for _ in range(layers)]
        self.gain, self.head_gain = torch.ones(h, device=DEVICE, dtype=TYPE), torch.ones(d, device=DEVICE, dtype=TYPE)
        # Qwen3 norms the heads of queries and keys; Qwen2 has biases, in the first product.
        self.normed = family(c) == "qwen3"
        self.biases = [None if self.normed else normal(self.shapes[0][0])] + [None] * 3
        angle = torch.outer(torch.arange(4096, device=DEVICE).float(), c["rope_theta"] ** (-torch.arange(0, d, 2, device=DEVICE).float() / d))
        angle = torch.cat([angle, angle], 1)
        self.cos, self.sin = angle.cos().to(TYPE), angle.sin().to(TYPE)

    def norm(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.gain, 1e-6)

    def rotate(self, x, cos, sin):
        x = (F.rms_norm(x, (self.d,), self.head_gain, 1e-6) if self.normed else x).transpose(1, 2)
        low, high = x.chunk(2, -1)
        return x * cos + torch.cat([-high, low], -1) * sin

    def forward(self, ids, adapters=None):
        b, t = ids.shape
        x, cos, sin = self.embed[ids], self.cos[:t], self.sin[:t]

        def linear(x, layer, group):
            y = F.linear(x, self.layers[layer][group], self.biases[group])
            if adapters is None:
                return y
            out = []
            for u, vh, knob in adapters[layer][group]:
                out.append(F.linear(F.linear(x, vh) * knob, u))
            return y + torch.cat(out, -1)

        for layer in range(len(self.layers)):
            qkv = linear(self.norm(x), layer, 0).view(b, t, self.q + 2 * self.kv, self.d)
            q, k, v = qkv.split([self.q, self.kv, self.kv], 2)
            out = F.scaled_dot_product_attention(self.rotate(q, cos, sin), self.rotate(k, cos, sin), v.transpose(1, 2), is_causal=True, enable_gqa=True)
            x = x + linear(out.transpose(1, 2).reshape(b, t, self.q * self.d), layer, 1)
            gate, up = linear(self.norm(x), layer, 2).chunk(2, -1)
            x = x + linear(F.silu(gate) * up, layer, 3)
        return self.norm(x)

    def step(self, ids, caches, position):
        b = ids.shape[0]
        x, cos, sin = self.embed[ids], self.cos[position], self.sin[position]
        for weights, (keys, values) in zip(self.layers, caches):
            qkv = F.linear(self.norm(x), weights[0], self.biases[0]).view(b, 1, self.q + 2 * self.kv, self.d)
            q, k, v = qkv.split([self.q, self.kv, self.kv], 2)
            keys[:, :, position : position + 1] = self.rotate(k, cos, sin)
            values[:, :, position : position + 1] = v.transpose(1, 2)
            seen = slice(0, position + 1)
            out = F.scaled_dot_product_attention(self.rotate(q, cos, sin), keys[:, :, seen], values[:, :, seen], enable_gqa=True)
            x = x + F.linear(out.reshape(b, self.q * self.d), weights[1])
            gate, up = F.linear(self.norm(x), weights[2]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, weights[3])
        scores = torch.log_softmax((self.norm(x) @ self.embed.t()).float(), 1)
        token = (scores - torch.empty_like(scores).exponential_().log()).argmax(1)
        return token, scores.gather(1, token[:, None])


def matmuls(shapes):
    for m, k, n in shapes:
        a, b = normal(m, k), normal(n, k)
        say(f"matmul {m} x {k} x {n}", median(lambda: a @ b.t(), inner=10))


def attention(c, b, t):
    q, kv, d = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
    x = torch.randn(b, q, t, d, device=DEVICE, dtype=TYPE, requires_grad=True)
    k = torch.randn(b, kv, t, d, device=DEVICE, dtype=TYPE, requires_grad=True)
    v, out = torch.randn_like(k, requires_grad=True), torch.randn_like(x)
    run = lambda: F.scaled_dot_product_attention(x, k, v, is_causal=True, enable_gqa=True)
    with torch.no_grad():
        say("attention", median(run, inner=10))
    say("attention, both ways", median(lambda: torch.autograd.grad(run(), (x, k, v), out), inner=10))


@torch.no_grad()
def prefill(c, layers, tokens):
    model = Decoder(c, layers)
    ids = torch.randint(0, c["vocab_size"], (1, tokens), device=DEVICE)
    say(f"prefill, {tokens} tokens", median(lambda: model.forward(ids), inner=4))


@torch.no_grad()
def decode(c, layers, batches, context):
    model = Decoder(c, layers)
    for b in batches:
        shape = (b, model.kv, context + 32, model.d)
        caches = [(torch.randn(shape, device=DEVICE, dtype=TYPE), torch.randn(shape, device=DEVICE, dtype=TYPE)) for _ in range(layers)]
        ids = torch.randint(0, c["vocab_size"], (b,), device=DEVICE)
        for _ in range(3):
            model.step(ids, caches, context)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            model.step(ids, caches, context)
        say(f"decode, batch {b}", median(graph.replay, inner=5))
        del graph, caches


def train(c, layers, b, t, chunk=1024):
    model = Decoder(c, layers)
    adapters, knobs = [], []
    for _ in range(layers):
        groups = []
        for (_, width), parts in zip(model.shapes, model.parts):
            group = []
            for part in parts:
                r = min(part, width)
                knob = torch.full((b, 1, r), 0.01, device=DEVICE, dtype=TYPE, requires_grad=True)
                knobs.append(knob)
                group.append((normal(part, r), normal(r, width), knob))
            groups.append(group)
        adapters.append(groups)
    ids = torch.randint(0, c["vocab_size"], (b, t), device=DEVICE)
    targets = torch.randint(0, c["vocab_size"], (b * t,), device=DEVICE)

    def head(hidden):
        back = []
        for i in range(0, len(hidden), chunk):
            scores = torch.log_softmax((hidden[i : i + chunk] @ model.embed.t()).float(), 1)
            own = targets[i : i + chunk]
            back.append(scores.exp().to(TYPE) @ model.embed - model.embed[own])
        return torch.cat(back)

    def run():
        hidden = model.forward(ids, adapters).reshape(b * t, -1)
        with torch.no_grad():
            gradient = head(hidden)
        hidden.backward(gradient)
        for knob in knobs:
            knob.grad = None

    torch.cuda.reset_peak_memory_stats()
    ms = median(run, repeats=3)
    print(f"peak {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB", file=sys.stderr)
    return ms


def generate(c, layers, b, context):
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

    names = ("vocab_size", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim", "rope_theta", "tie_word_embeddings")
    classes = {"qwen3": (Qwen3Config, Qwen3ForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM)}
    make_config, make_model = classes[family(c)]
    config = make_config(num_hidden_layers=layers, max_position_embeddings=4096, **{n: c[n] for n in names})
    torch.set_default_dtype(TYPE)
    with torch.device(DEVICE):
        model = make_model(config).eval()
    torch.set_default_dtype(torch.float32)
    for name, module in model.named_modules():
        if name.endswith("_proj"):
            r = min(module.weight.shape)
            u, vh = normal(module.weight.shape[0], r), normal(r, module.weight.shape[1])
            knob = torch.full((r,), 0.01, device=DEVICE, dtype=TYPE)
            module.register_forward_hook(lambda _, x, y, u=u, vh=vh, k=knob: y + F.linear(F.linear(x[0], vh) * k, u))
    ids = torch.randint(0, c["vocab_size"], (b, context), device=DEVICE)

    def run(n):
        torch.cuda.synchronize()
        started = time.perf_counter()
        model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=n, min_new_tokens=n, pad_token_id=0, do_sample=True, temperature=1.0, top_k=0)
        torch.cuda.synchronize()
        return time.perf_counter() - started

    run(4)
    say(f"generate, batch {b}", (run(36) - run(4)) / 32 * 1e3)


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    config, layers = wanted["config"], wanted["config"]["num_hidden_layers"]
    asked = lambda work: not wanted["only"] or work in wanted["only"]
    matmuls(wanted["matmuls"])
    if asked("attention"):
        attention(config, *wanted["train"])
    if asked("prefill"):
        prefill(config, layers, wanted["prefill"])
    if asked("decode"):
        decode(config, layers, wanted["batches"], wanted["context"])
    torch.cuda.empty_cache()
    b, t = wanted["train"]
    for parts in (1, 2, 4) if asked("train") else ():
        # Autograd keeps more than 80 GB hold at the whole batch: then parts of it, one after the other.
        try:
            say(f"train, {b} x {t}", train(config, layers, b // parts, t) * parts)
            break
        except torch.OutOfMemoryError:
            print(f"out of memory with {b // parts} rows", file=sys.stderr)
            torch.cuda.empty_cache()
    torch.cuda.empty_cache()
    if asked("generate"):
        generate(config, layers, wanted["generate"], wanted["context"])
