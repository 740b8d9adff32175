#!/usr/bin/env python3
"""The tamper matrix: tamper.py PROGRAM [CSV [SECTION...]]

Makes a finished miniature experiment, its receipts, its signed folder, and runs that were killed half-way; then changes one file of each class
in each way, and gives the command that reads it. Every change must be refused, the file named, or be harmless: the command makes the same bytes as
without it. Where nothing is made (digests are checked, and no more), only what leaves a file's bytes alone is harmless.
Prints one line a class; CSV, if named, gets one row an artifact: the table of the paper's appendix (- for none). With sections named (functions below), only their rows are made anew."""
import concurrent.futures, csv, hashlib, json, os, pathlib, random, re, shutil, signal, subprocess, sys, tempfile, time
from common import PLAN, ROOT, call, files, project

program = pathlib.Path(sys.argv[1]).resolve()
draw = random.Random(7)
BENCHMARK = ROOT / "src/cli/tests/benchmark.toml"
# A shorter plan, for runs that are gone on with a hundred times.
SHORTER = {'arms = ["vanilla", "route2b", "random-v", "placebo-pairs"]': 'arms = ["vanilla", "route2b"]', "updates = 4": "updates = 2",
           "refresh = 2": "refresh = 1", "checkpoint_every = 2": "checkpoint_every = 1", "monitor = 16": "monitor = 8", "test = 20": "test = 10"}


def flip(path):
    """One bit, somewhere in the file."""
    bytes_ = bytearray(path.read_bytes())
    at = draw.randrange(len(bytes_))
    bytes_[at] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes_)


def swap(path):
    """Another file's bytes: of the same kind where there is one."""
    for folder in (path.parent, path.parents[1], path.parents[2]):
        for other in sorted(folder.rglob("*" + path.suffix)):
            if other.is_file() and other.read_bytes() != path.read_bytes():
                path.write_bytes(other.read_bytes())
                return True
    return False


def link(path):
    """The same bytes, through a link."""
    moved = pathlib.Path(tempfile.mkdtemp(prefix="moved-")) / path.name
    shutil.move(path, moved)
    path.symlink_to(moved)


WAYS = {
    "flipped": flip,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "emptied": lambda path: path.write_bytes(b""),
    "extended": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "swapped": swap,
    "deleted": lambda path: path.unlink(),
    "linked": link,
    "re-timed": lambda path: os.utime(path, (1, 1)),
}
# The bytes stay.
SAME = ("linked", "re-timed")


def classes(folder, alike, only):
    """One file of each class of a folder."""
    found = {}
    for path in filter(only, files(folder)):
        found.setdefault(alike(path), path)
    return found


def numbers_alike(path):
    return re.sub(r"[0-9]+", "N", str(path))


def kinds_alike(path):
    return f"{path.parent}/*{path.suffix}"


def of_run(path):
    """What kind of artifact a file of a run folder is."""
    parts, name = path.parts, path.name
    for part, kind in {"checkpoints": "checkpoints", "eval": "evaluations", "evidence": "gate values and traces", "log": "logs and locks"}.items():
        if part in parts[:-1]:
            return kind
    kinds = {
        "configurations, identities, pass plans": ("config.json", "identity.json", "plan.json"),
        "rollouts and metrics": ("rollouts.jsonl", "metrics.jsonl"), "states": ("state.safetensors",), "results": ("results.json",),
        "ledger": ("ledger.jsonl",), "paper and its statement": ("paper.pdf", "paper.sha256"), "logs and locks": ("lock",),
    }
    return next((kind for kind, names in kinds.items() if name in names), "figures and tables beside the paper")


