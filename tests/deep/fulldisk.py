#!/usr/bin/env python3
"""A full disk at each write: fulldisk.py PROGRAM [STEP]

Runs the miniature plan and typesets its paper on a disk in memory that is always a little too small. Whenever the program has stopped it is given STEP KiB more
(8; the paper 16 times as much, since gates begin anew at each call), until it ends. Each stop must have exit code 5, name a file and say what to do;
nothing half-written may be left, and at the end every file has the bytes of an undisturbed run. Takes the right to mount."""
import pathlib, re, shutil, subprocess, sys, tempfile, time
from common import PLAN, call, digests, files, project

program, step = pathlib.Path(sys.argv[1]).resolve(), int((sys.argv + [8])[2])
place = pathlib.Path(tempfile.mkdtemp(prefix="fulldisk-"))
root, disk = project(place / "project"), place / "disk"
disk.mkdir()
faults, stops, where = [], 0, {}


def mount(options):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(place, ignore_errors=True)
        print(f"NOT TESTED: this user may not mount a small disk: {done.stderr.strip()}")
        sys.exit(77)


def kept(folder):
    return {name: digest for name, digest in digests(folder).items() if "/log/" not in name and not name.startswith("log/")}


mount("size=16k")
subprocess.run(["umount", disk], check=True)
commands = [(["run", "--device", "cpu"], step), (["build-paper"], 16 * step)]
for words, _ in commands:
    code, said = call(program, root, *words, "--plan", PLAN, "--out", place / "whole")
    assert code == 0, said
size, started = 16, time.time()
mount(f"size={size}k")
try:
    for words, more in commands:
        while not faults:
            code, said = call(program, root, *words, "--plan", PLAN, "--out", disk / "out")
            faults += [f"after a stop at {size} KiB {path} is left" for path in files(disk) if ".tmp" in path.name]
            if code == 0:
                break
            stops += 1
            told = re.search(r"cannot write (\S+)", said)
            if code != 5 or not told or "free some space" not in said:
                faults.append(f"{words[0]} with {size} KiB: exit code {code}: {said[-600:]}")
            else:
                name = re.sub(r"[0-9]+", "N", pathlib.Path(told[1].rstrip(":")).name)
                where[name] = where.get(name, 0) + 1
            size += more
            mount(f"remount,size={size}k")
        print(f"{words[0]}: {stops} stops, the disk has {size} KiB, {time.time() - started:.0f} s", flush=True)
    expected, found = kept(place / "whole"), kept(disk / "out")
    faults += [f"{name} differs" for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]
finally:
    subprocess.run(["umount", disk])
print(*faults, sep="\n")
print(f"{stops} stops for want of room, at {', '.join(f'{name} ({n})' for name, n in sorted(where.items()))}; {len(faults)} faults")
shutil.rmtree(place, ignore_errors=True)
sys.exit(bool(faults))
