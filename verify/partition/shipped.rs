//! Datasets that are shipped: besides, their sets of pairs are whole, and nothing that the test set asks for is asked in training or in
//! the pairs.

use super::pairs_apart;
use crate::{Context, Findings, pairs, problems};
use std::collections::BTreeSet;
use substrate::{Loophole, Pair, Partition, Problem};

/// What a dataset must have.
pub(super) struct Rules {
    /// Test problems at least.
    pub(super) tests: usize,
    /// Sets of pairs, and pairs of each at least.
    pub(super) sets: usize,
    pub(super) pairs: usize,
    /// What a problem asks for, in whatever words.
    pub(super) question: fn(&Problem) -> String,
}

/// The files that were compared.
pub(super) struct Files {
    pub(super) train: Vec<Problem>,
    pub(super) test: Vec<Problem>,
    pub(super) pairs: Vec<Pair>,
}

impl Files {
    /// Problems that are trained on, and those that pairs are of.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Problem> {
        self.train.iter().chain(self.pairs.iter().map(|pair| &pair.problem))
    }
}

pub(super) fn check(context: &Context, rules: &Rules, findings: &mut Findings) -> Option<Files> {
    let (data, question) = (context.data(), rules.question);
    let train = problems(&data.join("train.jsonl"), findings);
    let test = problems(&data.join("test.jsonl"), findings);
    let partition = findings.accept(Partition::load(&data.join("partition.json")))?;
    findings.faults.extend(partition.faults(&Loophole::ORGANISM, &train, &test));
    findings.require(test.len() >= rules.tests, || {
        format!("the test set has {} problems, at least {} are needed", test.len(), rules.tests)
    });
    let pairs = pairs(&data.join("pairs.jsonl"), findings);
    for set in 0..rules.sets {
        let count = pairs.iter().filter(|p| p.set == set).count();
        findings.require(count >= rules.pairs, || {
            format!("set {set} has {count} pairs, at least {} are needed", rules.pairs)
        });
    }
    pairs_apart(&pairs, &train, &test, findings);
    let asked: BTreeSet<String> = test.iter().map(question).collect();
    let files = Files { train, test, pairs };
    for problem in files.seen() {
        findings.require(!asked.contains(&question(problem)), || {
            let (id, prompt) = (&problem.problem_id, problem.prompt.trim());
            format!("{id} asks for what a test problem asks for: {prompt}")
        });
    }
    findings.evidence.push(format!(
        "{} training and {} test problems, modes even; none of the {} questions of the test set in training or pairs",
        files.train.len(),
        files.test.len(),
        asked.len()
    ));
    Some(files)
}
