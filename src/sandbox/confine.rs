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

impl Files {
    pub(crate) fn filter(self) -> &'static str {
        match self {
            Self::Read => "compute",
            Self::Write => "write",
        }
    }
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

/// What a computation in CPython needs once its descriptors are open. Everything else (fork, exec, kill, sockets, ptrace,
/// mounts, new namespaces, changing limits; threads, unless they are counted) fails with EPERM; a system call of another architecture kills.
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

/// The flags of a thread; a process of its own lacks the last.
const THREAD: i32 = libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
/// Those of namespaces, which no thread may bring.
const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// A seccomp program, in front of the other, that asks this process for leave to start a thread: the kernel's own limits do not
/// hold for root. `clone3`, whose flags no filter can read, is not there: C libraries then use `clone`.
pub fn ask_for_threads() -> Vec<u8> {
    const LOAD: u16 = 0x20;
    const EQUAL: u16 = 0x15;
    const ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    let (architecture, number, first_argument) = (4, 0, 16);
    let this = if cfg!(target_arch = "aarch64") { 0xc000_00b7 } else { 0xc000_003e };
    let absent = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
    let program: [(u16, u8, u8, u32); 10] = [
        (LOAD, 0, 0, architecture),
        (EQUAL, 0, 5, this),
        (LOAD, 0, 0, number),
        (EQUAL, 5, 0, libc::SYS_clone3 as u32),
        (EQUAL, 0, 2, libc::SYS_clone as u32),
        (LOAD, 0, 0, first_argument),
        (ANY_BIT, 1, 0, libc::CLONE_THREAD as u32),
        (RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
        (RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
        (RETURN, 0, 0, absent),
    ];
    program
        .iter()
        .flat_map(|&(code, jt, jf, k)| code.to_ne_bytes().into_iter().chain([jt, jf]).chain(k.to_ne_bytes()))
        .collect()
}

/// The seccomp program for `files`, as the bytes that `PR_SET_SECCOMP` takes; with `threads`, it is for behind
/// [`ask_for_threads`].
pub fn seccomp(files: Files, threads: bool) -> Result<Vec<u8>, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = COMPUTE.iter().map(|&call| (call, vec![])).collect();
    let argument = |index: u8, op: SeccompCmpOp, value: i32| {
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, op, value as u64 & 0xffff_ffff)
    };
    // Descriptors may be asked about and marked, not made to send signals (F_SETOWN) or to lock files of others.
    let questions = [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD, libc::F_DUPFD_CLOEXEC];
    let asks = questions.iter().map(|&command| SeccompRule::new(vec![argument(1, SeccompCmpOp::Eq, command)?]));
    rules.insert(libc::SYS_fcntl, asks.collect::<Result<_, _>>()?);
    if threads {
        let thread = argument(0, SeccompCmpOp::MaskedEq((THREAD | NAMESPACES) as u64 & 0xffff_ffff), THREAD)?;
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![thread])?]);
        rules.insert(libc::SYS_clone3, vec![]);
    }
    let (opening, writing) = (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC, libc::O_RDONLY);
    let mut open = |call: i64, flags: u8| {
        let only_reading = argument(flags, SeccompCmpOp::MaskedEq(opening as u64), writing)?;
        let allowed = if files == Files::Write { vec![] } else { vec![SeccompRule::new(vec![only_reading])?] };
        rules.insert(call, allowed);
        Ok::<_, seccompiler::BackendError>(())
    };
    open(libc::SYS_openat, 2)?;
    #[cfg(target_arch = "x86_64")]
    open(libc::SYS_open, 1)?;
    let architecture = std::env::consts::ARCH.try_into()?;
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let program: BpfProgram = SeccompFilter::new(rules, refuse, SeccompAction::Allow, architecture)?.try_into()?;
    Ok(program
        .iter()
        .flat_map(|i| i.code.to_ne_bytes().into_iter().chain([i.jt, i.jf]).chain(i.k.to_ne_bytes()))
        .collect())
}
