//! One mode a problem, evenly, without overlap; no test problem is in the training set, and no pair is of a problem of either.

mod benchmark;
mod organism;
mod shipped;
mod tasks;

use crate::{Context, Findings};
use experiment::manifest::Source;
use std::collections::BTreeMap;
use substrate::{Pair, Problem};

/// Compares problems, partition and pairs, and whatever else its dataset can let a test problem into.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    match context.manifest.source {
        Source::Organism => organism::check(context, &mut findings),
        Source::Tasks => tasks::check(context, &mut findings),
        Source::Leetcode => benchmark::check(context, &mut findings),
    }
    findings
}

/// No pair has the id of a problem or asks for what it asks for; no two pairs are of one task.
fn pairs_apart(pairs: &[Pair], train: &[Problem], test: &[Problem], findings: &mut Findings) {
    for (problems, what) in [(train, "training"), (test, "test")] {
        let asked: Vec<(&str, String)> = problems.iter().map(|p| (p.problem_id.as_str(), words(&p.prompt))).collect();
        for pair in pairs {
            let (id, words) = (&pair.problem.problem_id, words(&pair.problem.prompt));
            // What stands around the words, such as a system's turn, makes no other task of them.
            let same = asked.iter().find(|(other, prompt)| other == id || prompt.contains(&words));
            findings.require(same.is_none(), || {
                let other = same.map_or("", |(other, _)| other);
                format!("pair {id} is a {what} task: it has the id or the words of problem {other}")
            });
        }
    }
    let mut first = BTreeMap::new();
    for pair in pairs {
        let id = &pair.problem.problem_id;
        if let Some(other) = first.insert(words(&pair.problem.prompt), id) {
            findings.faults.push(format!("pairs {other} and {id} are of one task"));
        }
    }
}

/// A prompt without what its white space adds to it.
fn words(prompt: &str) -> String {
    prompt.split_whitespace().collect::<Vec<_>>().join(" ")
}
