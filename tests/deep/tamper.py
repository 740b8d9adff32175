#!/usr/bin/env python3
"""The tamper matrix: tamper.py PROGRAM

Makes a finished miniature experiment, its receipts and its signed folder; then changes one file of each class in each way, and gives the command that
reads it. Every change must be refused (with another exit code than 0, the file named), or be harmless: the same receipts, of which the paper is made.
A signed folder knows no harmless change but that of a time. Prints one line a class."""
import os, pathlib, random, re, shutil, sys, tempfile
from common import PLAN, ROOT, call, files, project

program = pathlib.Path(sys.argv[1]).resolve()
draw = random.Random(7)
place = pathlib.Path(tempfile.mkdtemp(prefix="tamper-"))
root = project(place / "project")
out = root / "runs/tiny"


def flip(path):
    """One bit, somewhere in the file."""
    bytes_ = bytearray(path.read_bytes())
    at = draw.randrange(len(bytes_))
    bytes_[at] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes_)


def swap(path):
    """Another file's bytes: of the same kind where there is one."""
    others = [p for p in path.parent.rglob("*" + path.suffix) if p.is_file() and p != path and p.read_bytes() != path.read_bytes()]
    others = others or [p for p in path.parents[1].rglob("*" + path.suffix) if p.is_file() and p.read_bytes() != path.read_bytes()]
    if not others:
        return False
    path.write_bytes(others[0].read_bytes())
    return True


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


def classes(folder):
    """One file of each class of a folder: names that differ in numbers alone are one class."""
    found = {}
    for path in files(folder):
        found.setdefault(re.sub(r"[0-9]+", "N", str(path)), path)
    return found


def run(what, *words):
    code, said = call(program, root, *words)
    assert code == 0, f"{what}: {said[-2000:]}"
    return said


def same_bytes(a, b):
    return a.exists() and a.read_bytes() == b.read_bytes()


run("reproduce", "reproduce", "--plan", PLAN, "--out", out, "--device", "cpu")
archive, other = root / "receipts/tiny/receipts.tar.gz", place / "packed"
run("receipts", "receipts", "--plan", PLAN, "--out", out)
for name in ("CITATION.cff", "codemeta.json", "LICENSE"):
    shutil.copy(ROOT / name, root / name)
run("keys", "sign", "--new-keys", place / "keys")
published = place / "published"
run("publish", "publish", "--plan", PLAN, "--date", "2026-11-26", "--keys", place / "keys", "--to", published)
totals = {"caught": 0, "harmless": 0, "-": 0, "MISSED": 0}
missed = []


def matrix(title, folder, read, unchanged):
    """Changes a file of each class of a folder in each way, and has it read: it is refused by name, or makes no difference to what is made of it."""
    shutil.rmtree(place / "whole", ignore_errors=True)
    shutil.copytree(folder, place / "whole", symlinks=True)
    for name, path in classes(folder).items():
        words = []
        for way, change in WAYS.items():
            target = folder / path
            if target.stat().st_size == 0 and way in ("flipped", "truncated", "emptied") or change(target) is False:
                word = "-"
            else:
                code, said = call(program, root, *read)
                word = "caught" if code and path.name in said else "harmless" if code == 0 and unchanged() else "MISSED"
                if word == "MISSED":
                    missed.append(f"{title}/{path} {way}: exit code {code}: {said[-400:]}")
            totals[word] += 1
            words.append(f"{way} {word}")
            shutil.rmtree(folder)
            shutil.copytree(place / "whole", folder, symlinks=True)
            (place / "moved").unlink(missing_ok=True)
        print(f"{title}/{name:<48} {', '.join(words)}", flush=True)


def packed_again():
    """The paper is made of what receipts hold, the claims and the sources, and of nothing else."""
    return same_bytes(other / "receipts.tar.gz", archive)


matrix("run folder", out, ["receipts", "--plan", PLAN, "--out", out, "--to", other], packed_again)
matrix("data", root / "data", ["verify", "--gate", "pins"], lambda: True)
matrix("signed folder", published, ["verify", "--signature", published, "--public-keys", place / "keys"], lambda: True)
print(", ".join(f"{count} {word}" for word, count in totals.items()))
print(*missed, sep="\n")
shutil.rmtree(place, ignore_errors=True)
sys.exit(bool(missed))
