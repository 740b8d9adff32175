"""What the deep tests share: a project to work on, calls of the program, digests of a folder."""
import hashlib, os, pathlib, shutil, subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAN = ROOT / "src/cli/tests/tiny.toml"


def project(folder):
    """A copy of what the program reads of the project."""
    for part in ("checksums", "data", "paper", "verify"):
        shutil.copytree(ROOT / part, folder / part)
    for manifest in ROOT.glob("src/*/Cargo.toml"):
        (folder / "src" / manifest.parent.name).mkdir(parents=True)
        shutil.copy(manifest, folder / "src" / manifest.parent.name / "Cargo.toml")
    return folder


def call(program, root, *words):
    """The exit code of a call, and all that it printed."""
    done = subprocess.run([program, "--root", root, *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def files(folder):
    """Every file below a folder, relative to it."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def digests(folder):
    return {str(path): hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in files(folder)}


def descendants(pid):
    """Processes below a process, by the kernel's own list."""
    found, parents = [], {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                pass
    for one in parents:
        at = one
        while at in parents and at != pid:
            at = parents[at]
        if at == pid and one != pid:
            found.append(one)
    return found
