#!/usr/bin/env python3
"""The tamper matrix: tamper.py PROGRAM [CSV]

Makes a finished miniature experiment, its receipts, its signed folder, and runs that were killed half-way; then changes one file of each class
in each way, and gives the command that reads it. Every change must be refused, the file named, or be harmless: the command makes the same bytes as
without it. Where nothing is made (digests are checked, and no more), only what leaves a file's bytes alone is harmless.
Prints one line a class; CSV, if named, gets one row an artifact: the table of the paper's appendix."""
import csv, hashlib, os, pathlib, random, re, shutil, signal, subprocess, sys, tempfile, time
from common import PLAN, ROOT, call, files, project

program = pathlib.Path(sys.argv[1]).resolve()
draw = random.Random(7)
place = pathlib.Path(tempfile.mkdtemp(prefix="tamper-"))
root = project(place / "project")
PART = ["--arms", "vanilla,route2b"]


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
    moved = place / "moved"
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


def classes(folder, alike):
    """One file of each class of a folder: by default names that differ in numbers alone are one class."""
    found = {}
    for path in files(folder):
        found.setdefault(alike(path), path)
    return found


def numbers_alike(path):
    return re.sub(r"[0-9]+", "N", str(path))


def kinds_alike(path):
    return f"{path.parent}/*{path.suffix}"


def run(what, *words):
    code, said = call(program, root, *words)
    assert code == 0, f"{what}: {said[-2000:]}"
    return said


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


table, missed = {}, []


def matrix(title, folder, read, unchanged, kind=lambda path: "", alike=numbers_alike, only=lambda path: True):
    """Changes a file of each class of a folder in each way, and has it read."""
    backup = place / "backup"
    shutil.rmtree(backup, ignore_errors=True)
    shutil.copytree(folder, backup, symlinks=True)
    for name, path in classes(folder, alike).items():
        if not only(path):
            continue
        artifact = f"{title}: {kind(path)}".rstrip(": ")
        row = table.setdefault((artifact, read[0]), {"caught": 0, "harmless": 0, "MISSED": 0})
        words = []
        for way, change in WAYS.items():
            target = folder / path
            if target.stat().st_size == 0 and way in ("flipped", "truncated", "emptied") or change(target) is False:
                continue
            code, said = call(program, root, *read)
            word = "caught" if code and path.name in said else "harmless" if code == 0 and unchanged(way) else "MISSED"
            if word == "MISSED":
                missed.append(f"{artifact}: {path} {way}: exit code {code}: {said[-400:]}")
            row[word] += 1
            words.append(f"{way} {word}")
            shutil.rmtree(folder)
            shutil.copytree(backup, folder, symlinks=True)
            (place / "moved").unlink(missing_ok=True)
        print(f"{title}/{name:<48} {', '.join(words)}", flush=True)


def kept(folder):
    """What is kept for good: a log is written as things happen, and tells of each start."""
    there = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "log")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in there}


def killed(out, when):
    """A plan in a folder, killed when a file is there."""
    child = subprocess.Popen([program, "--root", root, "run", "--plan", PLAN, *PART, "--device", "cpu", "--jobs", "1", "--out", out],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(out.glob(when)):
        assert child.poll() is None, f"it ended before there was {when}"
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()


def unfinished(title, when):
    """Files of a run that was killed, before the same command goes on with it."""
    out, words = place / "out", ["run", "--plan", PLAN, *PART, "--device", "cpu", "--jobs", "1", "--out"]
    whole = place / "undisturbed"
    if not whole.exists():
        run("undisturbed", *words, whole)
    shutil.rmtree(out, ignore_errors=True)
    killed(out, when)
    run_of = lambda path: path.parts[0] == "route2b-s7" or path.name == "ledger.jsonl"
    matrix(title, out, [*words, out], lambda way: kept(out) == kept(whole), of_run, only=run_of)


def same_bytes(a, b):
    return a.exists() and a.read_bytes() == b.read_bytes()


out, receipts, other = root / "runs/tiny", root / "receipts/tiny", place / "packed"
run("reproduce", "reproduce", "--plan", PLAN, "--out", out, "--device", "cpu")
run("receipts", "receipts", "--plan", PLAN, "--out", out)
for name in ("CITATION.cff", "codemeta.json", "LICENSE"):
    shutil.copy(ROOT / name, root / name)
run("keys", "sign", "--new-keys", place / "keys")
published = place / "published"
run("publish", "publish", "--plan", PLAN, "--date", "2026-11-26", "--keys", place / "keys", "--to", published)
paper = (out / "paper.pdf").read_bytes()
packing = ["receipts", "--plan", PLAN, "--out", out, "--to", other]
built = ["build-paper", "--receipts", "tiny", "--plan", PLAN, "--out", place / "built"]


def packed_again(way):
    """The paper is made of what receipts hold, and says so."""
    return all(same_bytes(other / name, receipts / name) for name in ("receipts.tar.gz", "paper.sha256"))


def same_paper(way):
    return (place / "built/paper.pdf").read_bytes() == paper


matrix("finished run", out, packing, packed_again, of_run)
unfinished("run killed in training", "route2b-s7/state.safetensors")
unfinished("run killed in evaluation", "route2b-s7/eval/*.jsonl")
matrix("data sets", root / "data", ["verify", "--gate", "pins"], lambda way: way in SAME)
matrix("signed folder", published, ["verify", "--signature", published, "--public-keys", place / "keys"], lambda way: way in SAME)
matrix("paper's sources", root / "paper", packing, packed_again, alike=kinds_alike)
matrix("claims", root / "verify", packing, packed_again, only=lambda path: path.name == "claims.toml")
matrix("pins", root / "checksums", packing, packed_again)
matrix("receipts", receipts, built, same_paper)
count = lambda word: sum(row[word] for row in table.values())
print(f"{count('caught')} caught, {count('harmless')} harmless, {count('MISSED')} missed")
print(*missed, sep="\n")
if sys.argv[2:]:
    with open(sys.argv[2], "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["artifact", "read by", "changes", "caught", "harmless"])
        rows.writerows([artifact, reader, sum(row.values()), row["caught"], row["harmless"]] for (artifact, reader), row in table.items())
shutil.rmtree(place, ignore_errors=True)
sys.exit(bool(missed))
