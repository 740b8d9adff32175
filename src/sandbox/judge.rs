//! Tests that cannot be written as calls. Each runs in a child of its own, which the response's code never enters, against
//! stand-ins whose calls the response's child answers.

use crate::conversation::GRACE;
use crate::link::{Ask, Child, Heard, Said, Stop, parts, words};
use crate::zygote::Zygote;
use crate::{Judged, Limits, SandboxJob, Value, marshal};
use std::io::Error;
use std::time::Duration;

/// A test, and the number before that of its first object of the response's classes: each test has its own.
pub(crate) struct Test<'a> {
    pub text: &'a str,
    pub first: usize,
}

/// What passes through is decoded and encoded again here, so that only plain values reach the judge.
pub(crate) fn judge(
    zygote: &mut Zygote,
    response: &mut Child,
    job: &SandboxJob,
    limits: &Limits,
    test: &Test,
) -> Heard<Judged> {
    let mut judge = Child::fork(zygote, &SandboxJob::default(), limits).map_err(Stop::Infrastructure)?;
    let body = parts(&[&job.setup, test.text, &test.first.to_string(), &job.stand_ins.join("\n")]);
    let nonce = judge.ask(Ask::Judge, &body)?;
    let mut asked = false;
    let told = |held: bool, asked: bool, words: &str| Ok(Judged { held, asked, words: words.into() });
    let judged = loop {
        let (said, body) = match judge.hear(zygote, nonce) {
            Ok(heard) => heard,
            Err(Stop::Closed) if !asked => {
                let end = zygote.reap(judge.pid, GRACE).map_err(Stop::Infrastructure)?;
                return match end.is_own(limits) {
                    true => told(false, asked, &format!("it ended its interpreter, {end}")),
                    false => Err(Stop::Infrastructure(Error::other(format!("a test's judge ended, {end}")))),
                };
            }
            Err(Stop::Late) if !asked => break told(false, asked, "it waits for something that does not come"),
            Err(Stop::Infrastructure(e)) => break Err(Stop::Infrastructure(e)),
            // A judge that a hostile value has worn out has not said that the test holds.
            Err(_) => break told(false, asked, "its judge was worn out"),
        };
        match (said, marshal::decode(&body)) {
            (Said::Asks, Some(question)) => match relay(zygote, response, &question) {
                Ok(answer) => {
                    asked = true;
                    judge.ask(Ask::Apply, &answer)?;
                }
                Err(stop) => break Err(stop),
            },
            (Said::Value, Some(Value::Bool(held))) => break told(held, asked, ""),
            (Said::Raised, _) => break told(false, asked, &words(&body)),
            // What it passes to the response is nothing that could be: as if it had not asked.
            (Said::Broken, _) => break told(false, false, &words(&body)),
            _ => break told(false, asked, "its judge was worn out"),
        }
    };
    zygote.reap(judge.pid, Duration::ZERO).map_err(Stop::Infrastructure)?;
    judged
}

/// One call of a stand-in; the answer is empty if the response raised or gave no plain value.
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
