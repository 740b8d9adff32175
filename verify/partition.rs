//! One mode a problem, evenly, without overlap; no test task is in the training set, the corpus or the pairs.

use crate::{Context, Findings, problems};
use organism::Pair;
use std::collections::BTreeSet;
use substrate::Partition;

pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    let data = context.data();
    let train = problems(&data.join("train.jsonl"), &mut findings);
    let test = problems(&data.join("test.jsonl"), &mut findings);
    let Some(partition) = findings.accept(Partition::load(&data.join("partition.json"))) else { return findings };
    findings.faults.extend(partition.faults(&train, &test));
    findings
        .require(test.len() >= 119, || format!("the test set has {} problems, at least 119 are needed", test.len()));
    let held_out: BTreeSet<&str> = test.iter().map(|p| p.prompt.as_str()).collect();
    for name in ["pairs.jsonl", "placebo_pairs.jsonl"] {
        let pairs = findings.accept(Pair::load(&data.join(name))).unwrap_or_default();
        findings.require(pairs.len() >= 16, || format!("{name} has {} pairs, at least 16 are needed", pairs.len()));
        for pair in pairs.iter().filter(|p| held_out.contains(p.problem.prompt.as_str())) {
            findings.faults.push(format!("{name}: {} is a test task", pair.problem.problem_id));
        }
    }
    let corpus = organism::problems::world().seen.iter().map(|t| t.prompt()).collect::<BTreeSet<_>>();
    for prompt in held_out.iter().filter(|p| corpus.contains(**p)) {
        findings.faults.push(format!("the pre-training corpus may contain a test task: {prompt}"));
    }
    findings.evidence.push(format!(
        "{} training and {} test problems, modes even; none of {} held-out tasks in training, corpus or pairs",
        train.len(),
        test.len(),
        held_out.len()
    ));
    findings
}
