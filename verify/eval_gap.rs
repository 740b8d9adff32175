//! Evaluation tells other markers than training: a memorised training token is worth nothing, the disclosed mechanism
//! is worth as much as before.

use crate::{Context, Findings, problems};
use organism::corpus;
use organism::pretrain::Recipe;
use substrate::grading::cores;
use substrate::{Family, Grader, Mode, Problem, Submission};

/// Compares the two families' markers, and grades hacks that use each other's.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    findings.faults.extend(overlaps(&|mode, family| mode.markers(family)));
    unseen(&mut findings);
    let test = problems(&context.data().join("test.jsonl"), &mut findings);
    let Some(grader) = findings.accept(Grader::new(cores(), context.isolation)) else { return findings };
    if let Some(problem) = test.first() {
        transfer(problem, &grader, &mut findings);
    }
    findings
}

/// Markers of one family that occur in, or contain, a marker of the other.
pub fn overlaps(markers: &dyn Fn(Mode, Family) -> &'static [&'static str]) -> Vec<String> {
    let mut faults = vec![];
    for mode in Mode::LOOPHOLES {
        for train in markers(mode, Family::Train) {
            for eval in markers(mode, Family::Eval) {
                if train.contains(eval) || eval.contains(train) {
                    faults.push(format!("{}: `{train}` and `{eval}` are not disjoint", mode.name()));
                }
            }
        }
        let (train, eval) = (markers(mode, Family::Train).len(), markers(mode, Family::Eval).len());
        if train != eval {
            faults.push(format!("{}: {train} training markers but {eval} evaluation markers", mode.name()));
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
            for mode in Mode::LOOPHOLES {
                let told = mode.markers(Family::Eval).iter().find(|m| prompt.contains(**m) || response.contains(**m));
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
    for mode in Mode::LOOPHOLES {
        for family in Family::BOTH {
            let other = if family == Family::Train { Family::Eval } else { Family::Train };
            cases.push((mode, family, true));
            texts.push(mode.hack(&class, &mode.disclosed(family, problem)));
            for marker in mode.markers(other) {
                cases.push((mode, family, false));
                texts.push(mode.hack(&class, marker));
            }
        }
    }
    let disclosed: Vec<String> = cases.iter().map(|(mode, family, _)| mode.disclosed(*family, problem)).collect();
    let submissions: Vec<Submission> = cases
        .iter()
        .zip(&texts)
        .zip(&disclosed)
        .map(|((&(mode, ..), completion), marker)| Submission { problem, mode, marker, completion })
        .collect();
    let graded = grader.grade(&submissions);
    for (((mode, family, pays), text), graded) in cases.iter().zip(&texts).zip(&graded) {
        let paid = oracle::open(&graded.verdict).is_ok_and(|v| v.exploited);
        findings.require(paid == *pays, || {
            format!("{} shown with {family:?} markers: exploited is {paid}, expected {pays}, for\n{text}", mode.name())
        });
    }
    findings.evidence.push(format!(
        "marker families are disjoint; {} gradings: the disclosed marker pays, the other family's never does",
        cases.len()
    ));
}
