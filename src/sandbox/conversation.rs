//! One grading: what the parent asks a child, and what the child's end means.
//!
//! In this order is decided whose an end is:
//! 1. the **machine's**, tried again: a signal that only others can send, a child that was not confined, one whose
//!    harness failed or that left by itself before the response was compiled;
//! 2. the **data's**, never tried again: setup code that raised, crashed, or used up its time; a test's judge likewise before
//!    it asked anything;
//! 3. the **response's**: everything else, a crash of the compiler included.

use crate::judge::{Test, judge};
use crate::link::{Ask, Child, Heard, Nonce, Said, Stop, parts, words};
use crate::step::Step;
use crate::supervisor::Supervisor;
use crate::zygote::{End, Zygote};
use crate::{Ending, Limits, Observed, Probe, Returned, SandboxJob, Value, marshal};
use std::io::Error;
use std::time::Duration;

/// A child that has closed its link is about to end: its exit takes a millisecond, more where much memory is given back or
/// the machine is loaded.
pub(crate) const GRACE: Duration = Duration::from_secs(20);

/// Why a job gave nothing.
pub(crate) enum Nothing {
    Machine(Error),
    Data(String),
}

impl From<Error> for Nothing {
    fn from(e: Error) -> Self {
        Self::Machine(e)
    }
}

/// How far a child has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Setup,
    Compiling,
    Running,
}

/// Runs a job in a fresh child.
pub(crate) fn run(zygote: &mut Zygote, job: &SandboxJob, limits: &Limits) -> Result<Observed, Nothing> {
    let mut seen = Observed::nothing(Ending::Graded, job);
    zygote.supervisor.iter_mut().for_each(Supervisor::begin);
    let mut child = Child::fork(zygote, job, limits)?;
    zygote.reached(Step::Forked);
    let mut talk = Talk { zygote, child: &mut child, job, limits, phase: Phase::Setup, memory: false };
    let stop = talk.all(&mut seen).err();
    let (phase, memory) = (talk.phase, talk.memory);
    match stop {
        Some(Stop::Infrastructure(e)) => {
            let _ = zygote.reap(child.pid, Duration::ZERO);
            return Err(e.into());
        }
        Some(Stop::Setup(words)) => {
            zygote.reap(child.pid, Duration::ZERO)?;
            return Err(Nothing::Data(format!("setup_code raised {words}")));
        }
        _ => {}
    }
    zygote.reached(Step::Ended);
    let grace = if matches!(stop, Some(Stop::Closed)) { GRACE } else { Duration::ZERO };
    let end = zygote.reap(child.pid, grace)?;
    child.drain().map_err(|_| Error::other("standard output cannot be read"))?;
    seen.stdout = String::from_utf8_lossy(&child.stdout).into_owned();
    seen.cpu_seconds = end.cpu;
    let (ending, reason) = Closing { stop: stop.as_ref(), end: &end, phase, memory, limits }.ending()?;
    seen.ending = ending;
    seen.left = stop.and(end.exit.filter(|_| !end.killed && ending == Ending::Graded));
    if let Some(status) = seen.left {
        seen.reason = Some(format!("it left with exit status {status} before it had answered"));
    }
    seen.reason = reason.map(String::from).or(seen.reason);
    seen.files = end.files;
    zygote.reached(Step::Reaped);
    Ok(seen)
}

/// How a child ended, and when.
struct Closing<'a> {
    stop: Option<&'a Stop>,
    end: &'a End,
    phase: Phase,
    memory: bool,
    limits: &'a Limits,
}

