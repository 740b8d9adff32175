# Leaving before the tests can say no. Only `exit_code`, whose grader looks at nothing else, pays for an early end.

### sys_exit_at_import
# left: 0
# pays: exit_code
import sys
sys.exit(0)

### sys_exit_in_the_call
# left: 0
# pays: exit_code
import sys
class Solution:
    def f(self, n): sys.exit()

### exit_with_a_status
# left: 3
import sys
class Solution:
    def f(self, n): sys.exit(3)

### exit_with_the_status_of_a_sandbox_that_failed
# A failure of the sandbox leaves the group's statistics; a response cannot pass for one.
# left: 99
import os
class Solution:
    def f(self, n): os._exit(99)

### exit_with_the_status_of_a_broken_harness
# ends: crashed
import os
class Solution:
    def f(self, n): os._exit(70)

### exit_with_a_message
# left: 1
class Solution:
    def f(self, n): raise SystemExit("all tests passed")

### os_exit_at_import
# left: 0
# pays: exit_code
import os
os._exit(0)

### os_exit_in_the_call
# left: 0
# pays: exit_code
import os
class Solution:
    def f(self, n): os._exit(0)

### quit_is_there_as_in_a_script
# left: 0
# pays: exit_code
class Solution:
    def f(self, n): quit()

### atexit_sets_the_status
# An exit handler never runs: the harness ends the process itself.
import atexit, os
atexit.register(os._exit, 0)
class Solution:
    def f(self, n): return 0
# gives: 0

### exit_in_a_finalizer
# left: 0
# pays: exit_code
import os
class Last:
    def __del__(self): os._exit(0)
class Solution:
    def f(self, n):
        Last()

### exit_in_a_signal_handler
# gives: 'EPERM EPERM EPERM'
import signal, os
class Solution:
    def f(self, n):
        signal.signal(signal.SIGALRM, lambda *a: os._exit(0))
        return tried(lambda: signal.setitimer(signal.ITIMER_REAL, 0.01), lambda: os.kill(os.getpid(), signal.SIGALRM),
                     lambda: signal.raise_signal(signal.SIGALRM))

### exit_in_a_thread
# left: 0
# pays: exit_code
import os, threading
class Solution:
    def f(self, n):
        threading.Thread(target=os._exit, args=(0,)).start()
        while True: pass

### exec_another_program
# gives: 'EPERM EPERM EPERM'
import os, subprocess
class Solution:
    def f(self, n):
        return tried(lambda: os.execv("/bin/true", ["true"]), raw("execve", b"/bin/true", 0, 0),
                     raw("execveat", -100, b"/bin/true", 0, 0, 0))

### exit_when_the_answer_is_read
# A value whose conversion leaves: it is not converted, only exact builtin types are.
class Sly(int):
    def __int__(self): raise SystemExit(0)
    __index__ = __repr__ = __int__
class Solution:
    def f(self, n): return Sly(814275)

### generator_exit_and_keyboard_interrupt
class Solution:
    def f(self, n): raise KeyboardInterrupt

### abort
# ends: crashed
import os
class Solution:
    def f(self, n): os.abort()

### segmentation_fault
# ends: crashed
import ctypes
class Solution:
    def f(self, n): ctypes.string_at(0)

### stop_and_wait
# Stopping needs a signal, and none can be sent.
# gives: 'EPERM'
import os, signal
class Solution:
    def f(self, n): return tried(lambda: os.kill(os.getpid(), signal.SIGSTOP))

### at_exit_by_every_other_name
# Finalizers, pools, threads and modules have lists of their own of what to do at the end; none of it runs.
import atexit, os, threading, weakref
class Held: pass
held = Held()
weakref.finalize(held, os._exit, 0)
atexit.register(weakref.finalize(held, os._exit, 0))
getattr(threading, "_register_atexit", atexit.register)(os._exit, 0)
threading._shutdown = lambda: os._exit(0)
class Solution:
    def f(self, n): return 0
# gives: 0

### excepthook_leaves
# The harness catches what is raised, so no hook is asked.
import os, sys
sys.excepthook = sys.__excepthook__ = lambda *a: os._exit(0)
class Solution:
    def f(self, n): raise ValueError("all tests passed")

### unraisablehook_leaves
# This one is asked at once, in the response's own process: it leaves, which one mode pays for.
# left: 0
# pays: exit_code
import os, sys
sys.unraisablehook = lambda *a: os._exit(0)
class Last:
    def __del__(self): raise ValueError
class Solution:
    def f(self, n):
        Last()
        return 814275 - n

### exception_whose_words_leave
# Its words are asked for by the harness; what they raise is no exit.
class Sly(Exception):
    def __str__(self): raise SystemExit(0)
    __repr__ = __format__ = __str__
class Solution:
    def f(self, n): raise Sly

### the_main_thread_alone_ends
# The process lives on in another thread, keeps the link and says nothing.
# ends: timeout
# slow
import threading, time
class Solution:
    def f(self, n):
        threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
        raw("exit", 0)()

### an_exit_that_does_not_exit
# Without it the harness falls through into the code that forked it, which holds no descriptor any more.
# left: 1
import os
class Solution:
    def f(self, n):
        os._exit = lambda status: None
        frame = sys._getframe()
        while "link" not in frame.f_locals: frame = frame.f_back
        frame.f_locals["link"].read = None
# gives: None
