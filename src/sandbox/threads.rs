//! Threads of a response: the kernel asks for leave to start each (see [`crate::confine::ask_for_threads`]), and here it is given,
//! so many times.

use rustix::io::Errno;
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};

/// Threads that a response, or a test's judge, may start in all: what solutions need, and too few to harm the machine.
const MOST: usize = 128;

/// The kernel's questions about the children of a zygote.
pub(crate) struct Threads {
    pub listener: OwnedFd,
    /// How many each process has started, of the present response and its tests' judges: none can use up another's.
    started: BTreeMap<u32, usize>,
}

/// `struct seccomp_notif`: id, process and flags, then the system call.
type Question = [u64; 10];

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
/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE`: the system call is made as it was asked for. Its flags came by value: nothing that the
/// response changes meanwhile makes another call of it.
const CONTINUE: u32 = 1;

impl Threads {
    pub(crate) fn new(listener: OwnedFd) -> Self {
        Self { listener, started: BTreeMap::new() }
    }

    /// Another response: what earlier ones have started does not count.
    pub(crate) fn begin(&mut self) {
        self.started.clear();
    }

    /// Answers the question that is there. One whose asker is gone needs no answer.
    pub(crate) fn answer(&mut self) {
        let mut question: Question = [0; 10];
        // SAFETY: the kernel fills in the 80 bytes that it is given.
        if unsafe { libc::ioctl(self.listener.as_raw_fd(), RECEIVE as _, question.as_mut_ptr()) } < 0 {
            return;
        }
        // Its low half is the thread that asks, which waits meanwhile.
        let leave = process_of(question[1] as u32).is_some_and(|process| {
            let started = self.started.entry(process).or_default();
            *started += 1;
            *started <= MOST
        });
        let (error, flags) = if leave { (0, CONTINUE) } else { (-Errno::AGAIN.raw_os_error(), 0) };
        let answer = Answer { id: question[0], value: 0, error, flags };
        // SAFETY: the kernel reads the 24 bytes that it is given.
        unsafe { libc::ioctl(self.listener.as_raw_fd(), SEND as _, &answer) };
    }
}

/// The process that a thread is of.
fn process_of(thread: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}
