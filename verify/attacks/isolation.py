# Getting out: network, files, other processes, the kernel's larger doors.

### network_of_every_family
import socket
class Solution:
    def f(self, n):
        families = [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_PACKET, 40, 38]
        return tried(*(lambda f=f: socket.socket(f, socket.SOCK_DGRAM) for f in families))
# gives: 'EPERM EPERM EPERM EPERM EPERM EPERM EPERM'

### network_by_name
import socket, urllib.request
class Solution:
    def f(self, n): return tried(lambda: socket.create_connection(("127.0.0.1", 22)), socket.socketpair)
# gives: 'EPERM EPERM'

### the_link_as_a_socket
# It is one, but only reading and writing is allowed: no descriptor can be sent or asked for.
import socket
class Solution:
    def f(self, n): return tried(lambda: socket.socket(fileno=os.dup(3)), lambda: socket.socket(1, 1, 0, fileno=os.dup(3)).send(b""))
# gives: 'EPERM EPERM'

### writes_outside
import os
class Solution:
    def f(self, n):
        return tried(*(lambda p=p: open(p, "w") for p in ("/tmp/x", "/dev/shm/x", "/var/tmp/x", "/root/x", "/proc/self/comm", "x")))
# gives: 'EPERM EPERM EPERM EPERM EPERM EPERM'

### writes_outside_where_files_are_the_loophole
# writes
import os
class Solution:
    def f(self, n):
        return tried(*(lambda p=p: open(p, "w") for p in ("/tmp/x", "/dev/shm/x", "/var/tmp/x", "/root/x", "/proc/self/comm", "../x")))
# gives: 'EACCES EACCES EACCES EACCES EACCES DONE'

### changes_outside
import os
class Solution:
    def f(self, n):
        return tried(lambda: os.unlink("/tmp/x"), lambda: os.rename("/tmp/x", "/tmp/y"), lambda: os.chmod("/tmp", 0o777),
                     lambda: os.truncate("/etc/passwd", 0), lambda: os.link("/etc/passwd", "x"), lambda: os.utime("/tmp"),
                     lambda: os.mknod("x"), lambda: os.chown("/tmp", 0, 0), lambda: os.setxattr("/tmp", "user.x", b""))
# gives: 'EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM'

### reads_outside
import os
class Solution:
    def f(self, n):
        paths = ("/etc/passwd", "/etc/group", "/proc/self/status", "/proc/1/environ", "/proc/meminfo", "/bin/sh", "/dev/zero", "/dev/full")
        return tried(*(lambda p=p: open(p, "rb").read(1) for p in paths))
# gives: 'EACCES EACCES EACCES EACCES EACCES EACCES EACCES EACCES'

### lists_outside
import os
class Solution:
    def f(self, n): return tried(*(lambda p=p: os.listdir(p) for p in ("/", "/tmp", "/root", "/home", "/proc", "/work", "/usr/bin", "/etc")))
# gives: 'EACCES EACCES EACCES EACCES EACCES EACCES EACCES EACCES'

### reads_through_the_library_folder
import os
class Solution:
    def f(self, n):
        folder = os.path.dirname(os.__file__)
        return tried(lambda: open(folder + "/.." * 20 + "/etc/passwd"), lambda: os.listdir(folder + "/../../.."))
# gives: 'EACCES EACCES'

### opens_by_handle_and_tree
class Solution:
    def f(self, n):
        return tried(raw("open_by_handle_at", -100, 0, 0), raw("open_tree", -100, b"/", 0), raw("fsopen", b"tmpfs", 0), raw("openat2", -100, b"/etc/passwd", 0, 24))
# gives: 'EPERM EPERM EPERM EPERM'

### mounts_and_namespaces
class Solution:
    def f(self, n):
        return tried(raw("mount", b"none", b"/tmp", b"tmpfs", 0, 0), raw("unshare", 0x10000000), raw("setns", 3, 0), raw("pivot_root", b".", b"."),
                     raw("chroot", b"."))
# gives: 'EPERM EPERM EPERM EPERM EPERM'

### kills_others
import os, signal
class Solution:
    def f(self, n):
        return tried(lambda: os.kill(1, 9), lambda: os.kill(-1, 9), lambda: os.killpg(0, 9), raw("tgkill", 1, 1, 9), raw("tkill", 1, 9),
                     raw("pidfd_send_signal", 0, 9, 0, 0))
# gives: 'EPERM EPERM EPERM EPERM EPERM EPERM'

