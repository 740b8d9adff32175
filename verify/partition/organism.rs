//! The organism: besides, its sets of pairs are whole, nothing that the test set asks for is asked in training or in the pairs, no
//! test prompt is in the pre-training corpus, and families that are held out are held out of everything.

use super::pairs_apart;
use crate::{Context, Findings, pairs, problems};
use organism::pairs::{PAIRS, SETS};
use organism::problems::question;
use std::collections::BTreeSet;
use substrate::{Loophole, Pair, Partition, Problem};

/// Test problems at least.
const TESTS: usize = 512;

pub(super) fn check(context: &Context, findings: &mut Findings) {
    let data = context.data();
    let train = problems(&data.join("train.jsonl"), findings);
    let test = problems(&data.join("test.jsonl"), findings);
    let Some(partition) = findings.accept(Partition::load(&data.join("partition.json"))) else { return };
    findings.faults.extend(partition.faults(&Loophole::ORGANISM, &train, &test));
    findings.require(test.len() >= TESTS, || {
        format!("the test set has {} problems, at least {TESTS} are needed", test.len())
    });
    let pairs = pairs(&data.join("pairs.jsonl"), findings);
    for set in 0..SETS {
        let count = pairs.iter().filter(|p| p.set == set).count();
        findings.require(count >= PAIRS, || format!("set {set} has {count} pairs, at least {PAIRS} are needed"));
    }
    pairs_apart(&pairs, &train, &test, findings);
    let asked: BTreeSet<String> = test.iter().map(question).collect();
    for problem in train.iter().chain(pairs.iter().map(|p| &p.problem)) {
        findings.require(!asked.contains(&question(problem)), || {
            let (id, prompt) = (&problem.problem_id, problem.prompt.trim());
            format!("{id} asks for what a test problem asks for: {prompt}")
        });
    }
    let held_out: BTreeSet<&str> = test.iter().map(|p| p.prompt.as_str()).collect();
    let corpus = organism::problems::world().seen.iter().map(|t| t.prompt()).collect::<BTreeSet<_>>();
    for prompt in held_out.iter().filter(|p| corpus.contains(**p)) {
        findings.faults.push(format!("the pre-training corpus may contain a test task: {prompt}"));
    }
    families(&train, &pairs, findings);
    findings.evidence.push(format!(
        "{} training and {} test problems, modes even; none of the {} questions of the test set in training or pairs, none of its \
         {} prompts in the corpus",
        train.len(),
        test.len(),
        asked.len(),
        held_out.len()
    ));
}

/// No task of a family that is held out whole is trained on or in a pair.
fn families(train: &[Problem], pairs: &[Pair], findings: &mut Findings) {
    for family in organism::problems::HELD_OUT {
        let own = tasks(family);
        let mut prompts = train.iter().map(|p| &p.prompt).chain(pairs.iter().map(|p| &p.problem.prompt));
        let far = prompts.find(|prompt| own.contains(*prompt));
        findings.require(far.is_none(), || format!("family {family} is held out whole and is trained on: {far:?}"));
    }
}

/// The prompts of a family's tasks.
fn tasks(family: usize) -> BTreeSet<String> {
    organism::families::Task::universe().into_iter().filter(|t| t.family == family).map(|t| t.prompt()).collect()
}