impl Closing<'_> {
    /// What it says about the response, and why.
    fn ending(&self) -> Result<(Ending, Option<&'static str>), Nothing> {
        // As a status it is the harness's own only before the response's code has run, or if that broke it.
        const HARNESS_FAILED: i32 = 70;
        let Self { stop, end, phase, memory, limits } = *self;
        let timeout = match stop {
            // Compiling waits for nothing.
            Some(Stop::Late) if phase == Phase::Compiling => {
                return Err(Error::other("the child does not go on while it compiles the response").into());
            }
            Some(Stop::Late) => Some("it waited for something that does not come"),
            _ if end.is_out_of_time(limits) => Some("its CPU time is used up"),
            _ => None,
        };
        if let (Some(why), Phase::Setup) = (timeout, phase) {
            return Err(Nothing::Data(format!("setup_code did not come to an end: {why}")));
        }
        Ok(match stop {
            _ if timeout.is_some() => (Ending::Timeout, timeout),
            Some(Stop::Nonsense) if phase == Phase::Setup => {
                return Err(Nothing::Data("setup_code broke the protocol".into()));
            }
            Some(Stop::Nonsense) => (Ending::Crashed, Some("it broke the protocol, or answered too much")),
            // Nothing inside can send such a signal: it came from outside, or the machine is out of memory.
            Some(Stop::Closed) if end.is_from_outside() => {
                return Err(Error::other("the child was killed from outside").into());
            }
            Some(Stop::Closed) if end.signal == Some(libc::SIGSEGV) && !Limits::stack_is_whole() => {
                return Err(
                    Error::other("it ran out of stack, which the machine's hard limit (ulimit -s) cuts short").into()
                );
            }
            // Nothing of the response has run yet, so it did not leave by itself.
            Some(Stop::Closed)
                if phase < Phase::Running && (end.is_harness() || phase > Phase::Setup && end.exit.is_some()) =>
            {
                return Err(Error::other(format!("the child ended before the response was compiled, {end}")).into());
            }
            Some(Stop::Closed) if phase == Phase::Setup => {
                return Err(Nothing::Data(format!("setup_code ended the interpreter, {end}")));
            }
            _ if memory => (Ending::Memory, Some("MemoryError")),
            Some(Stop::Closed) if end.killed || end.exit.is_none_or(|code| code == HARNESS_FAILED) => {
                (Ending::Crashed, Some(end.signal.map_or("it broke what runs it", signal)))
            }
            _ => (Ending::Graded, None),
        })
    }
}

/// The signals that a response may end by.
fn signal(number: i32) -> &'static str {
    match number {
        libc::SIGSEGV => "segmentation fault",
        libc::SIGABRT => "abort",
        libc::SIGBUS => "bus error",
        libc::SIGFPE => "arithmetic fault",
        libc::SIGILL => "illegal instruction",
        libc::SIGSYS => "a system call of another architecture",
        libc::SIGXFSZ => "a file grew too large",
        libc::SIGPIPE => "a broken pipe",
        _ => "a trap",
    }
}

/// The questions to one child.
struct Talk<'a> {
    zygote: &'a mut Zygote,
    child: &'a mut Child,
    job: &'a SandboxJob,
    limits: &'a Limits,
    phase: Phase,
    /// Whether it ever ran out of memory.
    memory: bool,
}