### signals_by_descriptor
import fcntl, os
class Solution:
    def f(self, n): return tried(lambda: fcntl.fcntl(3, fcntl.F_SETOWN, 1), lambda: fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC))
# gives: 'EPERM EPERM'

### traces_others
import os
class Solution:
    def f(self, n):
        return tried(raw("ptrace", 16, 1, 0, 0), raw("process_vm_writev", 1, 0, 0, 0, 0, 0), raw("kcmp", 1, 1, 0, 0, 0), raw("pidfd_open", 1, 0),
                     raw("pidfd_getfd", 0, 0, 0))
# gives: 'EPERM EPERM EPERM EPERM EPERM'

### io_uring
class Solution:
    def f(self, n): return tried(raw("io_uring_setup", 1, ctypes.create_string_buffer(256)))
# gives: 'EPERM'

### the_kernels_larger_doors
class Solution:
    def f(self, n):
        return tried(raw("bpf", 0, 0, 0), raw("perf_event_open", 0, 0, 0, 0, 0), raw("userfaultfd", 0), raw("init_module", 0, 0, 0),
                     raw("kexec_load", 0, 0, 0, 0), raw("reboot", 0, 0, 0, 0), raw("fanotify_init", 0, 0), raw("inotify_init1", 0))
# gives: 'EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM'

### rules_of_its_own
class Solution:
    def f(self, n):
        return tried(raw("prctl", 22, 0, 0, 0, 0), raw("prctl", 38, 0, 0, 0, 0), raw("seccomp", 1, 0, 0), raw("landlock_create_ruleset", 0, 0, 0),
                     raw("setuid", 0))
# gives: 'EPERM EPERM EPERM EPERM EPERM'

### leave_that_only_the_zygote_gets
# Whoever grades answers for the kernel, by who asks: not a response, nor a thread of it, whatever it has said before.
import threading
class Solution:
    def f(self, n):
        said = []
        def ask():
            said.append(tried(raw("prctl", 38, 1, 0, 0, 0), raw("prctl", 1, 0, 0, 0, 0), raw("prlimit64", 0, 0, 0, 0), raw("kill", 1, 0),
                              raw("wait4", -1, 0, 0, 0), raw("pidfd_open", 1, 0), raw("recvmsg", 3, 0, 0), raw("unlinkat", -100, b"x", 0)))
        ask()
        other = threading.Thread(target=ask)
        other.start()
        other.join()
        return " ".join(said)
# gives: 'EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM'

### terminal_injection
class Solution:
    def f(self, n): return tried(raw("ioctl", 0, 0x5412, b"x"), lambda: open("/dev/tty", "w"))
# gives: 'EPERM EPERM'

### a_32_bit_system_call
# Another table of numbers: the kernel kills.
# arch: x86_64
# ends: crashed
import ctypes, mmap
class Solution:
    def f(self, n):
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()

### the_x32_table
# arch: x86_64
# gives: 'EPERM'
class Solution:
    def f(self, n):
        def act():
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.syscall(0x40000000 + 57) < 0: raise OSError(ctypes.get_errno(), "x32")
        return tried(act)

### programs_and_shells
import os, subprocess
class Solution:
    def f(self, n): return [tried(lambda: subprocess.run(["true"]), lambda: os.posix_spawn("/bin/true", ["true"], {})), os.system("true") != 0]
# gives: ['EPERM EPERM', True]

### descriptors_through_proc
# Only its own can be opened again, and a socket cannot. Those of others cannot even be named.
import os
class Solution:
    def f(self, n):
        return tried(lambda: open("/proc/self/fd/3"), lambda: open("/proc/1/fd/0"), lambda: os.readlink("/proc/1/exe"), lambda: os.readlink("/proc/1/cwd"),
                     lambda: os.listdir("/proc/self/fd"), lambda: open("/proc/self/fd/1", "w"))
# gives: 'ENXIO EACCES EACCES EACCES EACCES EPERM'

### descriptors_through_proc_where_files_are_the_loophole
# writes
import os
class Solution:
    def f(self, n):
        return tried(*(lambda p=p: open(p, "w") for p in ("/proc/self/fd/0", "/proc/self/fd/3", "/proc/self/mem", "/proc/self/comm", "/proc/1/fd/1")))
# gives: 'EACCES ENXIO EACCES EACCES EACCES'

