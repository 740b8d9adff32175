# Leaving something for the next response. Every attack runs twice on one worker and must find nothing.

### module_globals
import math
class Solution:
    def f(self, n):
        before, math.left = hasattr(math, "left"), 42
        return before
# gives: False

### builtins_kept
import builtins
class Solution:
    def f(self, n):
        before, builtins.left = hasattr(builtins, "left"), 42
        return before
# gives: False

### cached_modules
import sys, types
class Solution:
    def f(self, n):
        before, sys.modules["left"] = "left" in sys.modules, types.ModuleType("left")
        return before
# gives: False

### function_caches
import functools
class Solution:
    def f(self, n):
        cache = functools.lru_cache(lambda: 0)
        import re
        before = re.fullmatch("left42", "x"), len(getattr(re, "_cache", ()))
        return before[0]
# gives: None

### files_left
# writes
import os
class Solution:
    def f(self, n):
        before = os.listdir(".")
        open("left.txt", "w").write("42")
        return before
# gives: []

### files_left_hidden
# writes
import os
class Solution:
    def f(self, n):
        before = sorted(os.listdir("."))
        for name in (".left", "-rf", "a\nb", "\udcff"): open(name, "w").close()
        return before
# gives: []

### folder_left
# writes
import os
class Solution:
    def f(self, n): return [os.listdir("."), tried(lambda: os.mkdir("left"), lambda: os.symlink("/", "left"), lambda: os.mkfifo("p"))]
# gives: [[], 'EPERM EPERM EPERM']

### environment_kept
import os
class Solution:
    def f(self, n):
        before = os.environ.get("LEFT")
        os.environ["LEFT"] = "42"
        return before
# gives: None

### working_folder_moved
import os
class Solution:
    def f(self, n): return tried(lambda: os.chdir("/"), lambda: os.fchdir(0))
# gives: 'EPERM EPERM'

### shared_memory
from multiprocessing import shared_memory
class Solution:
    def f(self, n): return tried(lambda: shared_memory.SharedMemory("left", True, 64), raw("shmget", 42, 64, 0o1666))
# gives: 'EPERM EPERM'

### system_v_and_posix_queues
class Solution:
    def f(self, n): return tried(raw("msgget", 42, 0o1666), raw("semget", 42, 1, 0o1666), raw("mq_open", b"left", 66, 0o600, 0))
# gives: 'EPERM EPERM EPERM'

### keyrings
class Solution:
    def f(self, n):
        return tried(raw("add_key", b"user", b"left", b"42", 2, -4), raw("request_key", b"user", b"left", 0, -4), raw("keyctl", 0, -3, 0))
# gives: 'EPERM EPERM EPERM'

### locks
# writes
import fcntl
class Solution:
    def f(self, n):
        file = open("lock", "w")
        return tried(lambda: fcntl.flock(file, 2), lambda: fcntl.lockf(file, 2), raw("flock", file.fileno(), 2))
# gives: 'EPERM EPERM EPERM'

### memory_of_its_own_file
class Solution:
    def f(self, n): return tried(raw("memfd_create", b"left", 0), raw("memfd_secret", 0))
# gives: 'EPERM EPERM'

### child_that_outlives
import os
class Solution:
    def f(self, n): return tried(os.fork, raw("clone", 17, 0, 0, 0, 0), raw("clone3", 0, 0), raw("vfork"))
# gives: 'EPERM EPERM ENOSYS EPERM'

### session_left
import os
class Solution:
    def f(self, n): return tried(os.setsid, lambda: os.setpgid(0, 0), os.setpgrp)
# gives: 'EPERM EPERM EPERM'

### host_name_and_personality
class Solution:
    def f(self, n): return tried(raw("sethostname", b"left", 4), raw("personality", 0x40000))
# gives: 'EPERM EPERM'

### random_state_kept
import random
class Solution:
    def f(self, n): return random.random()
# gives: 0.8444218515250481

### limits_changed
import resource
class Solution:
    def f(self, n):
        return tried(lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)), raw("prlimit64", 0, 7, 0, 0), lambda: os.nice(5))
# gives: 'ValueError EPERM EPERM'

### accounts_begin_anew
# Processor time, threads, printed text, memory and descriptors are each used up by half and more; the second response has
# as much as the first.
import os, threading, time
class Solution:
    def f(self, n):
        before = time.process_time()
        end = before + 0.2
        while time.process_time() < end: pass
        for _ in range(100):
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()
        print("x" * 60_000)
        held = bytearray(200 << 20)
        opened = [os.dup(0) for _ in range(9)]
        return [before < 2, len(held) >> 20, len(opened), os.times()[2:4]]
# gives: [True, 200, 9, (0.0, 0.0)]

### logging_kept
import logging
class Solution:
    def f(self, n):
        before = [len(logging.root.handlers), logging.root.level, sorted(logging.root.manager.loggerDict)[:1]]
        logging.basicConfig(level=1)
        logging.getLogger("left")
        return before[:2]
# gives: [0, 30]

### warnings_kept
import sys, warnings
class Solution:
    def f(self, n):
        before = [any(f[0] == "error" for f in warnings.filters), "left" in warnings.onceregistry, sys.warnoptions]
        warnings.simplefilter("error")
        warnings.onceregistry["left"] = sys.warnoptions.append("left")
        return before[:2]
# gives: [False, False]

### hooks_kept
import atexit, sys, threading
class Solution:
    def f(self, n):
        before = [atexit._ncallbacks(), sys.excepthook is sys.__excepthook__, sys.gettrace(), sys.getprofile(), len(sys.path_hooks), threading._shutdown.__name__]
        atexit.register(int)
        sys.excepthook = sys.unraisablehook = int
        sys.path_hooks.append(int)
        threading._shutdown = int
        return before[1:5]
# gives: [True, None, None, 2]

### codecs_kept
import codecs
class Solution:
    def f(self, n):
        before = tried(lambda: codecs.lookup("left"), lambda: codecs.lookup_error("left"))
        codecs.register(lambda name: codecs.lookup("utf-8") if name == "left" else None)
        codecs.register_error("left", lambda e: ("", e.end))
        return before
# gives: 'LookupError LookupError'

### site_and_path_files
# What an interpreter runs when it starts, left in the folder: none starts there, and the folder is empty again.
# writes
import builtins, os, site
class Solution:
    def f(self, n):
        before = [os.listdir("."), hasattr(builtins, "left"), "." in __import__("sys").path]
        for name in ("sitecustomize.py", "usercustomize.py", "left.pth", "pyvenv.cfg", "conftest.py", "marshal.py", "_sitebuiltins.py"):
            open(name, "w").write("import builtins; builtins.left = 1\n")
        site.addsitedir(".")
        return [*before, builtins.left]
# gives: [[], False, False, 1]

### types_kept
import ctypes, gc
class Solution:
    def f(self, n):
        before = "left" in vars(int)
        gc.get_referents(int.__dict__)[0]["left"] = 1
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(int))
        return [before, "left" in vars(int)]
# gives: [False, True]

### memory_that_is_shared
# What the zygote mapped before it forked is this process's own copy: writing to it changes nothing for the next.
import ctypes
class Solution:
    def f(self, n):
        flags = ctypes.c_int.in_dll(ctypes.pythonapi, "Py_VerboseFlag")
        before, flags.value = flags.value, 0
        libc = ctypes.CDLL(None)
        libc.getenv.restype = ctypes.c_char_p
        left = libc.getenv(b"LEFT")
        libc.setenv(b"LEFT", b"42", 1)
        return [before, left is None]
# gives: [0, True]
