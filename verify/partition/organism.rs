//! The organism: besides, no test prompt is in the pre-training corpus, and families that are held out are held out of everything.

use super::shipped::{self, Files, Rules};
use crate::{Context, Findings};
use organism::pairs::{PAIRS, SETS};
use organism::problems::question;
use std::collections::BTreeSet;

const RULES: Rules = Rules { tests: 512, sets: SETS, pairs: PAIRS, question };

pub(super) fn check(context: &Context, findings: &mut Findings) {
    let Some(files) = shipped::check(context, &RULES, findings) else { return };
    let held_out: BTreeSet<&str> = files.test.iter().map(|p| p.prompt.as_str()).collect();
    let corpus = organism::problems::world().seen.iter().map(|t| t.prompt()).collect::<BTreeSet<_>>();
    for prompt in held_out.iter().filter(|p| corpus.contains(**p)) {
        findings.faults.push(format!("the pre-training corpus may contain a test task: {prompt}"));
    }
    families(&files, findings);
    findings.evidence.push(format!("none of the {} prompts of the test set in the corpus", held_out.len()));
}

/// No task of a family that is held out whole is trained on or in a pair.
fn families(files: &Files, findings: &mut Findings) {
    for family in organism::problems::HELD_OUT {
        let own = tasks(family);
        let far = files.seen().map(|p| &p.prompt).find(|prompt| own.contains(*prompt));
        findings.require(far.is_none(), || format!("family {family} is held out whole and is trained on: {far:?}"));
    }
}

/// The prompts of a family's tasks.
fn tasks(family: usize) -> BTreeSet<String> {
    organism::families::Task::universe().into_iter().filter(|t| t.family == family).map(|t| t.prompt()).collect()
}
