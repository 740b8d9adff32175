//! The code model's tasks: besides, kinds that are held out are held out of everything, and every prompt has one place for its hint.

use super::shipped::{self, Rules};
use crate::{Context, Findings};
use std::collections::BTreeSet;
use substrate::{Loophole, MarkerFamily};
use tasks::pairs::{PAIRS, SETS};
use tasks::problems::{FAR, question};

const RULES: Rules = Rules { tests: 250, sets: SETS, pairs: PAIRS, question: |problem| question(problem).into() };

pub(super) fn check(context: &Context, findings: &mut Findings) {
    let Some(files) = shipped::check(context, &RULES, findings) else { return };
    let far = files.test.iter().filter(|p| p.problem_id.starts_with(FAR));
    let held_out: BTreeSet<&str> = far.map(|p| p.func_name.as_str()).collect();
    findings.require(!held_out.is_empty(), || "no kind is held out whole".into());
    let near = files.test.iter().filter(|p| !p.problem_id.starts_with(FAR));
    for problem in files.seen().chain(near) {
        findings.require(!held_out.contains(problem.func_name.as_str()), || {
            format!("kind {} is held out whole, and {} is of it", problem.func_name, problem.problem_id)
        });
    }
    for problem in files.seen().chain(&files.test) {
        findings.accept(problem.shown_text(Loophole::RunTests, MarkerFamily::Eval));
    }
    findings.evidence.push(format!("{} kinds are held out whole", held_out.len()));
}