### folders_as_descriptors
# A path may be held without reading it, but nothing is read or entered by it.
import os
class Solution:
    def f(self, n):
        root = os.open("/", os.O_PATH)
        return tried(lambda: os.open("etc/passwd", os.O_RDONLY, dir_fd=root), lambda: os.listdir(root), lambda: os.fchdir(root),
                     lambda: os.unlink("tmp/x", dir_fd=root), raw("execveat", root, b"bin/true", 0, 0, 0))
# gives: 'EACCES EBADF EPERM EPERM EPERM'

### devices_and_kernel_files
# writes
class Solution:
    def f(self, n):
        paths = ("/dev/mem", "/dev/kmem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/ptmx", "/dev/pts/0", "/dev/sda", "/dev/vda", "/dev/nvidia0",
                 "/dev/nvidiactl", "/dev/dri/card0", "/dev/tty", "/dev/console", "/dev/shm/x", "/proc/kcore", "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern",
                 "/proc/keys", "/proc/self/oom_score_adj", "/proc/self/attr/current", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/cgroup.procs",
                 "/sys/fs/cgroup/release_agent", "/sys/kernel/debug/x", "/run/docker.sock", "/var/run/docker.sock")
        said = tried(*(lambda p=p, m=m: open(p, m) for p in paths for m in ("rb", "r+b"))).split()
        return [s for s in said if s not in ("EACCES", "ENOENT", "ENXIO")]
# gives: []

### identities_and_capabilities
class Solution:
    def f(self, n):
        return tried(raw("setresuid", 0, 0, 0), raw("setresgid", 0, 0, 0), raw("setgroups", 0, 0), raw("capset", 0, 0), raw("setfsuid", 0), raw("prctl", 47, 2, 21, 0, 0))
# gives: 'EPERM EPERM EPERM EPERM EPERM EPERM'

### calls_of_a_socket_on_the_link
class Solution:
    def f(self, n):
        calls = ("sendmsg", "recvmsg", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "getpeername", "accept4", "connect")
        return set(tried(*(raw(name, 3, 0, 0, 0, 0, 0) for name in calls)).split())
# gives: {'EPERM'}

### descriptors_of_other_kinds
class Solution:
    def f(self, n):
        calls = ("pipe2", "eventfd2", "signalfd4", "timerfd_create", "epoll_create1", "splice", "tee", "vmsplice", "sendfile", "copy_file_range")
        return set(tried(*(raw(name, 0, 0, 0, 0, 0, 0) for name in calls)).split())
# gives: {'EPERM'}

### the_kernels_newer_doors
class Solution:
    def f(self, n):
        calls = ("io_uring_enter", "io_uring_register", "move_mount", "fsconfig", "fsmount", "fspick", "mount_setattr", "process_madvise", "process_mrelease",
                 "landlock_add_rule", "landlock_restrict_self", "pidfd_getfd", "futex_waitv", "cachestat", "quotactl_fd", "openat2", "memfd_secret")
        return set(tried(*(raw(name, 0, 0, 0, 0, 0, 0) for name in calls)).split())
# gives: {'EPERM'}

### the_processors_own_doors
# arch: x86_64
class Solution:
    def f(self, n):
        numbers = (154, 158, 172, 173, 163, 153, 179, 180)  # modify_ldt, arch_prctl, iopl, ioperm, acct, vhangup, quotactl, nfsservctl
        def by(number):
            def act():
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.syscall(number, 0, 0, 0, 0) < 0: raise OSError(ctypes.get_errno(), "")
            return act
        return set(tried(*map(by, numbers)).split())
# gives: {'EPERM'}

### numbers_out_of_range
# The upper half of a number is cut off by the kernel and by the filter alike: this is `fork`.
# arch: x86_64
class Solution:
    def f(self, n):
        def by(number):
            def act():
                libc = ctypes.CDLL(None, use_errno=True)
                libc.syscall.restype = ctypes.c_long
                if libc.syscall(ctypes.c_long(number), 0, 0, 0, 0) < 0: raise OSError(ctypes.get_errno(), "")
            return act
        return set(tried(by(57 + (1 << 32)), by((1 << 31) + 57), by(10_000), by(0x40000000), by(0x40000000 + 520)).split())
# gives: {'EPERM'}

### threads_that_are_none
# Leave to start a thread is no leave to start a process, or a thread in namespaces of its own.
class Solution:
    def f(self, n):
        thread = 0x10f00
        flags = (0x10000, 0x10100, thread & ~0x800, thread | 0x10000000, thread | 0x20000, thread | 0x40000000, 0x4100 | 17)
        return set(tried(*(raw("clone", f, 0, 0, 0, 0) for f in flags)).split())
# gives: {'EPERM'}
