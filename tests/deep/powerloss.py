#!/usr/bin/env python3
"""The plug is pulled: powerloss.py PROGRAM [CUTS] [SEED]

The miniature plan works on a small file system of its own, in an image that is mounted so that nothing reaches it unasked: no commit by time, data in any order, no
help for who renames what is not written. At a seeded moment the program is stopped and the image is copied: what was not synced is not in it, as after a power
cut. The copy is mounted, and the same command must go on to the bytes of an undisturbed run.
Half as many cuts are made with every second `fsync` doing nothing: there something must be lost, or this test sees nothing. Wants root, loop devices, mkfs.ext4 and
gcc; exit code 77 says that they are not there."""
import os, pathlib, random, shutil, signal, subprocess, sys, tempfile, time
from common import PLAN, call, digests, files, project

program, cuts, seed = pathlib.Path(sys.argv[1]).resolve(), int((sys.argv + [20])[2]), int((sys.argv + [0, 1])[3])
draw = random.Random(seed)
place = pathlib.Path(tempfile.mkdtemp(prefix="powerloss-"))
root = project(place / "project")
at, after = place / "at", place / "after"
for folder in (at, after):
    folder.mkdir()
words = ["run", "--plan", PLAN, "--device", "cpu", "--out"]
# Every second call reaches the disk: names then stand for files that are not written.
SOMETIMES = """#define _GNU_SOURCE
#include <dlfcn.h>
static int skips;
int fsync(int f) { return (skips ^= 1) ? 0 : ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(f); }
int fdatasync(int f) { return (skips ^= 1) ? 0 : ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(f); }
"""


def tool(*command):
    return subprocess.run(command, check=True, capture_output=True)


def mount(image, folder):
    tool("mount", "-o", "loop,data=writeback,noauto_da_alloc,commit=600", image, folder)


def unmount(folder):
    while subprocess.run(["umount", folder], capture_output=True).returncode:
        time.sleep(0.1)


def still(pid):
    """Every thread of a stopped process has come to rest: no call is under way."""
    states = [path.read_text().rsplit(")", 1)[1].split()[0] for path in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(state in "TtZX" for state in states)


def kept(folder):
    return {name: digest for name, digest in digests(folder).items() if "/log/" not in name and not name.startswith("log/")}


def cut(sync):
    """Works, loses power, goes on elsewhere: what differs from an undisturbed run."""
    # New files each time: of an image that was mounted before, the kernel may remember more than is in it.
    disk, lost = (pathlib.Path(tempfile.mktemp(".img", dir=place)) for _ in range(2))
    tool("truncate", "-s", "128M", disk)
    tool("mkfs.ext4", "-q", disk)
    mount(disk, at)
    shim = {} if sync else {"LD_PRELOAD": str(place / "sometimes.so")}
    child = subprocess.Popen([program, "--root", root, *map(str, words), at / "out"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **shim})
    time.sleep(draw.uniform(0.3, 9.0))
    child.send_signal(signal.SIGSTOP)
    while child.poll() is None and not still(child.pid):
        time.sleep(0.01)
    shutil.copyfile(disk, lost)
    child.kill()
    child.wait()
    unmount(at)
    mount(lost, after)
    found = len(files(after / "out")) if (after / "out").exists() else 0
    code, said = call(program, root, *words, after / "out")
    there = kept(after / "out") if code == 0 else {}
    faults = [f"exit code {code}: {said[-300:]}"] if code else []
    faults += [f"{name} differs" for name in sorted(expected.keys() | there.keys()) if code == 0 and expected.get(name) != there.get(name)]
    unmount(after)
    disk.unlink()
    lost.unlink()
    return found, faults


if subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip() != "0" or not all(map(shutil.which, ("mkfs.ext4", "losetup", "gcc"))):
    print("powerloss: wants root, loop devices, mkfs.ext4 and gcc")
    sys.exit(77)
(place / "sometimes.c").write_text(SOMETIMES)
tool("gcc", "-shared", "-fPIC", "-o", place / "sometimes.so", place / "sometimes.c")
code, said = call(program, root, *words, place / "whole")
assert code == 0, said
expected = kept(place / "whole")
totals = {True: 0, False: 0}
for sync, times in ((True, cuts), (False, (cuts + 1) // 2)):
    for i in range(times):
        found, faults = cut(sync)
        totals[sync] += bool(faults)
        print(f"{'synced' if sync else 'half synced'}: cut {i + 1} of {times}, {found} files were left, {faults[:1] or 'the same bytes'}", flush=True)
print(f"{totals[True]} of {cuts} cuts lost something; with every second fsync {totals[False]} of {(cuts + 1) // 2}")
shutil.rmtree(place, ignore_errors=True)
sys.exit(bool(totals[True]) or not totals[False])