class Section:
    """A part of the matrix, with a copy of the finished experiment to itself."""

    def __init__(self, made, place):
        self.place, self.root, self.table, self.missed = place, place / "project", {}, []
        shutil.copytree(made, place, symlinks=True)
        self.made_again = place / "made again"
        self.out, self.receipts, self.packed = self.root / "runs/tiny", self.root / "receipts/tiny", place / "packed"
        self.packing = ["receipts", "--plan", PLAN, "--out", self.out, "--to", self.packed]

    def matrix(self, title, folder, read, unchanged, kind=lambda path: "", alike=numbers_alike, only=lambda path: True):
        """Changes a file of each class of a folder in each way, and has it read."""
        backup = self.place / "backup"
        shutil.rmtree(backup, ignore_errors=True)
        shutil.copytree(folder, backup, symlinks=True)
        # A reader that refuses everything would catch everything.
        run(self.root, *read)
        shutil.rmtree(folder)
        shutil.copytree(backup, folder, symlinks=True)
        for name, path in classes(folder, alike, only).items():
            artifact = f"{title}: {kind(path)}".rstrip(": ")
            row = self.table.setdefault((artifact, read[0]), {"caught": 0, "harmless": 0, "MISSED": 0})
            words = []
            for way, change in WAYS.items():
                target = folder / path
                shutil.rmtree(self.made_again, ignore_errors=True)
                if target.stat().st_size == 0 and way in ("flipped", "truncated", "emptied") or change(target) is False:
                    continue
                code, said = call(program, self.root, *read)
                word = "caught" if code and path.name in said else "harmless" if code == 0 and unchanged(way) else "MISSED"
                if word == "MISSED":
                    self.missed.append(f"{artifact}: {path} {way}: exit code {code}: {said[-400:]}")
                row[word] += 1
                words.append(f"{way} {word}")
                shutil.rmtree(folder)
                shutil.copytree(backup, folder, symlinks=True)
            print(f"{title}/{name:<48} {', '.join(words)}", flush=True)

    def packed_again(self, way):
        """The paper is made of what receipts hold, and says so."""
        return all(same_bytes(self.packed / name, self.receipts / name) for name in ("receipts.tar.gz", "paper.sha256"))

    def unfinished(self, title, when):
        """Files of a run that was killed, before the same command goes on with it."""
        text = PLAN.read_text()
        for long, short in SHORTER.items():
            assert long in text, long
            text = text.replace(long, short)
        plan, out, whole = self.place / "shorter.toml", self.place / "out", self.place / "undisturbed"
        plan.write_text(text.split("[relearn]")[0])
        words = ["run", "--plan", plan, "--device", "cpu", "--jobs", "1", "--out"]
        run(self.root, *words, whole)
        child = subprocess.Popen([program, "--root", self.root, *words, out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not list(out.glob(when)):
            assert child.poll() is None, f"it ended before there was {when}"
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        child.wait()
        of_the_run = lambda path: path.parts[0] == "route2b-s7" or path.name == "ledger.jsonl"
        self.matrix(title, out, [*words, out], lambda way: kept(out) == kept(whole), of_run, only=of_the_run)


def run(root, *words):
    code, said = call(program, root, *words)
    assert code == 0, f"{words[0]}: {said[-2000:]}"


def kept(folder):
    """What is kept for good: a log is written as things happen, and tells of each start."""
    there = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "log")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in there}


def same_bytes(a, b):
    return a.exists() and a.read_bytes() == b.read_bytes()


def finished(section):
    section.matrix("finished run", section.out, section.packing, section.packed_again, of_run)
    for title, folder, only in (("paper's sources", "paper", lambda path: True), ("claims", "verify", lambda path: path.name == "claims.toml"),
                                ("pins", "checksums", lambda path: True)):
        section.matrix(title, section.root / folder, section.packing, section.packed_again, alike=kinds_alike, only=only)


def packed(section):
    built, paper = section.place / "built", (section.out / "paper.pdf").read_bytes()
    section.matrix("receipts", section.receipts, ["build-paper", "--receipts", "tiny", "--plan", PLAN, "--out", built],
                   lambda way: (built / "paper.pdf").read_bytes() == paper)


def given_away(section):
    keys, published = section.place / "keys", section.place / "published"
    run(section.root, "sign", "--new-keys", keys)
    run(section.root, "publish", "--plan", PLAN, "--date", "2026-11-26", "--keys", keys, "--to", published)
    # Digests are compared, and nothing is made.
    section.matrix("data sets", section.root / "data", ["verify", "--gate", "pins"], lambda way: way in SAME)
    section.matrix("signed folder", published, ["verify", "--signature", published, "--public-keys", keys], lambda way: way in SAME)


def in_training(section):
    section.unfinished("run killed in training", "route2b-s7/state.safetensors")


def in_evaluation(section):
    section.unfinished("run killed in evaluation", "route2b-s7/eval/*.jsonl")


def knobs(section):
    """A run whose last checkpoint is shipped with receipts, scored without training."""
    run(section.root, "receipts", "--plan", PLAN, "--out", section.out, "--knobs", "route2b-s7")
    shipped, rows = section.receipts / "route2b-s7", section.made_again
    words = ["eval", "--plan", PLAN, "--device", "cpu", "--run", shipped, "--only", "5", "--out"]
    run(section.root, *words, section.place / "scored")
    section.matrix("shipped knobs", shipped, [*words, rows], lambda way: kept(rows) == kept(section.place / "scored"))


