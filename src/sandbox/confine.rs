//! The two layers that the kernel is told in its own language: which files a response may touch (Landlock) and which
//! system calls it may make (seccomp). Both are built here and put in force by the zygote.

use crate::Python;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// What a response may do with files: read Python's, or also write into its own folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// Files are opened for reading only.
    #[default]
    Read,
    /// Files may also be made, written and truncated, in the job's own folder alone.
    Write,
}

/// Paths beside Python's own that a computation may read.
const READABLE: [&str; 4] = ["/dev/null", "/dev/urandom", "/etc/ld.so.cache", "/usr/share/zoneinfo"];

/// A Landlock domain: reading below Python's folders, files below `work`, no TCP, no signals or abstract sockets to
/// processes outside. `None` on a kernel without Landlock.
///
/// Rights that an older kernel does not know are left out; what then stands open is closed by the seccomp filter.
pub fn landlock(python: &Python, work: &Path) -> Result<Option<OwnedFd>, RulesetError> {
    let abi = ABI::V6;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    for path in python.reads.iter().map(PathBuf::as_path).chain(READABLE.map(Path::new)) {
        if let Ok(file) = PathFd::new(path) {
            let access = if path.is_dir() { AccessFs::ReadFile | AccessFs::ReadDir } else { AccessFs::ReadFile.into() };
            rules = rules.add_rule(PathBeneath::new(file, access))?;
        }
    }
    if let Ok(folder) = PathFd::new(work) {
        let reading = AccessFs::ReadFile | AccessFs::ReadDir;
        let writing = AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
        rules = rules.add_rule(PathBeneath::new(folder, reading | writing))?;
    }
    Ok(rules.into())
}

/// What a computation in CPython needs once its descriptors are open. Everything else (exec, sockets, ptrace, mounts, new namespaces)
/// fails with EPERM, but for what is asked about; a system call of another architecture kills.
const COMPUTE: &[i64] = &[
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

/// What this process is asked about each time, and answers by who asks (see `supervisor`): the zygote's own work, what a child does
/// before the response's code runs, and threads.
const ASKED: &[i64] = &[
    libc::SYS_clone,
    libc::SYS_kill,
    libc::SYS_pidfd_open,
    libc::SYS_prctl,
    libc::SYS_prlimit64,
    libc::SYS_recvmsg,
    libc::SYS_unlinkat,
    libc::SYS_wait4,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
];

/// Calls that open a file, with the place of their flags among the arguments: whoever opens one to write is asked about.
const OPENING: &[(i64, u32)] = &[
    (libc::SYS_openat, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1),
];
const WRITING: i32 = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC;

/// The seccomp program that has the kernel ask, as the bytes that `seccomp(2)` takes. Whatever else passes it is for [`pass`] to judge.
///
/// `clone3`, whose flags no filter can read, is not there: C libraries then use `clone`.
pub fn ask() -> Vec<u8> {
    const LOAD: u16 = 0x20;
    const EQUAL: u16 = 0x15;
    const ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    // Where `struct seccomp_data` has them.
    const ARCHITECTURE: u32 = 4;
    const NUMBER: u32 = 0;
    const ARGUMENTS: u32 = 16;
    let this = if cfg!(target_arch = "aarch64") { 0xc000_00b7 } else { 0xc000_003e };
    let notify = (RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF);
    let allow = (RETURN, 0, 0, libc::SECCOMP_RET_ALLOW);
    let mut program = vec![(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, this), allow, (LOAD, 0, 0, NUMBER)];
    for &call in ASKED {
        program.extend([(EQUAL, 0, 1, call as u32), notify]);
    }
    for &(call, flags) in OPENING {
        let load_flags = (LOAD, 0, 0, ARGUMENTS + 8 * flags);
        program.extend([(EQUAL, 0, 4, call as u32), load_flags, (ANY_BIT, 0, 1, WRITING as u32), notify, allow]);
    }
    program.extend([
        (EQUAL, 0, 1, libc::SYS_clone3 as u32),
        (RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
        allow,
    ]);
    bytes(program)
}

/// The seccomp program that says what is there at all, as the bytes that `PR_SET_SECCOMP` takes; for behind [`ask`].
pub fn pass() -> Result<Vec<u8>, seccompiler::BackendError> {
    let whole = COMPUTE.iter().chain(ASKED).copied().chain(OPENING.iter().map(|&(call, _)| call));
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        whole.chain([libc::SYS_clone3]).map(|call| (call, vec![])).collect();
    // Descriptors may be asked about and marked, not made to send signals (F_SETOWN) or to lock files of others.
    let questions = [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD, libc::F_DUPFD_CLOEXEC];
    let asks = questions.iter().map(|&command| {
        let command = SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, command as u64)?;
        SeccompRule::new(vec![command])
    });
    rules.insert(libc::SYS_fcntl, asks.collect::<Result<_, _>>()?);
    let architecture = std::env::consts::ARCH.try_into()?;
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let program: BpfProgram = SeccompFilter::new(rules, refuse, SeccompAction::Allow, architecture)?.try_into()?;
    Ok(bytes(program.iter().map(|i| (i.code, i.jt, i.jf, i.k))))
}

/// Instructions as the kernel reads them: what is done, where to go on if it holds and if not, a constant.
fn bytes(program: impl IntoIterator<Item = (u16, u8, u8, u32)>) -> Vec<u8> {
    let instruction =
        |(code, jt, jf, k): (u16, u8, u8, u32)| code.to_ne_bytes().into_iter().chain([jt, jf]).chain(k.to_ne_bytes());
    program.into_iter().flat_map(instruction).collect()
}
