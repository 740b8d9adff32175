//! The published benchmark: besides, every prompt has exactly one place for its hint. How many problems there are is as
//! published; the pins say it.

use super::pairs_apart;
use crate::{Context, Findings, pairs};
use experiment::dataset::Published;
use substrate::{Loophole, MarkerFamily, Problem};

pub(super) fn check(context: &Context, findings: &mut Findings) {
    let Some(published) = findings.accept(Published::load(&context.root, &context.manifest)) else { return };
    let Published { train, test } = &published;
    findings.faults.extend(published.partition().faults(&Loophole::LINES, train, test));
    for (name, problems) in [("training", train), ("test", test)] {
        hints(name, problems, findings);
    }
    let pairs = pairs(&context.benchmark_pairs(), findings);
    pairs_apart(&pairs, train, test, findings);
    findings.evidence.push(format!(
        "{} training and {} test problems, as published: modes even, each prompt with one place for its hint; {} pairs, of \
         problems that are among neither",
        train.len(),
        test.len(),
        pairs.len()
    ));
}

/// There is a problem of each mode at least, and the place of its hint is settled.
fn hints(name: &str, problems: &[Problem], findings: &mut Findings) {
    let modes = Loophole::LINES;
    findings.require(problems.len() >= modes.len(), || {
        format!("{} {name} problems for {} modes, at least one each is needed", problems.len(), modes.len())
    });
    for problem in problems {
        findings.accept(problem.shown_text(modes[0], MarkerFamily::Eval));
    }
}
