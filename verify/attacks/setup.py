# What every attack may use: it stands where a data set's setup code stands.
import ctypes, errno, os, sys


def tried(*acts):
    """What came of each act: DONE, the name of an error number, or of an exception."""
    said = []
    for act in acts:
        try:
            act()
            said.append("DONE")
        except OSError as e:
            said.append(errno.errorcode.get(e.errno, str(e)))
        except BaseException as e:
            said.append(type(e).__name__)
    return " ".join(said)


def raw(name, *arguments):
    """A system call by number, as an act that fails as the kernel says."""
    def act():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(NUMBERS[name], *arguments) < 0:
            raise OSError(ctypes.get_errno(), name)
    return act


NUMBERS = {"clone3": 435, "io_uring_setup": 425, "pidfd_send_signal": 424, "pidfd_open": 434, "pidfd_getfd": 438,
           "open_tree": 428, "fsopen": 430, "landlock_create_ruleset": 444, "memfd_secret": 447, "io_uring_enter": 426,
           "io_uring_register": 427, "move_mount": 429, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
           "process_madvise": 440, "process_mrelease": 448, "landlock_add_rule": 445, "landlock_restrict_self": 446,
           "futex_waitv": 449, "cachestat": 451, "quotactl_fd": 443}
NUMBERS.update({
    "x86_64": dict(wait4=61, unlinkat=263, clone=56, fork=57, vfork=58, execve=59, kill=62, tgkill=234, tkill=200, ptrace=101, socket=41,
                   socketpair=53, process_vm_readv=310, process_vm_writev=311, bpf=321, mount=165, pivot_root=155,
                   chroot=161, unshare=272, setns=308, memfd_create=319, shmget=29, msgget=68, semget=64, keyctl=250,
                   add_key=248, request_key=249, perf_event_open=298, userfaultfd=323, prctl=157, seccomp=317,
                   prlimit64=302, setuid=105, setpriority=141, open_by_handle_at=304, kcmp=312, timer_create=222,
                   setitimer=38, mq_open=240, inotify_init1=294, fanotify_init=300, execveat=322, personality=135,
                   reboot=169, init_module=175, kexec_load=246, sethostname=170, ioctl=16, openat2=437, flock=73, exit=60, madvise=28,
                   sched_setscheduler=144, sched_setaffinity=203, ioprio_set=251, mlockall=151, mlock=149, migrate_pages=256,
                   setresuid=117, setresgid=119, setgroups=116, capset=126, setfsuid=122, sendmsg=46, recvmsg=47, sendto=44,
                   recvfrom=45, shutdown=48, setsockopt=54, getsockopt=55, getpeername=52, accept4=288, connect=42, pipe2=293,
                   eventfd2=290, signalfd4=289, timerfd_create=283, epoll_create1=291, splice=275, tee=276, vmsplice=278,
                   sendfile=40, copy_file_range=326),
    "aarch64": dict(wait4=260, unlinkat=35, clone=220, fork=220, vfork=220, execve=221, kill=129, tgkill=131, tkill=130, ptrace=117, socket=198,
                    socketpair=199, process_vm_readv=270, process_vm_writev=271, bpf=280, mount=40, pivot_root=41,
                    chroot=51, unshare=97, setns=268, memfd_create=279, shmget=194, msgget=186, semget=190, keyctl=219,
                    add_key=217, request_key=218, perf_event_open=241, userfaultfd=282, prctl=167, seccomp=277,
                    prlimit64=261, setuid=146, setpriority=140, open_by_handle_at=265, kcmp=272, timer_create=107,
                    setitimer=103, mq_open=180, inotify_init1=26, fanotify_init=262, execveat=281, personality=92,
                    reboot=142, init_module=105, kexec_load=104, sethostname=161, ioctl=29, openat2=437, flock=32, exit=93, madvise=233,
                    sched_setscheduler=119, sched_setaffinity=122, ioprio_set=30, mlockall=230, mlock=228, migrate_pages=238,
                    setresuid=147, setresgid=149, setgroups=159, capset=91, setfsuid=151, sendmsg=211, recvmsg=212, sendto=206,
                    recvfrom=207, shutdown=210, setsockopt=208, getsockopt=209, getpeername=205, accept4=242, connect=203, pipe2=59,
                    eventfd2=19, signalfd4=74, timerfd_create=85, epoll_create1=20, splice=76, tee=77, vmsplice=75,
                    sendfile=71, copy_file_range=285),
}[os.uname().machine])
