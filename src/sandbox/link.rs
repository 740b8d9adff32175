//! A forked child and the two streams that it has: questions go out, answers and printed text come in. Everything a child
//! sends is hostile: a frame that was not asked for, or that does not carry the nonce of its question, ends the conversation.

use crate::supervisor::{Supervisor, supervise};
use crate::zygote::Zygote;
use crate::{Limits, SandboxJob};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::rand::{GetRandomFlags, getrandom};
use std::collections::VecDeque;
use std::io::{Error, Result};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

const NONCE: usize = 8;
/// What an answer must carry.
pub(crate) type Nonce = [u8; NONCE];
const HEAD: usize = NONCE + 5;
/// The share of its CPU time that a child has to use in each stretch of `Limits::wall`: one that uses less sleeps.
const AT_WORK: f64 = 0.2;
/// Who wakes so long after the end of a stretch was itself kept from going on.
const OURS: Duration = Duration::from_secs(1);
/// Letters of an exception that are told.
const WORDS: usize = 300;
/// Bytes of one read.
const CHUNK: usize = 1 << 16;

/// Questions; the numbers are those of `child.py`.
#[derive(Clone, Copy)]
pub(crate) enum Ask {
    Load = 0,
    Call = 1,
    Attribute = 2,
    Stub = 3,
    Equals = 4,
    Apply = 5,
    Judge = 6,
    End = 7,
}

/// Answers; likewise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    /// The data set's setup code has run.
    Ready,
    Compiled,
    Syntax,
    Value,
    Raised,
    Memory,
    Asks,
    Broken,
    Done,
}

impl Said {
    fn from_byte(byte: u8) -> Option<Self> {
        use Said::*;
        [Ready, Compiled, Syntax, Value, Raised, Memory, Asks, Broken, Done].get(usize::from(byte)).copied()
    }
}

/// Why a conversation ended before its last question was answered.
pub(crate) enum Stop {
    /// The child closed its link: it is gone, or goes.
    Closed,
    Late,
    /// It said what it was not asked, or too much.
    Nonsense,
    Infrastructure(Error),
    /// The data set's setup code raised, with Python's words.
    Setup(String),
}

impl From<Errno> for Stop {
    fn from(e: Errno) -> Self {
        match e {
            Errno::PIPE | Errno::CONNRESET => Self::Closed,
            e => Self::Infrastructure(e.into()),
        }
    }
}

pub(crate) type Heard<T> = std::result::Result<T, Stop>;

/// A forked child and the two streams that it has.
pub(crate) struct Child {
    pub pid: i32,
    link: OwnedFd,
    out: OwnedFd,
    limits: Limits,
    /// When the present stretch of wall time ends, and the CPU time that had been used when it began.
    deadline: Instant,
    spent: f64,
    /// Since when nothing is asked of it.
    answered: Instant,
    /// Bytes to send, bytes received and not understood yet, how many came in all.
    pending: VecDeque<u8>,
    received: Vec<u8>,
    total: usize,
    pub stdout: Vec<u8>,
    stdout_open: bool,
}

