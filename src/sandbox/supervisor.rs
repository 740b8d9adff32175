//! What depends on who asks, and so on nothing that a filter could know: the kernel stops whoever makes such a system call and asks this
//! process for leave (`seccomp_unotify(2)`; [`crate::confine::ask`] says for which calls).
//!
//! Children are forked under the zygote's own filters and install none, for each filter is compiled under a lock of the whole machine.

use crate::Files;
use rustix::event::PollFlags;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, OwnedFd};

/// Threads that a response, or a test's judge, may start in all: what solutions need, and too few to harm the machine.
const MOST_THREADS: usize = 128;

/// The kernel's questions about a zygote and its children.
pub(crate) struct Supervisor {
    pub listener: OwnedFd,
    /// The first that ever asked: nothing else ran under these filters then. It may do all that they let through.
    zygote: Option<u32>,
    /// What a child that has not asked yet may do with files.
    files: Files,
    /// Those of the present response, the response's own and its tests' judges.
    children: BTreeMap<u32, Child>,
}

/// A process that the zygote has forked.
struct Child {
    files: Files,
    /// Whether it has said that it is ready: until then it is the harness's own code that asks.
    sealed: bool,
    threads: usize,
}

/// What an asker is told: that the kernel may go on, or why not.
type Leave = std::result::Result<(), Errno>;

/// `struct seccomp_notif`.
#[repr(C)]
#[derive(Default)]
struct Question {
    id: u64,
    /// Who asks, which waits meanwhile.
    thread: u32,
    flags: u32,
    call: i32,
    architecture: u32,
    instruction: u64,
    arguments: [u64; 6],
}

/// `struct seccomp_notif_resp`.
#[repr(C)]
struct Answer {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

/// `_IOWR('!', 0, struct seccomp_notif)` and `_IOWR('!', 1, struct seccomp_notif_resp)`.
const RECEIVE: u64 = 0xc050_2100;
const SEND: u64 = 0xc018_2101;
/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE`: the system call is made as it was asked for. What is decided here is decided by numbers that came
/// by value: nothing that a response changes meanwhile makes another call of it.
const CONTINUE: u32 = 1;

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

/// Does what polling the listener says: nothing, an answer, or the supervisor's end, for nobody is left who could ask. It ends as well
/// where this process cannot find out who asks: the kernel then refuses everything, the child cannot be reaped, and the job is tried again.
pub(crate) fn supervise(supervisor: &mut Option<Supervisor>, seen: PollFlags) {
    let goes_on = match supervisor {
        Some(supervisor) if seen.contains(PollFlags::IN) => supervisor.answer().is_ok(),
        _ => !seen.intersects(PollFlags::HUP | PollFlags::NVAL),
    };
    if !goes_on {
        *supervisor = None;
    }
}

impl Supervisor {
    pub(crate) fn new(listener: OwnedFd) -> Self {
        Self { listener, zygote: None, files: Files::Read, children: BTreeMap::new() }
    }

    /// Another response: the processes of earlier ones are gone.
    pub(crate) fn begin(&mut self) {
        self.children.clear();
    }

    /// What the child that is forked next may do with files.
    pub(crate) fn expect(&mut self, files: Files) {
        self.files = files;
    }

    /// Answers the question that is there. One whose asker is gone needs no answer.
    fn answer(&mut self) -> Result<()> {
        let mut question = Question::default();
        // SAFETY: the kernel fills in the 80 bytes that it is given.
        if unsafe { libc::ioctl(self.listener.as_raw_fd(), RECEIVE as _, &mut question) } < 0 {
            return Ok(());
        }
        let (error, flags) = match self.decide(&question)? {
            Ok(()) => (0, CONTINUE),
            Err(error) => (-error.raw_os_error(), 0),
        };
        let answer = Answer { id: question.id, value: 0, error, flags };
        // SAFETY: the kernel reads the 24 bytes that it is given.
        while unsafe { libc::ioctl(self.listener.as_raw_fd(), SEND as _, &answer) } < 0
            && Error::last_os_error().kind() == ErrorKind::Interrupted
        {}
        Ok(())
    }

    fn decide(&mut self, question: &Question) -> Result<Leave> {
        if *self.zygote.get_or_insert(question.thread) == question.thread {
            return Ok(Ok(()));
        }
        let Some(process) = process_of(question.thread)? else { return Ok(Err(Errno::PERM)) };
        let fresh = Child { files: self.files, sealed: false, threads: 0 };
        Ok(self.children.entry(process).or_insert(fresh).decide(question))
    }
}

impl Child {
    fn decide(&mut self, question: &Question) -> Leave {
        let first = question.arguments[0] as i32;
        match i64::from(question.call) {
            libc::SYS_prctl | libc::SYS_prlimit64 if !self.sealed => {
                // It is set long since: to set it once more is the word for being ready.
                self.sealed = i64::from(question.call) == libc::SYS_prctl && first == libc::PR_SET_NO_NEW_PRIVS;
                Ok(())
            }
            libc::SYS_clone if first & (THREAD | NAMESPACES) == THREAD => {
                self.threads += 1;
                if self.threads <= MOST_THREADS { Ok(()) } else { Err(Errno::AGAIN) }
            }
            // Only opening for writing is asked about.
            libc::SYS_openat if self.files == Files::Write => Ok(()),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_open if self.files == Files::Write => Ok(()),
            _ => Err(Errno::PERM),
        }
    }
}

/// The process that a thread is of; nothing if it is gone.
fn process_of(thread: u32) -> Result<Option<u32>> {
    let status = match std::fs::read_to_string(format!("/proc/{thread}/status")) {
        Err(e) if e.kind() == ErrorKind::NotFound || e.raw_os_error() == Some(libc::ESRCH) => return Ok(None),
        status => status?,
    };
    let process = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    Ok(process.and_then(|process| process.trim().parse().ok()))
}
