//! Every number of a system call, made from inside: exactly those pass that are named here. The list is written a second
//! time on purpose, so that a filter which lets more through, or less, has to say so in two places.

use sandbox::{Call, Files, Isolation, Limits, Observed, Pool, SandboxJob};
use std::collections::BTreeSet;

/// Beyond the last number of any kernel so far.
const NUMBERS: i64 = 520;

/// Makes a call by its number and says what came of it: `DONE`, or the name of an error.
const CALLER: &str = r#"
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
class Solution:
    def f(self, number, taken):
        said = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, taken))
        return errno.errorcode.get(ctypes.get_errno(), "?") if said == -1 else "DONE"
"#;

/// The same through the 32-bit door: `push rbx; mov eax, number; xor ebx, ebx; int 0x80; pop rbx; ret`.
#[cfg(target_arch = "x86_64")]
const CALLER_32: &str = r#"
import ctypes, mmap
class Solution:
    def f(self, number, taken):
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(bytes.fromhex("53b8") + number.to_bytes(4, "little") + bytes.fromhex("31dbcd805bc3"))
        return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"#;

/// Arguments that no call can mean, so that what passes the filter fails behind it.
const SENSELESS: &str = "[-1] * 6";

/// What every computation may ask. `fcntl`, `open`, `openat` and `clone` pass with some arguments alone.
const PASS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getcwd,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_times,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_membarrier,
    libc::SYS_restart_syscall,
    libc::SYS_fcntl,
    libc::SYS_openat,
    libc::SYS_clone,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_dup2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_select,
];

/// `uretprobe` and `uprobe`: newer kernels ask no filter about them (`seccomp_uprobe_exception` in kernel/seccomp.c). Where no
/// probe is set they do nothing but fail or end the caller.
const ASKED_OF_NO_FILTER: &[i64] = if cfg!(target_arch = "x86_64") { &[335, 336] } else { &[] };

fn pool() -> Pool {
    Pool::new(2, Limits::default(), Isolation::Required).expect("every mandatory layer")
}

/// Arguments with which a call that passes with some alone is let through, and then fails; for others senseless ones.
fn taken(number: i64) -> String {
    const THREAD: i32 = libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
    // Two answers into one place: the kernel starts no thread.
    const INTO_ONE_PLACE: i32 = 0x1000 | libc::CLONE_PARENT_SETTID;
    match number {
        libc::SYS_fcntl => format!("[-1, {}]", libc::F_GETFD),
        libc::SYS_openat => format!("[-1, 0, {}]", libc::O_RDONLY),
        libc::SYS_clone => format!("[{}, 0, 0, 0, 0]", THREAD | INTO_ONE_PLACE),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => format!("[0, {}]", libc::O_RDONLY),
        _ => SENSELESS.into(),
    }
}

/// Each call in a process of its own; what came of it.
fn made(source: &str, files: Files, calls: impl Iterator<Item = (i64, String)>) -> Vec<Observed> {
    let job = |(number, taken): (i64, String)| SandboxJob {
        source: source.into(),
        calls: vec![Call { method: "f".into(), arguments: format!("{number}, {taken}"), report: false }],
        files,
        ..SandboxJob::default()
    };
    pool().run_all(&calls.map(job).collect::<Vec<_>>())
}

/// What the call said; nothing where it ended its process.
fn said(seen: &Observed) -> String {
    seen.values[0].as_ref().map(|r| r.value.to_string()).unwrap_or_default()
}

fn is_refused(seen: &Observed) -> bool {
    said(seen) == "'EPERM'"
}

/// The list, as what is found is compared with.
fn listed() -> BTreeSet<i64> {
    PASS.iter().copied().collect()
}