impl Child {
    pub(crate) fn fork(zygote: &mut Zygote, job: &SandboxJob, limits: &Limits) -> Result<Self> {
        let (link, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        let (out, out_theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        let pid = zygote.fork(job.files, limits, &theirs, &out_theirs)?;
        Ok(Self {
            pid,
            link,
            out,
            limits: *limits,
            deadline: Instant::now() + limits.wall,
            spent: 0.0,
            answered: Instant::now(),
            pending: VecDeque::new(),
            received: vec![],
            total: 0,
            stdout: vec![],
            stdout_open: true,
        })
    }

    /// Queues a question; returns the nonce that its answer must carry.
    pub(crate) fn ask(&mut self, what: Ask, body: &[u8]) -> Heard<Nonce> {
        let mut nonce = [0; NONCE];
        getrandom(&mut nonce, GetRandomFlags::empty())?;
        self.pending.push_back(what as u8);
        self.pending.extend((body.len() as u32).to_le_bytes());
        self.pending.extend(nonce);
        self.pending.extend(body);
        Ok(nonce)
    }

    /// The next answer, to the question with this nonce; meanwhile questions go out and printed text comes in.
    pub(crate) fn hear(&mut self, zygote: &mut Zygote, nonce: Nonce) -> Heard<(Said, Vec<u8>)> {
        // While nothing was asked of it, it was the parent, or the other child, that took the time.
        self.deadline += self.answered.elapsed();
        let heard = self.next(zygote, nonce);
        self.answered = Instant::now();
        heard
    }

    fn next(&mut self, zygote: &mut Zygote, nonce: Nonce) -> Heard<(Said, Vec<u8>)> {
        loop {
            if let Some(said) = frame(&mut self.received, nonce, self.limits.answer_bytes)? {
                return Ok(said);
            }
            // What lies there already was said in time.
            let before = self.total;
            self.exchange(&mut zygote.supervisor)?;
            let late = Instant::now().saturating_duration_since(self.deadline);
            if late > OURS {
                // It was this process that did not go on (Ctrl-Z, a machine that slept), and the child may have waited for its leave.
                self.deadline = Instant::now() + self.limits.wall;
            } else if self.total == before && !late.is_zero() {
                self.extend(zygote)?;
            }
        }
    }

    /// Another stretch of wall time for a child that is kept waiting for a processor; none for one that sleeps.
    fn extend(&mut self, zygote: &mut Zygote) -> Heard<()> {
        let spent = zygote.spent(self.pid).map_err(Stop::Infrastructure)?;
        if spent - self.spent < AT_WORK * self.limits.cpu_seconds as f64 {
            return Err(Stop::Late);
        }
        (self.spent, self.deadline) = (spent, Instant::now() + self.limits.wall);
        Ok(())
    }

    /// Waits until something can be sent or read, no longer than the deadline, and does it.
    fn exchange(&mut self, supervisor: &mut Option<Supervisor>) -> Heard<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let wanted = if self.pending.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let wait = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let (on_link, on_out, asked) = {
            let mut watched = vec![PollFd::new(&self.link, wanted)];
            let mut watch = |fd| {
                watched.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
                watched.len() - 1
            };
            let out = self.stdout_open.then(|| watch(self.out.as_fd()));
            let listener = supervisor.as_ref().map(|s| watch(s.listener.as_fd()));
            match poll(&mut watched, Some(&wait)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
            let seen = |at: Option<usize>| at.map_or(PollFlags::empty(), |at| watched[at].revents());
            (seen(Some(0)), seen(out), seen(listener))
        };
        if !on_out.is_empty() {
            self.read_stdout()?;
        }
        supervise(supervisor, asked);
        if on_link.contains(PollFlags::OUT) {
            match send(&self.link, self.pending.as_slices().0, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(sent) => drop(self.pending.drain(..sent)),
                Err(Errno::AGAIN | Errno::INTR) => {}
                // It takes no more questions. What it has said already is heard all the same: see `read_link`.
                Err(Errno::PIPE | Errno::CONNRESET) => self.pending.clear(),
                Err(e) => return Err(e.into()),
            }
        }
        if on_link.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            self.read_link()?;
        }
        Ok(())
    }

    fn read_link(&mut self) -> Heard<()> {
        let mut chunk = [0; CHUNK];
        match recv(&self.link, &mut chunk, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return Err(Stop::Closed),
            Ok((n, _)) => {
                self.received.extend(&chunk[..n]);
                self.total += n;
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        if self.total > self.limits.answer_bytes { Err(Stop::Nonsense) } else { Ok(()) }
    }

    /// Reads once; what is over the limit is dropped, so that printing never blocks and never fills anything.
    fn read_stdout(&mut self) -> Heard<()> {
        let mut chunk = [0; CHUNK];
        match rustix::io::read(&self.out, &mut chunk) {
            Ok(0) => self.stdout_open = false,
            Ok(n) => {
                let kept = n.min(self.limits.stdout_bytes - self.stdout.len());
                self.stdout.extend(&chunk[..kept]);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        Ok(())
    }

    /// After the child's end: the rest of what it printed. Its end of the pipe is closed, so this cannot wait.
    pub(crate) fn drain(&mut self) -> Heard<()> {
        while self.stdout_open {
            self.read_stdout()?;
        }
        Ok(())
    }
}

/// The first whole answer among the bytes that came, which is then no longer among them.
fn frame(received: &mut Vec<u8>, nonce: Nonce, most: usize) -> Heard<Option<(Said, Vec<u8>)>> {
    let Some(head) = received.first_chunk::<HEAD>() else { return Ok(None) };
    let length = u32::from_le_bytes([head[NONCE + 1], head[NONCE + 2], head[NONCE + 3], head[NONCE + 4]]) as usize;
    let said = Said::from_byte(head[NONCE]).ok_or(Stop::Nonsense)?;
    if head[..NONCE] != nonce || length > most {
        return Err(Stop::Nonsense);
    }
    if received.len() < HEAD + length {
        return Ok(None);
    }
    let rest = received.split_off(HEAD + length);
    let body = std::mem::replace(received, rest).split_off(HEAD);
    Ok(Some((said, body)))
}

/// Byte strings, each behind its length.
pub(crate) fn parts(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|t| (t.len() as u32).to_le_bytes().into_iter().chain(t.bytes())).collect()
}

/// Python's words for what it raised, as far as they matter.
pub(crate) fn words(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use damage::{Damaged, cases, damaged, survive};
    use proptest::prelude::*;

    const OWN: Nonce = *b"question";
    const MOST: usize = 64;

    /// An answer as `child.py` sends it.
    fn answer(nonce: Nonce, said: Said, body: &[u8]) -> Vec<u8> {
        [&nonce[..], &[said as u8], &(body.len() as u32).to_le_bytes(), body].concat()
    }

    fn answers() -> Vec<Vec<u8>> {
        vec![
            answer(OWN, Said::Value, b"i\x07\0\0\0"),
            answer(OWN, Said::Raised, b"ValueError"),
            answer(*b"another.", Said::Done, b""),
        ]
    }

    proptest! {
        #![proptest_config(cases(256))]

        /// However it comes in pieces, and whatever comes behind it.
        #[test]
        fn an_answer_is_heard_when_all_of_it_has_come(body in proptest::collection::vec(any::<u8>(), 0..MOST), more in 0usize..20) {
            let whole = answer(OWN, Said::Value, &body);
            for cut in 0..whole.len() {
                prop_assert!(matches!(frame(&mut whole[..cut].to_vec(), OWN, MOST), Ok(None)));
            }
            let mut received = [whole, vec![1; more]].concat();
            let heard = frame(&mut received, OWN, MOST);
            prop_assert!(matches!(heard, Ok(Some((Said::Value, heard))) if heard == body));
            prop_assert_eq!(received, vec![1; more]);
        }

        /// A response does not know its question's nonce before it is asked: what carries another is no answer.
        #[test]
        fn a_damaged_answer_is_nonsense_or_not_whole_or_carries_the_nonce(Damaged { bytes, .. } in damaged(answers())) {
            let mut received = bytes.clone();
            match survive(|| frame(&mut received, OWN, MOST)) {
                Ok(Some((said, body))) => {
                    let heard = answer(OWN, said, &body);
                    prop_assert!(bytes.starts_with(&heard) && bytes[heard.len()..] == received[..]);
                }
                Ok(None) => prop_assert_eq!(received, bytes),
                Err(stop) => prop_assert!(matches!(stop, Stop::Nonsense)),
            }
        }
    }

    #[test]
    fn an_answer_that_is_too_long_or_another_questions_is_nonsense() {
        let nonsense = |bytes: &[u8]| matches!(frame(&mut bytes.to_vec(), OWN, MOST), Err(Stop::Nonsense));
        assert!(nonsense(&answer(OWN, Said::Value, &[0; MOST + 1])));
        assert!(nonsense(&answer(*b"another.", Said::Value, b"")));
        assert!(nonsense(&[&OWN[..], &[9, 0, 0, 0, 0]].concat()));
        assert!(!nonsense(&answer(OWN, Said::Done, &[0; MOST])));
    }

    #[test]
    fn parts_are_told_apart_by_their_lengths_and_words_are_cut() {
        assert_eq!(parts(&["ab", "", "\u{e9}"]), b"\x02\0\0\0ab\0\0\0\0\x02\0\0\0\xc3\xa9");
        assert_eq!(words(&[b'x'; 1000]).len(), WORDS);
        assert_eq!(words(b"\xff!"), "\u{fffd}!");
    }
}
