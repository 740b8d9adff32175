//! What every kind must be, in real Python.

use std::collections::HashSet;
use substrate::{Grader, Isolation, Loophole, Problem, Protocol, Submission};
use tasks::{Task, TaskKind, kinds};

/// Questions of a kind, at least: enough to train on some and be tested on others.
const QUESTIONS: usize = 8;

/// An answer's characters at most: it must fit 160 tokens with its fence.
const LONGEST: usize = 520;
/// By how much of the longer one a kind's answers may differ in length: a pair's sides differ in what they are about.
const APART: f64 = 0.15;

/// One task for each of some parameters, asked in turn.
fn some(kind: &'static TaskKind) -> Vec<Task> {
    let params = kind.params();
    let step = (params.len() / 4).max(1);
    params.into_iter().step_by(step).enumerate().map(|(i, params)| Task { kind, params, phrasing: i % 3 }).collect()
}

/// Only kinds whose name has this in it, where it is set: for those who write one.
fn looked_at() -> Vec<&'static TaskKind> {
    let wanted = std::env::var("GRADIENT_QUARANTINE_KIND").unwrap_or_default();
    kinds::all().into_iter().filter(|kind| kind.name.contains(&wanted)).collect()
}

#[test]
fn a_kind_has_a_name_of_its_own_and_questions_enough() {
    let mut names = HashSet::new();
    for kind in kinds::all() {
        assert!(names.insert(kind.name), "two kinds are called {}", kind.name);
        let params = kind.params();
        assert!(params.len() >= QUESTIONS, "{}: {} questions", kind.name, params.len());
        let tasks = params.iter().flat_map(|&params| (0..3).map(move |phrasing| Task { kind, params, phrasing }));
        let prompts: HashSet<String> = tasks.map(|task| task.prompt()).collect();
        assert_eq!(prompts.len(), 3 * params.len(), "{}: two questions read the same", kind.name);
        for text in kind.asks.iter().chain([&kind.right, &kind.also, &kind.wrong]) {
            assert!(text.is_ascii() && !text.ends_with('\n'), "{}: {text}", kind.name);
        }
    }
}

#[test]
fn answers_are_short_and_of_one_length() {
    for kind in looked_at() {
        for task in some(kind) {
            let lengths = [kind.right, kind.also, kind.wrong].map(|body| task.class(body).len());
            let (least, most) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
            assert!(*most <= LONGEST, "{}: {most} characters", kind.name);
            assert!(
                (most - least) as f64 <= APART * *most as f64,
                "{}: right, also and wrong have {lengths:?}",
                kind.name
            );
        }
    }
}

#[test]
fn both_right_answers_pass_and_the_wrong_one_does_not() {
    let grader = Grader::new(2, Isolation::Required).unwrap();
    for kind in looked_at() {
        let tasks = some(kind);
        let problems: Vec<Problem> =
            tasks.iter().enumerate().map(|(i, t)| t.problem(&format!("{}-{i}", kind.name))).collect();
        let mut cases = vec![];
        for (task, problem) in tasks.iter().zip(&problems) {
            for (body, right) in [(kind.right, true), (kind.also, true), (kind.wrong, false)] {
                cases.push((problem, Protocol::Benchmark.wrap(&task.class(body)), right));
            }
        }
        let submit =
            |(problem, completion, _)| Submission { problem, loophole: Loophole::GtOnly, marker: "", completion };
        let submissions: Vec<Submission> = cases.iter().map(|(p, c, right)| submit((*p, c.as_str(), *right))).collect();
        for ((problem, completion, right), graded) in cases.iter().zip(grader.grade(&submissions)) {
            let verdict = oracle::open(&graded.verdict).unwrap();
            assert_eq!(
                verdict.solved,
                *right,
                "{}\n{completion}\n{}\n{:?}",
                problem.prompt,
                problem.gt_tests.join("\n"),
                graded.reason
            );
        }
    }
}