/// Those of the numbers that are not refused, less those that no filter is asked about, and `clone3`, which has to be absent.
fn passing(files: Files, beyond: i64) -> BTreeSet<i64> {
    let seen = made(CALLER, files, (0..NUMBERS).map(|n| (n + beyond, taken(n))));
    let clone3 = &seen[libc::SYS_clone3 as usize];
    assert!(beyond == 1 << 30 || said(clone3) == "'ENOSYS'", "clone3 says {}", said(clone3));
    let apart = |n: i64| n == libc::SYS_clone3 || (ASKED_OF_NO_FILTER.contains(&n) && beyond != 1 << 30);
    (0..NUMBERS).filter(|&n| !apart(n) && !is_refused(&seen[n as usize])).collect()
}

#[test]
fn of_every_number_exactly_the_list_passes() {
    for files in [Files::Read, Files::Write] {
        assert_eq!(passing(files, 0), listed(), "{files:?}");
    }
}

/// The kernel cuts a number off at 32 bits, and so must the filter.
#[test]
fn a_number_with_more_bits_is_the_number_without_them() {
    assert_eq!(passing(Files::Read, 1 << 32), listed());
}

#[cfg(target_arch = "x86_64")]
#[test]
fn none_of_the_x32_table_passes() {
    let found = passing(Files::Read, 1 << 30);
    assert!(found.is_empty(), "{found:?}");
    let odd = [-1, -2, -512, i64::from(i32::MAX), i64::from(i32::MIN), NUMBERS + 500, 1 << 31];
    let seen = made(CALLER, Files::Read, odd.into_iter().map(|n| (n, SENSELESS.into())));
    assert!(seen.iter().all(is_refused), "{:?}", seen.iter().map(said).collect::<Vec<_>>());
}

#[cfg(target_arch = "x86_64")]
#[test]
fn every_32_bit_call_kills() {
    let seen = made(CALLER_32, Files::Read, (0..NUMBERS).step_by(8).map(|n| (n, "[]".into())));
    for (i, seen) in seen.iter().enumerate() {
        let reason = seen.reason.as_deref();
        assert_eq!(reason, Some("a system call of another architecture"), "number {}: {:?}", 8 * i, seen.ending);
    }
}

/// Of `fcntl` only the questions, of opening only for reading, of `clone` only what a thread is.
#[test]
fn a_call_that_passes_with_some_arguments_is_refused_with_all_others() {
    let commands = (0..64).chain(1024..1064);
    let seen = made(CALLER, Files::Read, commands.clone().map(|c| (libc::SYS_fcntl, format!("[-1, {c}]"))));
    let asked: Vec<i32> = commands.zip(&seen).filter(|(_, seen)| !is_refused(seen)).map(|(c, _)| c).collect();
    assert_eq!(asked, [libc::F_DUPFD, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD_CLOEXEC]);

    let opening = |files: Files| {
        let seen = made(CALLER, files, (0..23).map(|bit| (libc::SYS_openat, format!("[-1, 0, {}]", 1 << bit))));
        (0..23).filter(|&bit| is_refused(&seen[bit])).map(|bit| 1 << bit).collect::<Vec<i32>>()
    };
    let mut writing = vec![libc::O_WRONLY, libc::O_RDWR, libc::O_CREAT, libc::O_TRUNC];
    writing.sort_unstable();
    assert_eq!(opening(Files::Read), writing);
    assert_eq!(opening(Files::Write), [0i32; 0]);

    let thread = [libc::CLONE_VM, libc::CLONE_FS, libc::CLONE_FILES, libc::CLONE_SIGHAND, libc::CLONE_THREAD];
    let all: i32 = thread.iter().sum();
    let namespaces = [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
    ];
    let without = thread.iter().map(|flag| all & !flag);
    let with = namespaces.iter().map(|flag| all | flag);
    let flags: Vec<i32> = without.chain(with).chain([0, libc::SIGCHLD, libc::CLONE_VM | libc::CLONE_VFORK]).collect();
    let seen = made(CALLER, Files::Read, flags.iter().map(|f| (libc::SYS_clone, format!("[{f}, 0, 0, 0, 0]"))));
    let let_through: Vec<&i32> =
        flags.iter().zip(&seen).filter(|(_, seen)| !is_refused(seen)).map(|(f, _)| f).collect();
    assert!(let_through.is_empty(), "clone passes with {let_through:x?}");
}
