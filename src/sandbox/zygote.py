"""Isolates itself, then forks one process per request. Trusted code: it never sees a response, a test or an answer.

argv: the folder that responses may write into. Standard input is the control socket, standard output a Landlock rule set.
The first message configures this process, which answers with the descriptor by which the kernel asks the parent, then with the layers that
hold; every later one is a request:
  {"fork": limits}, and a message with two descriptors: the child's link to the parent, its standard output;
  {"spent": pid}: how much CPU time the child has used;
  {"reap": pid, "grace": seconds}: wait so long for the child's own end, kill it, say how it ended and what it wrote.
When the parent is gone the socket closes: then this process, its children and its folder go too.
"""
import array, ctypes, gc, importlib.util, json, marshal, os, resource, select, shutil, signal, socket, struct, sys, time
import bisect, collections, copy, datetime, functools, heapq, itertools, math, operator, random, re, string, typing
import _sitebuiltins, cmath, dataclasses, decimal, enum, fractions, statistics

sys.path[:] = [p for p in sys.path if p]
LINK = 3
# All of it has to fit into one message, where a byte may take six.
KEPT_FILES, KEPT_BYTES = 16, 512
CLONE = {"user": 0x10000000, "pid": 0x20000000, "net": 0x40000000, "mount": 0x20000, "ipc": 0x8000000, "uts": 0x4000000}
libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """A C function's failure as words; nothing if it succeeded."""
    return os.strerror(ctypes.get_errno()) if getattr(libc, name)(*arguments) < 0 else ""


