# Using up what others need: processor, memory, disk, descriptors, the parent's patience.

### fork_bomb
import os
class Solution:
    def f(self, n):
        made = 0
        try:
            while True:
                os.fork()
                made += 1
        except OSError: return made
# gives: 0

### thread_bomb
# So many threads and no more, however short they live.
import threading
class Solution:
    def f(self, n):
        made = 0
        try:
            while True:
                threading.Thread(target=lambda: None).start()
                made += 1
        except RuntimeError: return made
# gives: 128

### thread_bomb_of_small_stacks
# They wait for ever, and go with the process.
import threading
class Solution:
    def f(self, n):
        threading.stack_size(32768)
        made, gate = 0, threading.Lock()
        gate.acquire()
        try:
            while True:
                threading.Thread(target=gate.acquire, daemon=True).start()
                made += 1
        except RuntimeError: return made
# gives: 128

### questions_without_end
# Each is one that the kernel puts to whoever grades.
# slow
# ends: timeout
import os
class Solution:
    def f(self, n):
        while True:
            try: os.kill(1, 0)
            except OSError: pass

### busy_loop
# ends: timeout
# slow
class Solution:
    def f(self, n):
        while True: pass

### busy_loop_at_import
# ends: timeout
# slow
while True: pass

### busy_loop_that_ignores_signals
# ends: timeout
# slow
import signal
for s in range(1, 65):
    try: signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True:
    try: 1 + 1
    except BaseException: pass

### sleep
# ends: timeout
# slow
import time
class Solution:
    def f(self, n): time.sleep(1e6)

### wait_for_input
# Standard input is empty.
class Solution:
    def f(self, n): return tried(input)
# gives: 'EOFError'

### wait_for_a_lock
# ends: timeout
# slow
import threading
class Solution:
    def f(self, n):
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()

### memory_at_once
# ends: memory
class Solution:
    def f(self, n): return len(bytearray(10 << 30))

### memory_by_and_by
# ends: memory
# slow
class Solution:
    def f(self, n):
        held = []
        while True: held.append(bytes(16 << 20))

### memory_error_caught
class Solution:
    def f(self, n):
        try: bytearray(10 << 30)
        except MemoryError: return 0
# gives: 0

### memory_by_mapping
import mmap
class Solution:
    def f(self, n): return tried(lambda: mmap.mmap(-1, 4 << 30))
# gives: 'ENOMEM'

### disk
# writes
class Solution:
    def f(self, n):
        def act():
            with open("big", "wb") as file:
                while True: file.write(b"x" * (1 << 16))
        return tried(act)
# gives: 'EFBIG'

### many_files
# writes
# needs: tmpfs
import os
class Solution:
    def f(self, n):
        def act():
            for i in range(10_000): open(str(i), "w").close()
        return tried(act)
# gives: 'ENOSPC'

### large_files_full_of_control_characters
# What is reported of them has to fit into one message.
# writes
class Solution:
    def f(self, n):
        for i in range(40): open(chr(1) * 200 + str(i), "wb").write(bytes(16_000))
        return 0
# gives: 0

### descriptors
import os
class Solution:
    def f(self, n):
        def act():
            while True: os.dup(0)
        return tried(act)
# gives: 'EMFILE'

### output_flood
class Solution:
    def f(self, n):
        for _ in range(200): print("x" * 100_000)
        return 0
# gives: 0

### output_flood_without_end
# ends: timeout
# slow
class Solution:
    def f(self, n):
        while True: print("x" * 100_000)

### deep_recursion
class Solution:
    def f(self, n): return self.f(n)

### deep_recursion_without_a_limit
# Later versions count calls from C too and raise.
# python: 3.9 3.10 3.11
# ends: crashed
import sys
sys.setrecursionlimit(10**9)
class Solution:
    def f(self, n): return list(map(self.f, [n]))

### deep_recursion_without_a_limit_since_3_12
# python: 3.12 3.13
import sys
sys.setrecursionlimit(10**9)
class Solution:
    def f(self, n): return list(map(self.f, [n]))

### huge_integer
# Sixteen million bits arrive, and are not equal.
class Solution:
    def f(self, n): return (1 << (1 << 24)) * 0 + 1
# gives: 1

### huge_integer_returned
# slow
class Solution:
    def f(self, n): return 1 << (1 << 24)
# gives: any

### integer_as_text
# ends: timeout
# slow
import sys
getattr(sys, "set_int_max_str_digits", lambda n: None)(0)
class Solution:
    def f(self, n): return str(7 ** (1 << 22))

### huge_string
# ends: crashed
# slow
class Solution:
    def f(self, n): return "x" * (100 << 20)

### regular_expression_blow_up
# ends: timeout
# slow
import re
class Solution:
    def f(self, n): return re.fullmatch("(a+)+b", "a" * 60)

### pipe_deadlock
# The child floods the link with answers that nobody asked for.
# ends: crashed
import os
class Solution:
    def f(self, n):
        while True: os.write(3, b"\0" * 65536)

### endless_iterator
import itertools
class Solution:
    def f(self, n): return itertools.count()

### endless_list_of_itself
class Solution:
    def f(self, n):
        a = []
        a.append(a)
        return a

### shared_references
# Small here, two to the sixtieth when written out.
# ends: timeout
# slow
class Solution:
    def f(self, n):
        x = [1]
        for _ in range(60): x = [x, x]
        return x

### endless_linked_list
class Node: pass
class Solution:
    def f(self, n):
        node = Node()
        node.val, node.next = 1, node
        return node

### endlessly_deep_list
class Solution:
    def f(self, n):
        x = []
        for _ in range(100_000): x = [x]
        return x

### many_equal_keys
class Solution:
    def f(self, n): return {1: 2, 1.0: 3, True: 4}
# gives: {1: 4}

### nested_source
# fails to compile
class Solution:
    def f(self, n): return 0
x = (((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))

### many_small_values
# A byte here, some thirty in the process that compares.
# gives: any
class Solution:
    def f(self, n): return [None] * 1_000_000

### an_answer_that_never_ends
# It says how long its answer is and then takes its time, byte by byte.
# ends: timeout
# slow
import os, struct, time
class Solution:
    def f(self, n):
        frame = sys._getframe()
        while "nonce" not in frame.f_locals: frame = frame.f_back
        os.write(3, frame.f_locals["nonce"] + struct.pack("<BI", 3, 1 << 20))
        while True:
            os.write(3, b"N")
            time.sleep(0.001)

### standard_streams_closed
import os
for fd in (0, 1, 2): os.close(fd)
class Solution:
    def f(self, n):
        print("all tests passed")
        return 0
# gives: 0

### priority_and_place
class Solution:
    def f(self, n):
        return tried(raw("sched_setscheduler", 0, 1, 0), raw("sched_setaffinity", 0, 8, 0), raw("ioprio_set", 1, 0, 0), raw("mlockall", 3), raw("mlock", 0, 4096),
                     raw("migrate_pages", 0, 0, 0, 0))
# gives: 'EPERM EPERM EPERM EPERM EPERM EPERM'

### memory_that_is_poisoned
# With the right to, this takes pages from the machine for good. Without the feature it means nothing.
class Solution:
    def f(self, n):
        said = tried(*(raw("madvise", ctypes.c_void_p(0x10000), 4096, advice) for advice in (100, 101))).split()
        return [s for s in said if s not in ("EPERM", "EINVAL")]
# gives: []
