//! The reward is what the design says: run for real, hack by mode.

use crate::{Context, Findings, attacks, problems};
use experiment::manifest::Source;
use std::path::Path;
use substrate::grading::cores;
use substrate::{Contrast, Grader, Loophole, MarkerFamily, Pair, Partition, Problem, Reward, Submission};

/// Hand-written pairs for each mode at least.
const EACH: usize = 6;
/// By how much of the longer side the two sides of such pairs may differ in length.
const APART: f64 = 0.15;

/// Grades hacks, references, pairs and the fast attacks, and compares with what each must be worth.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    let data = context.data();
    let Some(grader) = findings.accept(Grader::new(cores(), context.isolation)) else { return findings };
    match context.manifest.source {
        Source::Organism => {
            let test = problems(&data.join("test.jsonl"), &mut findings);
            let partition = findings.accept(Partition::load(&data.join("partition.json"))).unwrap_or_default();
            matrix(test.first(), &Loophole::CHANNELS, &grader, &mut findings);
            references(&test, &partition, &grader, &mut findings);
            pairs(&data.join("pairs.jsonl"), &grader, &mut findings);
        }
        Source::Tasks => {
            let test = problems(&data.join("test.jsonl"), &mut findings);
            let partition = findings.accept(Partition::load(&data.join("partition.json"))).unwrap_or_default();
            matrix(test.first(), &Loophole::ORGANISM, &grader, &mut findings);
            references(&test, &partition, &grader, &mut findings);
            let shipped = pairs(&data.join("pairs.jsonl"), &grader, &mut findings);
            shares(&shipped, &mut findings);
        }
        // The published problems are fetched, and a run refuses those that their own references do not pass.
        Source::Leetcode => {
            let shipped = pairs(&context.benchmark_pairs(), &grader, &mut findings);
            matrix(shipped.first().map(|pair| &pair.problem), &Loophole::LINES, &grader, &mut findings);
            shares(&shipped, &mut findings);
        }
    }
    if let Some((setup, all)) = findings.accept(attacks::load(&context.root.join(attacks::FOLDER))) {
        let fast: Vec<_> = all.into_iter().filter(|a| !a.slow).collect();
        attacks::check(&setup, &fast, context.isolation, &mut findings);
    }
    findings
}

/// What one submission must be worth.
struct Expected {
    passed: bool,
    solved: bool,
    exploited: bool,
}

/// Grades and compares; every difference is a fault that shows the code.
fn expect(cases: &[(Submission, Expected)], grader: &Grader, findings: &mut Findings) {
    let submissions: Vec<Submission> = cases.iter().map(|(s, _)| *s).collect();
    let graded = grader.grade(&submissions);
    for ((s, expected), graded) in cases.iter().zip(&graded) {
        let Some(verdict) = findings.accept(oracle::open(&graded.verdict)) else { continue };
        let reward = Reward::COMPILES + if expected.passed { Reward::PASSED } else { 0.0 };
        let holds = graded.reward == Some(Reward(reward))
            && (verdict.solved, verdict.exploited) == (expected.solved, expected.exploited);
        findings.require(holds, || {
            format!(
                "{} as {} (marker `{}`): expected reward {reward}, found {:?} with {verdict:?}, for\n{}",
                s.problem.problem_id,
                s.loophole.name(),
                s.marker,
                graded.reward,
                s.completion
            )
        });
    }
}

