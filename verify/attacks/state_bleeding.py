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
