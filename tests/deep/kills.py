#!/usr/bin/env python3
"""Kill anywhere: kills.py PROGRAM [KILLS] [SEED] [run|reproduce]

Runs the miniature plan and kills the program with SIGKILL at a seeded moment, again and again, until the plan is done; then from the beginning, until
so many kills were made (on the CPU, or where DEVICE says). With `reproduce` also within gates, over inputs and over results, and while the paper is typeset. Each time the plan is done, every file must have the bytes of an undisturbed run, and no process and no temporary folder of
the program's may be left. Every tenth end is a SIGTERM, every tenth a SIGHUP: orderly stops, with exit code 5 if anything is left to do."""
import os, pathlib, random, shutil, signal, subprocess, sys, tempfile, time
from common import PLAN, call, descendants, digests, files, project

program, kills, seed = pathlib.Path(sys.argv[1]).resolve(), int((sys.argv + [100])[2]), int((sys.argv + [0, 1])[3])
draw = random.Random(seed)
place = pathlib.Path(tempfile.mkdtemp(prefix="kills-"))
# The program's own temporary folders lie here and nowhere else.
scratch = place / "tmp"
scratch.mkdir()
os.environ["TMPDIR"] = str(scratch)
root = project(place / "project")
command = (sys.argv + ["run"] * 3)[4]
words = [command, "--plan", PLAN, "--device", os.environ.get("DEVICE", "cpu"), "--out"]


def kept(folder):
    """What the program keeps for good: a log is written as things happen, and tells of each start."""
    return {name: digest for name, digest in digests(folder).items() if "/log/" not in name}


def alive(pid):
    """What a process is that still runs: one that has ended and waits to be asked for its exit code is none."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return "" if "State:\tZ" in status else f"{pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()!r} {status[:300]!r}"
    except OSError:
        return ""


started = time.time()
code, said = call(program, root, *words, place / "whole")
assert code == 0, said
# A run goes on from where it was killed; gates begin anew at each call, so only a whole call's time reaches what is behind them.
longest = 9.0 if command == "run" else time.time() - started
expected, faults, made, ends = kept(place / "whole"), [], 0, {}
started = time.time()
while made < kills:
    out = place / "out"
    shutil.rmtree(out, ignore_errors=True)
    while True:
        child = subprocess.Popen([program, "--root", root, *map(str, words), out], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        how = {0: signal.SIGTERM, 1: signal.SIGHUP}.get(made % 10, signal.SIGKILL)
        try:
            # Who is killed before its first line runs has no manners.
            child.wait(draw.uniform(0.05 if how == signal.SIGKILL else 0.2, longest))
        except subprocess.TimeoutExpired:
            below = descendants(child.pid)
            child.send_signal(how)
            code = child.wait()
            made += 1
            ends[how.name] = ends.get(how.name, 0) + 1
            if how != signal.SIGKILL and code not in (0, 5):
                faults.append(f"{how.name}: exit code {code}: {child.stderr.read().decode()[-300:]}")
            deadline = time.time() + 20
            while time.time() < deadline and any(alive(pid) for pid in below):
                time.sleep(0.05)
            faults += [f"process {pid} outlived {how.name}: {said}" for pid in below if (said := alive(pid))]
        else:
            break
    if child.returncode:
        faults.append(f"after {made} kills the same command ended with {child.returncode}: {child.stderr.read().decode()[-300:]}")
        break
    found = kept(out)
    faults += [f"{name} differs" for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]
    faults += [f"{path} is left in the temporary folder" for path in files(scratch)]
    print(f"{made} of {kills} ends, {len(faults)} faults, {time.time() - started:.0f} s", flush=True)
    if faults:
        break
print(*faults, sep="\n")
print(f"{made} ends ({', '.join(f'{n} {name}' for name, n in ends.items())}), {len(faults)} faults")
shutil.rmtree(place, ignore_errors=True)
sys.exit(bool(faults))
