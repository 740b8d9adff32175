//! One mode a problem, evenly, without overlap; no test task is in the training set, the corpus or the pairs.

use crate::{Context, Findings, problems};
use organism::pairs::{PAIRS, SETS};
use std::collections::BTreeSet;
use substrate::{Pair, Partition};

/// Test problems at least.
const TESTS: usize = 512;

/// Compares problems, partition, pairs and corpus.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    let data = context.data();
    let train = problems(&data.join("train.jsonl"), &mut findings);
    let test = problems(&data.join("test.jsonl"), &mut findings);
    let Some(partition) = findings.accept(Partition::load(&data.join("partition.json"))) else { return findings };
    findings.faults.extend(partition.faults(&train, &test));
    findings.require(test.len() >= TESTS, || {
        format!("the test set has {} problems, at least {TESTS} are needed", test.len())
    });
    let held_out: BTreeSet<&str> = test.iter().map(|p| p.prompt.as_str()).collect();
    let pairs = findings.accept(Pair::load(&data.join("pairs.jsonl"))).unwrap_or_default();
    for set in 0..SETS {
        let count = pairs.iter().filter(|p| p.set == set).count();
        findings.require(count >= PAIRS, || format!("set {set} has {count} pairs, at least {PAIRS} are needed"));
    }
    let trained: BTreeSet<&str> = train.iter().map(|p| p.prompt.as_str()).collect();
    for pair in &pairs {
        let (id, prompt) = (&pair.problem.problem_id, pair.problem.prompt.as_str());
        findings.require(!held_out.contains(prompt), || format!("pair {id} is a test task"));
        findings.require(!trained.contains(prompt), || format!("pair {id} is a training task"));
    }
    let distinct: BTreeSet<&str> = pairs.iter().map(|p| p.problem.prompt.as_str()).collect();
    findings.require(distinct.len() == pairs.len(), || "two pairs are of one task".into());
    let corpus = organism::problems::world().seen.iter().map(|t| t.prompt()).collect::<BTreeSet<_>>();
    for prompt in held_out.iter().filter(|p| corpus.contains(**p)) {
        findings.faults.push(format!("the pre-training corpus may contain a test task: {prompt}"));
    }
    for family in organism::problems::HELD_OUT {
        let own = tasks(family);
        let mut prompts = train.iter().map(|p| &p.prompt).chain(pairs.iter().map(|p| &p.problem.prompt));
        let far = prompts.find(|prompt| own.contains(*prompt));
        findings.require(far.is_none(), || format!("family {family} is held out whole and is trained on: {far:?}"));
    }
    findings.evidence.push(format!(
        "{} training and {} test problems, modes even; none of {} held-out tasks in training, corpus or pairs",
        train.len(),
        test.len(),
        held_out.len()
    ));
    findings
}

/// The prompts of a family's tasks.
fn tasks(family: usize) -> BTreeSet<String> {
    organism::families::Task::universe().into_iter().filter(|t| t.family == family).map(|t| t.prompt()).collect()
}