def namespaces():
    """New ones of every kind, owned by nobody; without user namespaces only root gets them."""
    uid, gid = os.getuid(), os.getgid()
    kinds = sum(CLONE.values())
    failed = call("unshare", kinds)
    if not failed:
        for name, text in (("setgroups", "deny"), ("uid_map", f"65534 {uid} 1"), ("gid_map", f"65534 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    elif call("unshare", kinds & ~CLONE["user"]):
        return failed
    call("mount", b"none", b"/", None, 0x4000 | 0x40000, None)  # MS_REC | MS_PRIVATE
    return ""


def private_folder(path):
    flags = 2 | 4 | 8  # MS_NOSUID | MS_NODEV | MS_NOEXEC
    return call("mount", b"tmpfs", path.encode(), b"tmpfs", flags, b"size=1m,nr_inodes=64,mode=700")


class Named:
    """Finds the packages that were allowed by name, and none beside them."""

    def __init__(self, modules):
        self.places = {name: (file, folder) for name, file, folder in modules}

    def find_spec(self, name, path=None, target=None):
        if name not in self.places:
            return None
        file, folder = self.places[name]
        inside = [folder] if folder else None
        return importlib.util.spec_from_file_location(name, file, submodule_search_locations=inside)


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_char_p)]

    def __init__(self, text):
        program = bytes.fromhex(text)
        super().__init__(len(program) // 8, program)


def within(which, soft, hard):
    """`prlimit` is what the filters know; older C libraries have `setrlimit` call something else."""
    resource.prlimit(0, which, (soft, hard))


def limit(limits):
    """Of this process and of all that it forks."""
    within(resource.RLIMIT_CORE, 0, 0)
    for which in ("AS", "NOFILE"):
        within(getattr(resource, "RLIMIT_" + which), limits[which], limits[which])
    # Lower limits that whoever started this program set for it are not for responses.
    most = resource.prlimit(0, resource.RLIMIT_DATA)[1]
    within(resource.RLIMIT_DATA, most, most)
    most = resource.prlimit(0, resource.RLIMIT_STACK)[1]
    within(resource.RLIMIT_STACK, 8 << 20 if most == resource.RLIM_INFINITY else min(most, 8 << 20), most)


def confine(control, config):
    """Of this process and of all that it forks: no system calls but those that compute, and those that the parent gives leave for."""
    ask, rest = Filter(config["ask"]), Filter(config["pass"])
    listener = libc.syscall(config["seccomp"], 1, 8, ctypes.byref(ask))  # SECCOMP_SET_MODE_FILTER, FILTER_FLAG_NEW_LISTENER
    failed = os.strerror(ctypes.get_errno()) if listener < 0 else ""
    socket.send_fds(control, [b"null"], [] if failed else [listener])
    if not failed:
        os.close(listener)
        failed = call("prctl", 22, 2, ctypes.byref(rest), 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
    return failed


def seal(limits):
    """In the child, last of all: after this it can compute, and what else it asks for is decided as for a response."""
    within(resource.RLIMIT_FSIZE, limits["FSIZE"], limits["FSIZE"])
    within(resource.RLIMIT_CPU, limits["CPU"], limits["CPU"] + 1)
    if libc.prctl(38, 1, 0, 0, 0):  # PR_SET_NO_NEW_PRIVS, once more: the word by which the parent knows
        raise OSError("not sealed")


def refused(act):
    """Whether the kernel refused to do it."""
    try:
        act()
        return ""
    except OSError as error:
        return error.strerror


def layers(pipe, failed, limits):
    """Each layer, by trying what it must stop in a child that is confined as responses are."""
    read, write = pipe
    pid = os.fork()
    if pid == 0:
        no_new_privs = "" if libc.prctl(39, 0, 0, 0, 0) == 1 else "the flag is not set"
        landlock = "" if refused(lambda: os.listdir("/")) else "the root folder can be read"
        seal({"FSIZE": 0, "CPU": 10})
        why = "a socket or a process can be made" + (f": {failed}" if failed else "")
        unsealed = libc.prctl(39, 0, 0, 0, 0) >= 0
        seccomp = "" if refused(socket.socket) and refused(os.fork) and not unsealed else why
        rlimits = "" if refused(lambda: [os.dup(1) for _ in range(limits["NOFILE"])]) else "descriptors are not limited"
        found = {"no_new_privs": no_new_privs, "landlock": landlock, "seccomp": seccomp, "rlimits": rlimits}
        os.write(write, json.dumps(found).encode())
        os._exit(0)
    os.close(write)  # a child that ended without a word must not be waited for
    os.waitpid(pid, 0)
    found = os.read(read, 1 << 12)
    os.close(read)
    return json.loads(found)


def close_others():
    """All descriptors but the streams and the link. One by one: since Python 3.13 `closerange` makes calls that a child may not."""
    for descriptor in range(LINK + 1, 64):
        try:
            os.close(descriptor)
        except OSError:  # not open
            pass


def fork(limits, descriptors, serve):
    pid = os.fork()
    if pid:
        return pid
    try:
        link, out = descriptors
        if libc.prctl(1, signal.SIGKILL, 0, 0, 0):  # PR_SET_PDEATHSIG
            raise OSError("it would outlive the zygote")
        os.dup2(out, 1)
        if link != LINK:
            os.dup2(link, LINK)
        close_others()
        seal(limits)
        random.seed(0)  # forking seeds it anew
        serve()
    finally:
        os._exit(70)  # not a failure of the response's where it comes before that, so the parent tries again


def reap(pid, grace, last):
    if grace:
        watch = os.pidfd_open(pid)
        ended = select.select([watch], [], [], grace)[0]
        os.close(watch)
    killed = not (grace and ended)
    os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    end = {"exit": os.WEXITSTATUS(status)} if os.WIFEXITED(status) else {"signal": os.WTERMSIG(status)}
    return {**end, "killed": killed, "cpu": usage.ru_utime + usage.ru_stime, "files": take_files() if last else []}


def take_files():
    """The folder's files, by name and shortened; afterwards it is empty."""
    files = []
    for name in sorted(os.listdir(".")):
        if len(files) < KEPT_FILES:
            files.append([os.fsencode(name).decode("utf-8", "replace"), take_text(name)])
        try:
            os.unlink(name)
        except OSError:
            shutil.rmtree(name, ignore_errors=True)  # a folder, which only a lifted layer lets a response make
    return files


def take_text(name):
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return os.read(descriptor, KEPT_BYTES).decode("utf-8", "replace")
        finally:
            os.close(descriptor)
    except OSError:  # a response may make a file that nobody can read
        return ""


def answer(control, value):
    os.write(control.fileno(), json.dumps(value).encode())


def work(control, rules, folder, config, found):
    """The zygote proper: the first process of its namespaces."""
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)
    found["tmpfs"] = private_folder(folder) if not found["namespaces"] else "no mount namespace"
    os.chdir(folder)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    libc.syscall(446, rules, 0)  # landlock_restrict_self; whether it holds is tried below
    os.close(rules)
    # In a namespace of our own capabilities mean nothing; where there is none, root's would mean the machine.
    libc.capset(struct.pack("Ii", 0x20080522, 0), bytes(24))  # _LINUX_CAPABILITY_VERSION_3, of this process, none
    pipe = os.pipe()  # afterwards there are none to be had
    failed = confine(control, config)
    limit(config["limits"])  # and not before: a low limit of descriptors is one of those on their way from all processes of a user
    answer(control, {**layers(pipe, failed, config["limits"]), **found})
    space = {"__name__": "child"}
    exec(compile(config["child"], "child.py", "exec"), space)
    gc.collect()
    gc.freeze()
    alive = set()
    while message := os.read(control.fileno(), 1 << 12):
        request = json.loads(message)
        if "fork" in request:
            _, descriptors, _, _ = socket.recv_fds(control, 1 << 12, 2)
            pid = fork(request["fork"], descriptors, space["serve"])
            alive.add(pid)
            answer(control, {"pid": pid})
            for descriptor in descriptors:
                os.close(descriptor)
        elif "spent" in request:
            answer(control, {"cpu": time.clock_gettime(~request["spent"] << 3 | 2)})  # clock_getcpuclockid(3)
        else:
            # A test's judge goes before the response, whose folder it is.
            alive.discard(request["reap"])
            answer(control, reap(request["reap"], request["grace"], not alive))


def main():
    os.closerange(3, 1 << 16)  # whatever the parent's own parent left open
    os.setsid()  # a Ctrl-C at the terminal is the parent's business
    control, rules, null = socket.socket(fileno=os.dup(0)), os.dup(1), os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    folder, message = sys.argv[1], control.recv(1 << 17)
    if not message:  # the parent is gone already
        return tidy(folder)
    config = json.loads(message)
    sys.meta_path.append(Named(config["modules"]))
    libc.mallopt(-8, 1)  # M_ARENA_MAX: a heap for each thread would be most of the memory that there is
    # Packages of numbers that were allowed need no threads of their own. Said to C alone: responses see no environment.
    for name in (b"OPENBLAS_NUM_THREADS", b"OMP_NUM_THREADS", b"MKL_NUM_THREADS"):
        libc.setenv(name, b"1", 1)
    found = {"namespaces": namespaces()}
    pid = os.fork()
    if pid == 0:
        try:
            work(control, rules, folder, config, found)
        finally:
            os._exit(0)
    # This one stays outside of Landlock to tidy up when the other has ended.
    control.close()
    os.close(rules)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.waitpid(pid, 0)
    libc.umount2(folder.encode(), 2)
    tidy(folder)


def tidy(folder):
    shutil.rmtree(os.path.dirname(folder), ignore_errors=True)


main()