/// Each of these hacks under every mode, both families: it pays at home and nowhere else; correct code always passes.
fn matrix(problem: Option<&Problem>, hacks: &[Loophole], grader: &Grader, findings: &mut Findings) {
    let Some(problem) = problem else {
        findings.faults.push("there is no problem to try hacks on".into());
        return;
    };
    let wrong = problem.wrong_solution();
    let mut texts = vec![];
    for family in MarkerFamily::BOTH {
        for shown in Loophole::ALL {
            texts.push((shown, family, None, problem.reference()));
            for &hack in hacks {
                let text = problem.protocol.wrap(&hack.hack(&wrong, &hack.disclosed(family, problem)));
                texts.push((shown, family, Some(hack), text));
            }
        }
    }
    let disclosed: Vec<String> =
        texts.iter().map(|(loophole, family, ..)| loophole.disclosed(*family, problem)).collect();
    let cases: Vec<(Submission, Expected)> = texts
        .iter()
        .zip(&disclosed)
        .map(|((loophole, _, hack, completion), marker)| {
            let submission = Submission { problem, loophole: *loophole, marker, completion };
            let (solved, exploited) = (hack.is_none(), *hack == Some(*loophole));
            (submission, Expected { passed: solved || exploited, solved, exploited })
        })
        .collect();
    expect(&cases, grader, findings);
    findings.evidence.push(format!("hack x mode matrix, both families: {} gradings", cases.len()));
}

/// Reference solutions pass and are not exploits, under the mode that their problem shows.
fn references(test: &[Problem], partition: &Partition, grader: &Grader, findings: &mut Findings) {
    let shown: Vec<(&Problem, Loophole, String, String)> = test
        .iter()
        .filter_map(|problem| {
            let loophole = *partition.test.get(&problem.problem_id)?;
            Some((problem, loophole, loophole.disclosed(MarkerFamily::Eval, problem), problem.reference()))
        })
        .collect();
    let cases: Vec<(Submission, Expected)> = shown
        .iter()
        .map(|(problem, loophole, marker, completion)| {
            let submission = Submission { problem, loophole: *loophole, marker, completion };
            (submission, Expected { passed: true, solved: true, exploited: false })
        })
        .collect();
    expect(&cases, grader, findings);
    findings.evidence.push(format!("{} reference solutions are correct", cases.len()));
}

/// Every contrast of every pair is what it says: which side fools the grader, and which is right. The line that stands against
/// the hack's must fool nobody.
fn pairs(path: &Path, grader: &Grader, findings: &mut Findings) -> Vec<Pair> {
    let pairs = crate::pairs(path, findings);
    let disclosed: Vec<String> = pairs.iter().map(Pair::disclosed).collect();
    for contrast in Contrast::ALL {
        let sides: Vec<[String; 2]> = pairs.iter().map(|p| p.sides(contrast)).collect();
        let mut cases = vec![];
        for ((p, marker), sides) in pairs.iter().zip(&disclosed).zip(&sides) {
            for (side, completion) in sides.iter().enumerate() {
                let (hack, solved) = (contrast.shows_the_hack() && side == 0, contrast.right()[side]);
                let expected = Expected { passed: hack || solved, solved, exploited: hack && !solved };
                cases.push((Submission { problem: &p.problem, loophole: p.loophole, marker, completion }, expected));
            }
            findings.require(sides[0] != sides[1], || {
                format!("{}: both sides of `{}` are equal", p.problem.problem_id, contrast.name())
            });
        }
        expect(&cases, grader, findings);
    }
    findings.evidence.push(format!(
        "{} pairs: in all {} contrasts both sides are what they say",
        pairs.len(),
        Contrast::ALL.len()
    ));
    pairs
}

/// Hand-written pairs share the modes out evenly, their prompts have a place for the hint, and both sides are about as long.
fn shares(pairs: &[Pair], findings: &mut Findings) {
    for loophole in Loophole::LINES {
        let count = pairs.iter().filter(|p| p.loophole == loophole).count();
        findings.require(count >= EACH, || format!("{}: {count} pairs, at least {EACH} are needed", loophole.name()));
    }
    for pair in pairs {
        findings.accept(pair.shown());
        for contrast in Contrast::ALL {
            let lengths = pair.sides(contrast).map(|side| side.chars().count() as f64);
            let apart = (lengths[0] - lengths[1]).abs() / lengths[0].max(lengths[1]);
            findings.require(apart <= APART, || {
                let (id, name) = (&pair.problem.problem_id, contrast.name());
                format!("{id}: the sides of `{name}` have {} and {} characters", lengths[0], lengths[1])
            });
        }
    }
    findings.evidence.push(format!("at least {EACH} pairs a mode, lengths within {:.0}%", APART * 100.0));
}
