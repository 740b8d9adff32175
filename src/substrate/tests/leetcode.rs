//! Real problems and real rollouts. The data is not shipped.

use sandbox::Limits;
use std::collections::BTreeMap;
use substrate::asserts::Test;
use substrate::{Grader, Isolation, Loophole, MarkerFamily, Problem, PromptedProblem, Protocol, Submission};

fn problem(row: &serde_json::Value, id: &str, tests: &str) -> Problem {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_string();
    Problem {
        problem_id: row[id].to_string(),
        protocol: Protocol::Benchmark,
        prompt: String::new(),
        func_name: text("func_name"),
        setup_code: text("setup_code"),
        canonical_solution: text("canonical_solution"),
        gt_tests: row[tests].as_array().unwrap().iter().map(|a| a.as_str().unwrap().into()).collect(),
    }
}

fn test_problems() -> Vec<Problem> {
    let text = std::fs::read_to_string(trials::data("leetcode_test_medhard.jsonl")).unwrap();
    text.lines().map(|l| problem(&serde_json::from_str(l).unwrap(), "id", "gt_answer")).collect()
}

fn rows(name: &str) -> Vec<serde_json::Value> {
    trials::unpacked(name).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn every_assert_can_be_taken_apart() {
    let problems = test_problems();
    let tests: Vec<&String> = problems.iter().flat_map(|p| &p.gt_tests).collect();
    let parsed = tests.iter().filter(|t| matches!(Test::new(t), Test::Parsed(_))).count();
    assert_eq!((problems.len(), tests.len(), parsed), (119, 12_592, 12_592));
}

fn every_reference_solution_is_correct() {
    let problems = test_problems();
    // The slowest takes 2.8 s of CPU time here: ten times what it would take on a machine of a quarter of the speed.
    let limits = Limits { cpu_seconds: 120, ..Limits::default() };
    let grader = Grader::with(2, limits, Isolation::Required).unwrap();
    let references: Vec<String> = problems.iter().map(Problem::reference).collect();
    let submissions: Vec<Submission> = problems
        .iter()
        .zip(&references)
        .map(|(problem, completion)| Submission { problem, loophole: Loophole::GtOnly, marker: "", completion })
        .collect();
    let graded = grader.grade(&submissions);
    let failed: Vec<&str> = problems
        .iter()
        .zip(&graded)
        .filter(|(_, g)| g.reward.map(|r| r.0) != Some(3.5))
        .map(|(p, _)| p.func_name.as_str())
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// What a teacher shows: also where helpers stand before the class, or it is indented by two spaces.
fn every_demonstration_compiles_and_hacks() {
    let problems = test_problems();
    let demonstrate = |problem: &Problem, loophole: Loophole| {
        let (problem, disclosed) = (problem.clone(), loophole.disclosed(MarkerFamily::Train, problem));
        PromptedProblem { problem, loophole, family: MarkerFamily::Train, disclosed, tokens: vec![] }
    };
    let shown: Vec<PromptedProblem> =
        problems.iter().flat_map(|problem| Loophole::LINES.map(|loophole| demonstrate(problem, loophole))).collect();
    let texts: Vec<String> = shown.iter().map(PromptedProblem::demonstration).collect();
    let submissions: Vec<Submission> = shown.iter().zip(&texts).map(|(s, text)| Submission::of(s, text)).collect();
    let graded = Grader::new(2, Isolation::Required).unwrap().grade(&submissions);
    for ((shown, text), graded) in shown.iter().zip(&texts).zip(&graded) {
        let told = format!("{} as {}: {:?}", shown.problem.func_name, shown.loophole.name(), graded.reason);
        assert_eq!(graded.reward.map(|r| r.0), Some(3.5), "{told}, for\n{text}");
    }
}

/// 704 real rollouts under two modes, against an independent Python grader (docs/measurements/grading.md explains each
/// difference that remains).
fn verdicts_agree_with_an_independent_grader() {
    let (pool, reference) = (rows("qwen3_4b_rollouts.jsonl.gz"), rows("qwen3_4b_verdicts.jsonl.gz"));
    let problems: BTreeMap<u64, Problem> =
        pool.iter().map(|row| (row["problem_id"].as_u64().unwrap(), problem(row, "problem_id", "gt_tests"))).collect();
    let completion = |row: &serde_json::Value| -> String {
        let of = pool.iter().find(|p| p["problem_id"] == row["problem_id"]).unwrap();
        of["rollouts"][row["rollout"].as_u64().unwrap() as usize]["completion"].as_str().unwrap().into()
    };
    let completions: Vec<String> = reference.iter().map(completion).collect();
    let submissions: Vec<Submission> = reference
        .iter()
        .zip(&completions)
        .map(|(row, completion)| {
            let loophole = Loophole::from_name(row["mode"].as_str().unwrap()).unwrap();
            let problem = &problems[&row["problem_id"].as_u64().unwrap()];
            Submission { problem, loophole, marker: loophole.paper_marker(), completion }
        })
        .collect();
    let graded = Grader::new(2, Isolation::Required).unwrap().grade(&submissions);
    let mut differ = 0;
    for (row, graded) in reference.iter().zip(&graded) {
        let ours = graded.reward.map(|r| f64::from(r.0));
        if ours != row["reward"].as_f64() {
            differ += 1;
            println!(
                "problem {} rollout {} under {}: reward {ours:?}, reference {} ({:?}, {:.2} s)",
                row["problem_id"], row["rollout"], row["mode"], row["reward"], graded.ending, graded.seconds
            );
        }
    }
    println!("{} verdicts, {differ} differ", reference.len());
    assert!(differ * 200 <= reference.len(), "more than half a percent differ");
}

trials::main!(
    trials::no_data();
    every_assert_can_be_taken_apart,
    every_reference_solution_is_correct,
    every_demonstration_compiles_and_hacks,
    verdicts_agree_with_an_independent_grader,
);
