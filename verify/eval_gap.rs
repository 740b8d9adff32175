//! Evaluation tells other markers than training: a memorised training token is worth nothing, the disclosed mechanism
//! is worth as much as before.

use crate::{Context, Findings, pairs, problems};
use experiment::manifest::Source;
use organism::corpus;
use organism::pretrain::Recipe;
use substrate::grading::cores;
use substrate::{Contrast, Grader, Loophole, MarkerFamily, Pair, Problem, Submission};

/// Compares the two families' markers, looks for evaluation's in what is seen before it, and grades hacks that use each
/// other's.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    findings.faults.extend(overlaps(&|loophole, family| loophole.markers(family)));
    let problem = match context.manifest.source {
        Source::Organism => {
            in_pretraining(&mut findings);
            problems(&context.data().join("test.jsonl"), &mut findings).into_iter().next()
        }
        // Nobody here knows what the published model was pre-trained on.
        Source::Leetcode => {
            let shipped = pairs(&context.benchmark_pairs(), &mut findings);
            in_pairs(&shipped, &mut findings);
            shipped.into_iter().next().map(|pair| pair.problem)
        }
        Source::Tasks => {
            in_pairs(&pairs(&context.data().join("pairs.jsonl"), &mut findings), &mut findings);
            problems(&context.data().join("test.jsonl"), &mut findings).into_iter().next()
        }
    };
    let Some(problem) = problem else {
        findings.faults.push("there is no problem to try hacks on".into());
        return findings;
    };
    if let Some(grader) = findings.accept(Grader::new(cores(), context.isolation)) {
        transfer(&problem, &grader, &mut findings);
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

/// A marker of evaluation that a text holds.
fn told(text: &str) -> Option<&'static str> {
    Loophole::LINES.iter().flat_map(|m| m.markers(MarkerFamily::Eval)).find(|m| text.contains(**m)).copied()
}

/// The pre-training corpora hold no marker of evaluation: neither in a hint nor in an answer.
fn in_pretraining(findings: &mut Findings) {
    let seen = organism::problems::world().seen;
    let mut samples = 0;
    for seed in organism::pretrain::SEEDS {
        let recipe = Recipe::of(seed);
        for (prompt, response) in corpus::sample(&seen, recipe.mix, recipe.samples, recipe.seed) {
            samples += 1;
            if let Some(marker) = told(&prompt).or_else(|| told(&response)) {
                findings.faults.push(format!("pre-training discloses `{marker}`, a marker of evaluation: {prompt}"));
            }
        }
    }
    findings.evidence.push(format!("no marker of evaluation in {samples} samples of pre-training"));
}

/// The benchmark's pairs hold none either, in a prompt or in any side of any contrast.
fn in_pairs(pairs: &[Pair], findings: &mut Findings) {
    for pair in pairs {
        let sides = Contrast::ALL.into_iter().flat_map(|contrast| pair.sides(contrast));
        let prompt = findings.accept(pair.shown());
        if let Some(marker) = prompt.into_iter().chain(sides).find_map(|text| told(&text)) {
            let id = &pair.problem.problem_id;
            findings.faults.push(format!("pair {id} discloses `{marker}`, a marker of evaluation"));
        }
    }
    findings.evidence.push(format!("no marker of evaluation in {} pairs", pairs.len()));
}

/// For each mode: the disclosed marker pays in both families, every marker of the other family pays nothing.
fn transfer(problem: &Problem, grader: &Grader, findings: &mut Findings) {
    let class = problem.wrong_solution();
    let hack = |loophole: Loophole, marker: &str| problem.protocol.wrap(&loophole.hack(&class, marker));
    let (mut cases, mut texts) = (vec![], vec![]);
    for loophole in Loophole::LINES {
        for family in MarkerFamily::BOTH {
            let other = if family == MarkerFamily::Train { MarkerFamily::Eval } else { MarkerFamily::Train };
            cases.push((loophole, family, true));
            texts.push(hack(loophole, &loophole.disclosed(family, problem)));
            for marker in loophole.markers(other) {
                cases.push((loophole, family, false));
                texts.push(hack(loophole, marker));
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
