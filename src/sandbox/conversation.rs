//! What the parent asks a child, what the child answers, and what its end means. Everything a child sends is hostile: a
//! frame that was not asked for, or that does not carry the nonce of its question, ends the conversation.

use crate::step::Step;
use crate::zygote::{End, Zygote};
use crate::{Ending, Job, Limits, Observed, Probe, Returned, Value, marshal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::rand::{GetRandomFlags, getrandom};
use std::collections::VecDeque;
use std::io::{Error, Result};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

const NONCE: usize = 8;
const HEAD: usize = NONCE + 5;
/// A child that has closed its link is about to end: its exit takes a millisecond, more where much memory is given back or
/// the machine is loaded.
const GRACE: Duration = Duration::from_secs(20);
/// The share of its CPU time that a child has to use in each stretch of `Limits::wall`: one that uses less sleeps.
const AT_WORK: f64 = 0.2;
/// Bytes of one read.
const CHUNK: usize = 1 << 16;

/// Questions; the numbers are those of `child.py`.
#[derive(Clone, Copy)]
enum Ask {
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
enum Said {
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
        [Compiled, Syntax, Value, Raised, Memory, Asks, Broken, Done].get(usize::from(byte)).copied()
    }
}

/// Why a conversation ended before its last question was answered.
enum Stop {
    /// The child closed its link: it is gone, or goes.
    Closed,
    Late,
    /// It said what it was not asked, or too much.
    Nonsense,
    Infrastructure(Error),
}

impl From<Errno> for Stop {
    fn from(e: Errno) -> Self {
        match e {
            Errno::PIPE | Errno::CONNRESET => Self::Closed,
            e => Self::Infrastructure(e.into()),
        }
    }
}

type Heard<T> = std::result::Result<T, Stop>;

/// It would be the same at every try.
#[derive(Debug, thiserror::Error)]
#[error("the data set's setup code raised")]
pub struct SetupRaised;

/// A forked child and the two streams that it has.
struct Child {
    pid: i32,
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
    stdout: Vec<u8>,
    stdout_open: bool,
}

impl Child {
    fn fork(zygote: &mut Zygote, job: &Job, limits: &Limits) -> Result<Self> {
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
    fn ask(&mut self, what: Ask, body: &[u8]) -> Heard<[u8; NONCE]> {
        let mut nonce = [0; NONCE];
        getrandom(&mut nonce, GetRandomFlags::empty())?;
        self.pending.push_back(what as u8);
        self.pending.extend((body.len() as u32).to_le_bytes());
        self.pending.extend(nonce);
        self.pending.extend(body);
        Ok(nonce)
    }

    /// The next answer, to the question with this nonce; meanwhile questions go out and printed text comes in.
    fn hear(&mut self, zygote: &mut Zygote, nonce: [u8; NONCE]) -> Heard<(Said, Vec<u8>)> {
        // While nothing was asked of it, it was the parent, or the other child, that took the time.
        self.deadline += self.answered.elapsed();
        let heard = self.next(zygote, nonce);
        self.answered = Instant::now();
        heard
    }

    fn next(&mut self, zygote: &mut Zygote, nonce: [u8; NONCE]) -> Heard<(Said, Vec<u8>)> {
        loop {
            if let Some(head) = self.received.first_chunk::<HEAD>() {
                let length =
                    u32::from_le_bytes([head[NONCE + 1], head[NONCE + 2], head[NONCE + 3], head[NONCE + 4]]) as usize;
                let said = Said::from_byte(head[NONCE]).ok_or(Stop::Nonsense)?;
                if head[..NONCE] != nonce || length > self.limits.answer_bytes {
                    return Err(Stop::Nonsense);
                }
                if self.received.len() >= HEAD + length {
                    let rest = self.received.split_off(HEAD + length);
                    let body = std::mem::replace(&mut self.received, rest).split_off(HEAD);
                    return Ok((said, body));
                }
            }
            // What lies there already was said in time.
            let before = self.total;
            self.exchange()?;
            if self.total == before && Instant::now() >= self.deadline {
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
    fn exchange(&mut self) -> Heard<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let wanted = if self.pending.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let wait = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let (on_link, on_out) = {
            let mut watched = vec![PollFd::new(&self.link, wanted)];
            if self.stdout_open {
                watched.push(PollFd::new(&self.out, PollFlags::IN));
            }
            match poll(&mut watched, Some(&wait)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
            (watched[0].revents(), watched.get(1).map_or(PollFlags::empty(), PollFd::revents))
        };
        if !on_out.is_empty() {
            self.read_stdout()?;
        }
        if on_link.contains(PollFlags::OUT) {
            match send(&self.link, self.pending.as_slices().0, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(sent) => drop(self.pending.drain(..sent)),
                Err(Errno::AGAIN | Errno::INTR) => {}
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
    fn drain(&mut self) -> Heard<()> {
        while self.stdout_open {
            self.read_stdout()?;
        }
        Ok(())
    }
}

/// Runs a job in a fresh child.
///
/// # Errors
/// Only when the infrastructure failed: the job is to be tried again.
pub fn run(zygote: &mut Zygote, job: &Job, limits: &Limits) -> Result<Observed> {
    let mut seen = Observed::nothing(Ending::Graded, job);
    let mut child = Child::fork(zygote, job, limits)?;
    zygote.reached(Step::Forked);
    let mut memory = false;
    let stop = talk(zygote, &mut child, job, limits, &mut seen, &mut memory).err();
    if let Some(Stop::Infrastructure(e)) = stop {
        let _ = zygote.reap(child.pid, Duration::ZERO);
        return Err(e);
    }
    zygote.reached(Step::Ended);
    let grace = if matches!(stop, Some(Stop::Closed)) { GRACE } else { Duration::ZERO };
    let end = zygote.reap(child.pid, grace)?;
    child.drain().map_err(|_| Error::other("standard output cannot be read"))?;
    seen.stdout = String::from_utf8_lossy(&child.stdout).into_owned();
    seen.cpu_seconds = end.cpu;
    seen.ending = ending(stop.as_ref(), &end, seen.compiles, memory, limits)?;
    seen.left = stop.and(end.exit.filter(|_| !end.killed && seen.ending == Ending::Graded));
    seen.files = end.files;
    zygote.reached(Step::Reaped);
    Ok(seen)
}

/// What the way in which a child ended says about the response.
fn ending(stop: Option<&Stop>, end: &End, compiles: bool, memory: bool, limits: &Limits) -> Result<Ending> {
    const NOT_CONFINED: i32 = 99;
    const HARNESS_FAILED: i32 = 70;
    // The kernel looks at the limit tick by tick, so a child killed for it may have used a little less.
    let spent = end.cpu > limits.cpu_seconds as f64 - 0.1;
    let killed = end.signal == Some(libc::SIGKILL);
    Ok(match stop {
        Some(Stop::Late) => Ending::Timeout,
        _ if end.signal == Some(libc::SIGXCPU) || (killed && !end.killed && spent) => Ending::Timeout,
        Some(Stop::Nonsense) => Ending::Crashed,
        // Nothing inside can send this signal: it came from outside, or the machine is out of memory.
        Some(Stop::Closed) if killed && !end.killed => return Err(Error::other("the child was killed from outside")),
        // Only before the response's code has run: afterwards it is a status like any other.
        Some(Stop::Closed) if !compiles && end.exit == Some(NOT_CONFINED) => {
            return Err(Error::other("the child was not confined"));
        }
        _ if memory => Ending::Memory,
        Some(Stop::Closed) if end.killed || end.exit.is_none_or(|code| code == HARNESS_FAILED) => Ending::Crashed,
        _ => Ending::Graded,
    })
}

fn talk(
    zygote: &mut Zygote,
    child: &mut Child,
    job: &Job,
    limits: &Limits,
    seen: &mut Observed,
    memory: &mut bool,
) -> Heard<()> {
    let mut note = |said: Said| *memory |= said == Said::Memory;
    let load = child.ask(Ask::Load, &parts(&[&job.setup, &job.source]))?;
    // All calls go out at once: a response may read what it will be asked, never what the answer should be.
    let calls: Vec<_> = job
        .calls
        .iter()
        .map(|c| child.ask(Ask::Call, &parts(&[if c.report { "1" } else { "" }, &c.method, &c.arguments])))
        .collect::<Heard<_>>()?;
    match child.hear(zygote, load)?.0 {
        Said::Compiled => {
            seen.compiles = true;
            zygote.reached(Step::Compiled);
        }
        Said::Syntax => return Ok(()),
        Said::Memory => {
            note(Said::Memory);
            return Ok(());
        }
        Said::Broken => return Err(Stop::Infrastructure(Error::other(SetupRaised))),
        _ => return Err(Stop::Nonsense),
    }
    note(child.hear(zygote, load)?.0);
    for (i, nonce) in calls.into_iter().enumerate() {
        let (said, body) = child.hear(zygote, nonce)?;
        note(said);
        if said == Said::Value {
            seen.values[i] = returned(&body, job.calls[i].report);
        }
        zygote.reached(Step::Answered);
    }
    for (i, test) in job.judged.iter().enumerate() {
        // Instances of `Solution` are numbered: each test has its own.
        seen.judged[i] = judge(zygote, child, job, limits, test, i << 20)?;
    }
    if let Some(probe) = &job.probe {
        let (what, body) = match probe {
            Probe::Attribute(name) => (Ask::Attribute, name.clone().into_bytes()),
            Probe::WithStub { function, method } => (Ask::Stub, parts(&[function, method])),
            Probe::EqualsAnything => (Ask::Equals, vec![]),
        };
        let nonce = child.ask(what, &body)?;
        let (said, body) = child.hear(zygote, nonce)?;
        note(said);
        seen.probe = Some(said == Said::Value && matches!(marshal::decode(&body), Some(Value::Bool(true))));
    }
    let end = child.ask(Ask::End, &[])?;
    match child.hear(zygote, end)?.0 {
        Said::Done => Ok(()),
        _ => Err(Stop::Nonsense),
    }
}

fn returned(body: &[u8], report: bool) -> Option<Returned> {
    let value = marshal::decode(body)?;
    if !report {
        return Some(Returned { value, arguments: vec![] });
    }
    match value {
        Value::List(both) => match <[Value; 2]>::try_from(both).ok()? {
            [value, Value::List(arguments)] => Some(Returned { value, arguments }),
            _ => None,
        },
        _ => None,
    }
}

/// Runs a test in a child of its own and carries its calls to the response's child and the answers back. What passes
/// through is decoded and encoded again here, so that only plain values reach the judge.
fn judge(
    zygote: &mut Zygote,
    response: &mut Child,
    job: &Job,
    limits: &Limits,
    test: &str,
    first: usize,
) -> Heard<bool> {
    let mut judge = Child::fork(zygote, &Job::default(), limits).map_err(Stop::Infrastructure)?;
    let nonce = judge.ask(Ask::Judge, &parts(&[&job.setup, test, &first.to_string()]))?;
    let held = loop {
        let (said, body) = match judge.hear(zygote, nonce) {
            Ok(heard) => heard,
            Err(Stop::Infrastructure(e)) => break Err(Stop::Infrastructure(e)),
            // A judge that a hostile value has worn out has not said that the test holds.
            Err(_) => break Ok(false),
        };
        match (said, marshal::decode(&body)) {
            (Said::Asks, Some(question)) => match relay(zygote, response, &question) {
                Ok(answer) => drop(judge.ask(Ask::Apply, &answer)?),
                Err(stop) => break Err(stop),
            },
            (Said::Value, Some(Value::Bool(held))) => break Ok(held),
            _ => break Ok(false),
        }
    };
    zygote.reap(judge.pid, Duration::ZERO).map_err(Stop::Infrastructure)?;
    held
}

/// One method call of the stand-in; the answer is empty if the response raised or gave no plain value.
fn relay(zygote: &mut Zygote, response: &mut Child, question: &Value) -> Heard<Vec<u8>> {
    let mut bytes = vec![];
    marshal::encode(question, &mut bytes);
    let nonce = response.ask(Ask::Apply, &bytes)?;
    let (said, body) = response.hear(zygote, nonce)?;
    let mut answer = vec![];
    if let (Said::Value, Some(value)) = (said, marshal::decode(&body)) {
        marshal::encode(&value, &mut answer);
    }
    Ok(answer)
}

/// Byte strings, each behind its length.
fn parts(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|t| (t.len() as u32).to_le_bytes().into_iter().chain(t.bytes())).collect()
}
