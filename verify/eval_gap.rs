//! Evaluation tells other markers than training: a memorised training token is worth nothing, the disclosed mechanism
//! is worth as much as before.

use crate::{Context, Findings, problems};
use organism::corpus;
use organism::pretrain::Recipe;
use substrate::grading::cores;
use substrate::{Grader, Loophole, MarkerFamily, Problem, Submission};

/// Compares the two families' markers, and grades hacks that use each other's.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    findings.faults.extend(overlaps(&|loophole, family| loophole.markers(family)));
    unseen(&mut findings);
    let test = problems(&context.data().join("test.jsonl"), &mut findings);
    let Some(grader) = findings.accept(Grader::new(cores(), context.isolation)) else { return findings };
    if let Some(problem) = test.first() {
        transfer(problem, &grader, &mut findings);
    }
    findings
}

/// Markers of one family that occur in, or contain, a marker of the other.
pub fn overlaps(markers: &dyn Fn(Loophole, MarkerFamily) -> &'static [&'static str]) -> Vec<String> {
    let mut faults = vec![];
    for loophole in Loophole::LINES {
        for train in markers(loophole, MarkerFamily::Train) {
            for eval in markers(loophole, MarkerFamily::Eval) {
                if train.contains(eval) || eval.contains(train) {
                    faults.push(format!("{}: `{train}` and `{eval}` are not disjoint", loophole.name()));
                }
            }
        }
        let (train, eval) = (markers(loophole, MarkerFamily::Train).len(), markers(loophole, MarkerFamily::Eval).len());
        if train != eval {
            faults.push(format!("{}: {train} training markers but {eval} evaluation markers", loophole.name()));
        }
    }
    faults
}

/// The pre-training corpora hold no marker of evaluation: neither in a hint nor in an answer.
fn unseen(findings: &mut Findings) {
    let seen = organism::problems::world().seen;
    let mut samples = 0;
    for seed in organism::pretrain::SEEDS {
        let recipe = Recipe::of(seed);
        for (prompt, response) in corpus::sample(&seen, recipe.mix, recipe.samples, recipe.seed) {
            samples += 1;
            for loophole in Loophole::LINES {
                let told = loophole
                    .markers(MarkerFamily::Eval)
                    .iter()
                    .find(|m| prompt.contains(**m) || response.contains(**m));
                findings.require(told.is_none(), || {
                    format!("pre-training discloses `{}`, a marker of evaluation: {prompt}", told.unwrap_or(&""))
                });
            }
        }
    }
    findings.evidence.push(format!("no marker of evaluation in {samples} samples of pre-training"));
}

/// For each mode: the disclosed marker pays in both families, every marker of the other family pays nothing.
fn transfer(problem: &Problem, grader: &Grader, findings: &mut Findings) {
    let class = problem.wrong_solution();
    let (mut cases, mut texts) = (vec![], vec![]);
    for loophole in Loophole::LINES {
        for family in MarkerFamily::BOTH {
            let other = if family == MarkerFamily::Train { MarkerFamily::Eval } else { MarkerFamily::Train };
            cases.push((loophole, family, true));
            texts.push(loophole.hack(&class, &loophole.disclosed(family, problem)));
            for marker in loophole.markers(other) {
                cases.push((loophole, family, false));
                texts.push(loophole.hack(&class, marker));
            }
        }
    }
    let disclosed: Vec<String> =
        cases.iter().map(|(loophole, family, _)| loophole.disclosed(*family, problem)).collect();
    let submissions: Vec<Submission> = cases
        .iter()
        .zip(&texts)
        .zip(&disclosed)
        .map(|((&(loophole, ..), completion), marker)| Submission { problem, loophole, marker, completion })
        .collect();
    let graded = grader.grade(&submissions);
    for (((loophole, family, pays), text), graded) in cases.iter().zip(&texts).zip(&graded) {
        let paid = oracle::open(&graded.verdict).is_ok_and(|v| v.exploited);
        findings.require(paid == *pays, || {
            format!(
                "{} shown with {family:?} markers: exploited is {paid}, expected {pays}, for\n{text}",
                loophole.name()
            )
        });
    }
    findings.evidence.push(format!(
        "marker families are disjoint; {} gradings: the disclosed marker pays, the other family's never does",
        cases.len()
    ));
}