def fetched(section):
    """Weights, tokenizer and problems that are pinned and not shipped. What they hold does not matter: the gate compares digests."""
    pins, made = section.root / "checksums/pins.toml", []
    for name in ("model/config.json", "model/model.safetensors", "model/tokenizer.json", "model/tokenizer_config.json",
                 "leetcode/leetcode_train_medhard_filtered.jsonl", "leetcode/leetcode_test_medhard.jsonl"):
        path, content = section.root / "fetched" / name, draw.randbytes(4096)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        made.append(f'path = "{name}"\nbytes = {len(content)}\nsha256 = "{hashlib.sha256(content).hexdigest()}"\nrevision = "0abc"\nlicence = "MIT"\n'
                    f'url = "https://huggingface.co/own/tiny/resolve/0abc/{path.name}"\norigin = "made by a test"\ntier = "full"\n')
    shipped = [pin for pin in pins.read_text().split("[[pin]]\n") if not ('tier = "full"' in pin and "url = " in pin)]
    pins.write_text("[[pin]]\n".join(shipped + made))
    section.matrix("fetched files", section.root / "fetched", ["verify", "--gate", "pins", "--plan", BENCHMARK], lambda way: way in SAME)


def bases(section):
    """Singular bases of a model that is not shipped: the organism's weights under another name, shown the code model's tasks."""
    model, state, rows = section.place / "model", section.place / "state", section.made_again
    shutil.copytree(section.root / "data/organism", model)
    config = json.loads((model / "config.json").read_text()) | {"max_position_embeddings": 2048}
    (model / "config.json").write_text(json.dumps(config))
    (model / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<end>"}))
    # Prompts are cut: they are longer in this tokenizer than the tier allows.
    (model / "chat_template.jinja").write_text("{% for m in messages %}{{ m.content[:400] }}\n{% endfor %}")
    os.environ["GQ_STATE"] = str(state)
    words = ["train", "--tier", "coder", "--arm", "route2b", "--seed", "81", "--updates", "1", "--quick", "--train-only", "--device", "cpu",
             "--model", model, "--unpinned-model", "--out"]
    run(section.root, *words, section.place / "trained")
    section.matrix("cached singular bases", state / "runs/svd", [*words, rows], lambda way: kept(rows) == kept(section.place / "trained"), alike=kinds_alike)
    del os.environ["GQ_STATE"]


SECTIONS = {work.__name__: work for work in (finished, in_training, in_evaluation, given_away, packed, knobs, fetched, bases)}


def worked(place, name):
    section = Section(place / "made", place / name)
    # What is made beside files goes with them.
    tempfile.tempdir = str(section.place)
    SECTIONS[name](section)
    return section.table, section.missed


def written(path, rows, others_stay):
    """The table, in which rows of sections that were not worked on may stay."""
    head, new = ["artifact", "read by", "changes", "caught", "harmless"], {row[0]: row for row in rows}
    there = list(csv.reader(path.open()))[1:] if others_stay else []
    merged = [new.pop(row[0], row) for row in there] + list(new.values())
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *merged])


def main():
    place = pathlib.Path(tempfile.mkdtemp(prefix="tamper-"))
    root = project(place / "made/project")
    run(root, "reproduce", "--plan", PLAN, "--out", root / "runs/tiny", "--device", "cpu")
    run(root, "receipts", "--plan", PLAN, "--out", root / "runs/tiny")
    for name in ("CITATION.cff", "codemeta.json", "LICENSE"):
        shutil.copy(ROOT / name, root / name)
    sections = sys.argv[3:] or list(SECTIONS)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        done = list(pool.map(worked, [place] * len(sections), sections))
    rows = [[artifact, reader, sum(row.values()), row["caught"], row["harmless"]] for table, _ in done for (artifact, reader), row in table.items()]
    missed = [line for _, lines in done for line in lines]
    print(f"{sum(row[2] for row in rows)} changes, {sum(row[3] for row in rows)} caught, {sum(row[4] for row in rows)} harmless, {len(missed)} missed")
    print(*missed, sep="\n")
    if sys.argv[2:] and sys.argv[2] != "-":
        written(pathlib.Path(sys.argv[2]), rows, bool(sys.argv[3:]))
    shutil.rmtree(place, ignore_errors=True)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
