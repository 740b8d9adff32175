"""Runs one response, or one test against another process's response. Whatever runs here may have been broken by the
response: this process holds no answer to compare with, and all that it says is taken for the response's own word.

Frames on LINK. From the parent: kind, length, nonce, body. To the parent: the nonce of the frame that is answered, kind,
length, body. A nonce is known only from its frame, so nothing can be answered before it was asked.
"""
import _sitebuiltins, builtins, collections, marshal, math, os, struct, sys, types

LINK = 3
LOAD, CALL, ATTRIBUTE, STUB, EQUALS, APPLY, JUDGE, END = range(8)
READY, COMPILED, SYNTAX, VALUE, RAISED, MEMORY, ASK, BROKEN, DONE = range(9)
ATOMS = {type(None), bool, int, float, str}
DICTS = {dict, collections.defaultdict, collections.OrderedDict, collections.Counter}
NODES = 1 << 20


def encode(x):
    """CPython's own `marshal`, version 2: exact builtin types only, so nothing of the response's runs here."""
    try:
        return marshal.dumps(x, 2)
    except ValueError:
        return marshal.dumps(plain(x), 2)


def plain(x, depth=0):
    """The same with linked lists and trees as tagged tuples; subclasses with a behaviour of their own are refused."""
    t, deeper = type(x), depth + 1
    if depth > 100:
        raise ValueError("nested too deeply")
    if t in ATOMS:
        return x
    if t in (list, tuple, set, frozenset):
        return t(plain(i, deeper) for i in x)
    if t in DICTS:
        return {plain(k, deeper): plain(v, deeper) for k, v in dict.items(x)}
    if t.__module__ == "numpy" and hasattr(x, "item") and not getattr(x, "shape", None):
        return plain(x.item(), deeper)
    if hasattr(x, "val") and hasattr(x, "next"):
        return (..., "list", [plain(n.val, deeper) for n in chain(x)])
    if hasattr(x, "val") and hasattr(x, "left") and hasattr(x, "right"):
        return (..., "tree", rows(x, deeper))
    raise TypeError("not a plain value")


def chain(node):
    seen = set()
    while node is not None:
        if id(node) in seen or len(seen) > NODES:
            raise ValueError("endless list")
        seen.add(id(node))
        yield node
        node = node.next


def rows(root, depth):
    """Level by level as LeetCode writes trees: a value in a tuple of its own, None where no child is."""
    found, queue, seen = [(plain(root.val, depth),)], [root], {id(root)}
    for node in queue:
        for child in (node.left, node.right):
            if child is None:
                found.append(None)
                continue
            if id(child) in seen or len(seen) > NODES:
                raise ValueError("not a tree")
            seen.add(id(child))
            queue.append(child)
            found.append((plain(child.val, depth),))
    while found[-1] is None:
        found.pop()
    return found


def build(x, space):
    """The reverse of `plain`, with the node classes of `space`."""
    t = type(x)
    if t is tuple and x and x[0] is ...:
        return build_list(x[2], space) if x[1] == "list" else build_tree(x[2], space)
    if t in (list, tuple, set):
        return t(build(i, space) for i in x)
    if t is dict:
        return {build(k, space): build(v, space) for k, v in x.items()}
    return x


def build_list(values, space):
    head = None
    for value in reversed(values):
        node = space["ListNode"](build(value, space))
        node.next, head = head, node
    return head


def build_tree(found, space):
    nodes = [row if row is None else space["TreeNode"](build(row[0], space)) for row in found]
    rest = iter(nodes[1:])
    for node in nodes:
        if node is not None:
            node.left, node.right = next(rest, None), next(rest, None)
    return nodes[0]


