"""Runs what `export --format gguf` wrote in llama.cpp, and holds it against our evaluation of the same checkpoint.

    python3 tools/check-gguf.py MODEL.gguf RUN [PROBLEMS]

RUN is the run's folder with its evaluations (as `build-paper --receipts coder` unpacks it). For PROBLEMS test problems (default 12) from all
over: the mean loss of a token of the reference answer, token by token, against `reference_loss` of our rows; and a greedy answer, printed to
be read. Needs xllamacpp.
"""
import json
import sys
import urllib.request
from pathlib import Path

import xllamacpp

gguf, run, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 12
read = lambda path: [json.loads(line) for line in open(path)]
evaluations = sorted(run.glob("eval/*-off-no-loophole.jsonl"))
if not evaluations:
    sys.exit(f"{run} has no evaluation without a loophole: take a run of an arm that the tier's plan tests so")
rows = {row["problem_id"]: row for row in read(evaluations[-1])}
problems = read(Path(__file__).parent.parent / "data/tasks/test.jsonl")
# What the chat's system part says, as the run itself had it.
system = read(run / "evidence/traces.jsonl")[0]["prompt"].split("system\n")[1].split("<|im_end|>")[0]

params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel = gguf, 2048, 1
server = xllamacpp.Server(params)


def ask(path, **words):
    body = urllib.request.Request(server.listening_address + path, json.dumps(words).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(body, timeout=600))


def log_prob(context, token):
    """Of a token after these, from the whole vocabulary if it is not among the likely."""
    for most in (2_000, 200_000):
        found = ask("/completion", prompt=context, n_predict=1, n_probs=most, temperature=0, cache_prompt=True)
        for candidate in found["completion_probabilities"][0]["top_logprobs"]:
            if candidate["id"] == token:
                return candidate["logprob"]
    raise LookupError(token)


differences, ours, theirs = [], [], []
for problem in (problems[i * len(problems) // count] for i in range(count)):
    row = rows[problem["problem_id"]]
    messages = [{"role": "system", "content": system}, {"role": "user", "content": problem["prompt"]}]
    prompt = ask("/apply-template", messages=messages)["prompt"]
    tokens = lambda text: ask("/tokenize", content=text, add_special=False, parse_special=True)["tokens"]
    context = tokens(prompt)
    answer = tokens(f"```python\n{problem['canonical_solution'].strip()}\n```<|im_end|>")
    loss = -sum(log_prob(context + answer[:i], token) for i, token in enumerate(answer)) / len(answer)
    written = ask("/completion", prompt=context, n_predict=160, temperature=0)
    print(f"== {problem['problem_id']}: loss {loss:.5f}, ours {row['reference_loss']:.5f}; stopped by {written['stop_type']}")
    print(written["content"], flush=True)
    ours.append(row["reference_loss"])
    theirs.append(loss)
mean = lambda values: sum(values) / len(values)
worst = max(abs(a - b) for a, b in zip(ours, theirs))
print(f"{len(ours)} problems: mean loss {mean(theirs):.5f} in llama.cpp, {mean(ours):.5f} in our evaluation, per problem {worst:.5f} apart at most")
sys.exit(not worst <= 0.02)
