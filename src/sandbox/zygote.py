"""Forks one process per job. Trusted code only runs before the response's source is compiled in the child.

stdin, stdout: frames of a 4-byte little-endian length and JSON. The child reports over a pipe, one JSON line an event,
so that a response that ends early leaves the values it did return.
"""
import json, os, resource, select, signal, struct, sys, time
import bisect, collections, functools, heapq, itertools, math, operator, random, re, string, typing  # warm imports

sys.path[:] = [p for p in sys.path if p]
REPORT_BYTES = 1 << 20


def literal(x, depth=0):
    """Source text of a plain value; exact builtin types only, so no method of the response's runs here."""
    t = type(x)
    if depth > 100:
        raise ValueError("too deep")
    if x is None or t is bool or t is str:
        return repr(x)
    if t is int:
        return int.__repr__(x)
    if t is float:
        return float.__repr__(x)
    if t is list:
        return "[" + ", ".join(literal(i, depth + 1) for i in x) + "]"
    if t is tuple:
        return "(" + "".join(literal(i, depth + 1) + "," for i in x) + ")"
    if t is set or t is frozenset:
        return "{" + ", ".join(literal(i, depth + 1) for i in x) + "}" if x else "set()"
    if t is dict:
        return "{" + ", ".join(literal(k, depth + 1) + ": " + literal(v, depth + 1) for k, v in x.items()) + "}"
    raise TypeError("not a plain value")


def limit(which, value):
    resource.setrlimit(which, (value, value))


def child(job, report):
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    out = os.open(job["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(null, 2)
    if report != 3:
        os.dup2(report, 3)
    os.closerange(4, 256)
    os.mkdir(job["folder"], 0o700)
    os.chdir(job["folder"])
    resource.setrlimit(resource.RLIMIT_CPU, (job["cpu"], job["cpu"] + 1))
    limit(resource.RLIMIT_AS, job["memory"])
    limit(resource.RLIMIT_FSIZE, job["file"])
    limit(resource.RLIMIT_NOFILE, 32)
    limit(resource.RLIMIT_CORE, 0)

    # Keep private references: the response may replace any builtin or module attribute.
    encode, write, flush = literal, os.write, sys.stdout.flush

    def say(kind, text=None):
        line = json.dumps([kind, text]) + "\n"
        write(3, line.encode())

    random.seed(0)
    space = {"__name__": "response"}
    try:
        exec(compile(job["setup"], "<setup>", "exec"), space)
        code = compile(job["source"], "<response>", "exec")
    except MemoryError:
        say("memory")
        return
    except BaseException:
        say("syntax")
        return
    say("compiled")
    try:
        exec(code, space)
    except MemoryError:
        say("memory")
    except BaseException:
        pass
    for method, arguments in job["calls"]:
        try:
            bound = {"call": getattr(space["Solution"](), method), "inf": math.inf, "nan": math.nan}
            say("value", encode(eval("call(" + arguments + ")", bound)))
        except MemoryError:
            say("memory")
            say("value")
        except BaseException:
            say("value")
    if job["probe"]:
        kind, name = job["probe"]
        try:
            if kind == "attribute":
                say("probe", encode(getattr(space["Solution"](), name)))
            else:
                class Stub:
                    def __getattr__(self, _):
                        return lambda *a, **k: None
                space["Solution"] = Stub
                space[name]()
                say("probe", "True")
        except BaseException:
            pass
    try:
        flush()
    except BaseException:
        pass


def collect(pid, pipe, wall):
    """Reads the child's report until it ends or its time is up, then kills its whole process group."""
    chunks, size, deadline, late = [], 0, time.monotonic() + wall, False
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or size > REPORT_BYTES:
            late = left <= 0
            break
        if select.select([pipe], [], [], left)[0]:
            data = os.read(pipe, 1 << 16)
            if not data:
                break
            chunks.append(data)
            size += len(data)
    # A child may close its report and run on: give it what is left of its time, then end it.
    status = None
    while status is None and time.monotonic() < deadline and not late and size <= REPORT_BYTES:
        done, code = os.waitpid(pid, os.WNOHANG)
        if done:
            status = code
        else:
            time.sleep(0.0005)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if status is None:
        late = late or time.monotonic() >= deadline
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        status = os.waitpid(pid, 0)[1]
    lines = []
    for line in b"".join(chunks).split(b"\n"):
        try:
            kind, text = json.loads(line)
            lines.append([str(kind), text if isinstance(text, str) else None])
        except Exception:
            pass
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"events": lines, "late": late, "signal": killed}


def frames(stream):
    while True:
        head = stream.read(4)
        if len(head) < 4:
            return
        yield json.loads(stream.read(struct.unpack("<I", head)[0]))


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    for job in frames(source):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(read)
                child(job, write)
            finally:
                os._exit(0)
        os.close(write)
        reply = json.dumps(collect(pid, read, job["wall"])).encode()
        os.close(read)
        sink.write(struct.pack("<I", len(reply)) + reply)
        sink.flush()


main()