class Link:
    """The stream to the parent. It keeps what it needs for itself: the response may replace any module's functions."""

    def __init__(self):
        self.read, self.write, self.pack, self.unpack = os.read, os.write, struct.pack, struct.unpack

    def exactly(self, n):
        parts = []
        while n:
            part = self.read(LINK, min(n, 1 << 20))
            if not part:
                os._exit(0)
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def receive(self):
        kind, length, nonce = self.unpack("<BI8s", self.exactly(13))
        return kind, nonce, self.exactly(length)

    def send(self, nonce, kind, body=b""):
        data = memoryview(nonce + self.pack("<BI", kind, len(body)) + body)
        while data:
            data = data[self.write(LINK, data):]


def words(error):
    """An exception as Python tells it. An exception of the response's may have a `__str__` of its own."""
    try:
        return f"{type(error).__name__}: {error}"[:300].encode("utf-8", "replace")
    except BaseException:
        return b"an exception"


def script():
    """What `python3 response.py` finds: a module of its own that is `__main__`, no arguments, `exit` and `quit`, integers as
    long as they are (the limit on their digits is against web clients)."""
    module = types.ModuleType("__main__")
    module.__file__ = "response.py"
    module.__builtins__ = builtins
    sys.modules["__main__"], sys.argv = module, ["response.py"]
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))
    getattr(sys, "set_int_max_str_digits", int)(0)
    return module.__dict__


class Response:
    """The response's namespace and what its calls returned."""

    def __init__(self, link):
        self.link, self.leave, self.flush = link, os._exit, sys.stdout.flush
        self.space, self.returned, self.instances = {}, [], {}

    def attempt(self, nonce, work):
        """Answers with what `work` gives. Leaving the interpreter leaves this process, with the status it would have."""
        try:
            kind, body = VALUE, work()
        except SystemExit as left:
            code = left.code
            self.tidy()
            self.leave(0 if code is None else code & 255 if type(code) is int else 1)
        except MemoryError:
            kind, body = MEMORY, b""
        except BaseException as error:
            kind, body = RAISED, words(error)
        self.link.send(nonce, kind, body)

    def tidy(self):
        for flush in (self.flush, lambda: sys.stdout.flush()):
            try:
                flush()
            except BaseException:
                pass

    def load(self, nonce, body):
        setup, source = (part.decode() for part in parts(body, 2))
        self.space = script()
        try:
            exec(compile(setup, "setup", "exec"), self.space)
        except BaseException as error:
            return self.link.send(nonce, BROKEN, words(error))
        self.space.pop("Solution", None)  # that is for the response to give
        self.link.send(nonce, READY)
        try:
            code = compile(source, "response", "exec")
        except MemoryError:
            return self.link.send(nonce, MEMORY)
        except BaseException as error:
            return self.link.send(nonce, SYNTAX, words(error))
        self.link.send(nonce, COMPILED)
        self.attempt(nonce, lambda: encode(exec(code, self.space)))

    def call(self, nonce, body):
        report, method, arguments = (part.decode() for part in parts(body, 3))

        def work():
            space = {"_take": lambda *a, **k: (a, k), "inf": math.inf, "nan": math.nan}
            taken, named = eval(f"_take({arguments})", self.space, space)
            value = getattr(self.space["Solution"](), method)(*taken, **named)
            self.returned.append(value)
            return encode([value, [*taken, *named.values()]] if report else value)

        self.attempt(nonce, work)

    def attribute(self, nonce, body):
        self.attempt(nonce, lambda: encode(bool(getattr(self.space["Solution"](), body.decode()))))

    def stub(self, nonce, body):
        name, method = (part.decode() for part in parts(body, 2))
        Stub = type("Solution", (), {method: lambda *a, **k: None})

        def work():
            solution = self.space.get("Solution")
            self.space["Solution"] = Stub
            if solution is None and callable(self.space.get(method)):
                self.space[method] = lambda *a, **k: None
            if name in self.space:
                self.space[name]()
            else:
                # A method of the response's class, called on the stub: `getattr` follows inheritance and descriptors.
                tests = getattr(solution, name)
                bound = hasattr(tests, "__self__") or type(vars(solution).get(name)) is staticmethod
                tests() if bound else tests(Stub())
            return encode(True)

        self.attempt(nonce, work)

    def equals(self, nonce, body):
        class Nothing:
            pass

        self.attempt(nonce, lambda: encode(bool(self.returned) and all(bool(r == Nothing()) for r in self.returned)))

    def apply(self, nonce, body):
        def work():
            number, name, method, taken, named = build(marshal.loads(body), self.space)
            if number and not method:
                self.instances[number], value = self.space[name](*taken, **named), None
            else:
                called = getattr(self.instances[number], method) if number else self.space[name]
                value = called(*taken, **named)
                self.returned.append(value)
            return encode([value, list(taken), named])

        self.attempt(nonce, work)