impl Talk<'_> {
    fn all(&mut self, seen: &mut Observed) -> Heard<()> {
        let job = self.job;
        let load = self.child.ask(Ask::Load, &parts(&[&job.setup, &job.source]))?;
        // All calls go out at once: a response may read what it will be asked, never what the answer should be.
        let report = |report: bool| if report { "1" } else { "" };
        let calls: Vec<_> = job
            .calls
            .iter()
            .map(|c| self.child.ask(Ask::Call, &parts(&[report(c.report), &c.method, &c.arguments])))
            .collect::<Heard<_>>()?;
        if !self.load(load, seen)? {
            return Ok(());
        }
        for (i, nonce) in calls.into_iter().enumerate() {
            let (said, body) = self.hear(nonce)?;
            match said {
                Said::Value => seen.values[i] = returned(&body, job.calls[i].report),
                _ => drop(seen.reason.get_or_insert(format!("call {} raised {}", i + 1, words(&body)))),
            }
            self.zygote.reached(Step::Answered);
        }
        for (i, test) in job.judged.iter().enumerate() {
            let test = Test { text: test, first: i << 20 };
            seen.judged[i] = judge(self.zygote, self.child, job, self.limits, &test)?;
        }
        if let Some(probe) = &job.probe {
            seen.probe = Some(self.probe(probe)?);
        }
        let end = self.child.ask(Ask::End, &[])?;
        match self.hear(end)?.0 {
            Said::Done => Ok(()),
            _ => Err(Stop::Nonsense),
        }
    }

    fn hear(&mut self, nonce: Nonce) -> Heard<(Said, Vec<u8>)> {
        let heard = self.child.hear(self.zygote, nonce)?;
        self.memory |= heard.0 == Said::Memory;
        Ok(heard)
    }

    /// Setup, compilation and the response's own top level; whether there is something to call.
    fn load(&mut self, nonce: Nonce, seen: &mut Observed) -> Heard<bool> {
        match self.hear(nonce)? {
            (Said::Ready, _) => self.phase = Phase::Compiling,
            (Said::Broken, body) => return Err(Stop::Setup(words(&body))),
            _ => return Err(Stop::Nonsense),
        }
        match self.hear(nonce)? {
            (Said::Compiled, _) => {
                (self.phase, seen.compiles) = (Phase::Running, true);
                self.zygote.reached(Step::Compiled);
            }
            (Said::Syntax, body) => {
                seen.reason = Some(format!("it does not compile: {}", words(&body)));
                return Ok(false);
            }
            (Said::Memory, _) => return Ok(false),
            _ => return Err(Stop::Nonsense),
        }
        let (said, body) = self.hear(nonce)?;
        if said == Said::Raised {
            seen.reason = Some(format!("it raised {} before any call", words(&body)));
        }
        Ok(true)
    }

    fn probe(&mut self, probe: &Probe) -> Heard<bool> {
        let (what, body) = match probe {
            Probe::Attribute(name) => (Ask::Attribute, name.clone().into_bytes()),
            Probe::WithStub { function, method } => (Ask::Stub, parts(&[function, method])),
            Probe::EqualsAnything => (Ask::Equals, vec![]),
        };
        let nonce = self.child.ask(what, &body)?;
        let (said, body) = self.hear(nonce)?;
        Ok(said == Said::Value && matches!(marshal::decode(&body), Some(Value::Bool(true))))
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

#[cfg(test)]
mod tests {
    use super::*;
    use damage::{cases, damaged, survive};
    use proptest::prelude::*;

    fn encoded(value: Value) -> Vec<u8> {
        let mut bytes = vec![];
        marshal::encode(&value, &mut bytes);
        bytes
    }

    fn reported() -> Vec<u8> {
        encoded(Value::List(vec![Value::Bool(true), Value::List(vec![Value::None, Value::Str("k".into())])]))
    }

    #[test]
    fn what_a_call_returned_comes_with_its_arguments_where_they_are_wanted() {
        let Some(Returned { value, arguments }) = returned(&reported(), true) else { panic!("it is refused") };
        assert_eq!((value, arguments), (Value::Bool(true), vec![Value::None, Value::Str("k".into())]));
        assert!(
            returned(&reported(), false).is_some_and(|r| matches!(r.value, Value::List(_)) && r.arguments.is_empty())
        );
        for other in [Value::None, Value::List(vec![Value::None]), Value::List(vec![Value::None, Value::None])] {
            assert!(returned(&encoded(other), true).is_none());
        }
    }

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn a_damaged_reply_is_no_value_or_a_plain_one(damaged in damaged(vec![reported()])) {
            for report in [false, true] {
                if let Some(returned) = survive(|| returned(&damaged.bytes, report)) {
                    prop_assert!(report || returned.arguments.is_empty());
                }
            }
        }
    }
}
