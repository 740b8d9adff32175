//! Threads of a response: the kernel asks for leave to start each (see [`crate::confine::ask_for_threads`]), and here it is given,
//! so many times.

use rustix::io::Errno;
use std::os::fd::{AsRawFd, OwnedFd};

/// Threads that a response may start in all: what solutions need, and too few to harm the machine.
const MOST: usize = 128;

/// The kernel's questions about the children of a zygote.
pub(crate) struct Threads {
    pub listener: OwnedFd,
    /// By the present response and its tests' judges.
    started: usize,
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
        Self { listener, started: 0 }
    }

    /// Another response: what earlier ones have started does not count.
    pub(crate) fn begin(&mut self) {
        self.started = 0;
    }

    /// Answers the question that is there. One whose asker is gone needs no answer.
    pub(crate) fn answer(&mut self) {
        let mut question: Question = [0; 10];
        // SAFETY: the kernel fills in the 80 bytes that it is given.
        if unsafe { libc::ioctl(self.listener.as_raw_fd(), RECEIVE as _, question.as_mut_ptr()) } < 0 {
            return;
        }
        self.started += 1;
        let leave = self.started <= MOST;
        let (error, flags) = if leave { (0, CONTINUE) } else { (-Errno::AGAIN.raw_os_error(), 0) };
        let answer = Answer { id: question[0], value: 0, error, flags };
        // SAFETY: the kernel reads the 24 bytes that it is given.
        unsafe { libc::ioctl(self.listener.as_raw_fd(), SEND as _, &answer) };
    }
}