class Unaskable(BaseException):
    """A test passes to the response what is no plain value: the test's fault, and no exception that it may catch."""


class Judge:
    """Runs a test's own text against stand-ins for what the response defines, whose calls another process makes."""

    def __init__(self, link):
        self.link, self.made = link, 0

    def judge(self, nonce, body):
        setup, test, first, defined = (part.decode() for part in parts(body, 4))
        self.made, self.nonce, self.space = int(first), nonce, {"__name__": "judge"}
        getattr(sys, "set_int_max_str_digits", int)(0)
        try:
            exec(compile(setup, "setup", "exec"), self.space)
            for line in defined.splitlines():
                kind, name = line.split()
                self.space[name] = self.stand_in(kind, name)
            exec(compile(test, "test", "exec"), self.space)
        except AssertionError:
            self.link.send(nonce, VALUE, encode(False))
        except Unaskable as error:
            self.link.send(nonce, BROKEN, words(error))
        except BaseException as error:
            self.link.send(nonce, RAISED, words(error))
        else:
            self.link.send(nonce, VALUE, encode(True))

    def stand_in(self, kind, name):
        judge = self
        if kind == "def":
            return lambda *taken, **named: judge.ask(0, name, "", taken, named)

        class StandIn:
            def __init__(self, *taken, **named):
                judge.made += 1
                self.number = judge.made
                judge.ask(self.number, name, "", taken, named)

            def __getattr__(self, method):
                return lambda *taken, **named: judge.ask(self.number, name, method, taken, named)

        return StandIn

    def ask(self, number, name, method, taken, named):
        try:
            question = encode([number, name, method, list(taken), named])
        except TypeError as error:
            # Of nothing that the response gave. What is too deep or too large may be its own, handed back.
            raise Unaskable(f"the arguments of {name} {method} are no plain values: {error}")
        self.link.send(self.nonce, ASK, question)
        _, _, body = self.link.receive()
        if not body:
            raise RuntimeError("the response raised")
        value, after, after_named = build(marshal.loads(body), self.space)
        for old, new in [*zip(taken, after), *((named[k], after_named[k]) for k in named)]:
            overwrite(old, new)
        return value


def overwrite(old, new):
    """An argument as the call left it, for tests of what is changed in place."""
    if type(old) is list and type(new) is list:
        old[:] = new
    elif type(old) in (dict, set) and type(new) is type(old):
        old.clear()
        old.update(new)
    elif hasattr(old, "__dict__") and type(new) is type(old):
        old.__dict__.update(new.__dict__)


def parts(body, count):
    """`count` byte strings, each behind its length."""
    at, found = 0, []
    for _ in range(count):
        length = int.from_bytes(body[at:at + 4], "little")
        found.append(body[at + 4:at + 4 + length])
        at += 4 + length
    return found


def serve():
    link = Link()
    response, judge, leave = Response(link), Judge(link), os._exit
    acts = {LOAD: response.load, CALL: response.call, ATTRIBUTE: response.attribute, STUB: response.stub,
            EQUALS: response.equals, APPLY: response.apply, JUDGE: judge.judge}
    while True:
        kind, nonce, body = link.receive()
        if kind == END:
            response.tidy()
            link.send(nonce, DONE)
            leave(0)
        acts[kind](nonce, body)
