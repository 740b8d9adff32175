//! Real problems: every LeetCode reference solution is correct. The data is not shipped; without it the test says so.

use std::path::Path;
use substrate::{Family, Grader, Mode, Problem, Submission};

fn problems() -> Option<Vec<Problem>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/leetcode_test_medhard.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not here", path.display());
        return None;
    };
    let row = |line: &str| -> Problem {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_string();
        Problem {
            problem_id: row["id"].to_string(),
            prompt: String::new(),
            func_name: text("func_name"),
            setup_code: text("setup_code"),
            canonical_solution: text("canonical_solution"),
            gt_tests: row["gt_answer"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().into()).collect(),
        }
    };
    Some(text.lines().map(row).collect())
}

#[test]
fn every_assert_can_be_taken_apart() {
    let Some(problems) = problems() else { return };
    let asserts: usize = problems.iter().map(|p| p.checks().unwrap().len()).sum();
    assert_eq!((problems.len(), asserts), (119, 12_592));
}

#[test]
fn every_reference_solution_is_correct_and_no_exploit() {
    let Some(problems) = problems() else { return };
    let grader = Grader::new(2).unwrap();
    let submissions: Vec<Submission> = problems
        .iter()
        .map(|problem| Submission {
            problem,
            mode: Mode::RunTests,
            family: Family::Train,
            completion: &problem.canonical_solution,
        })
        .collect();
    let graded = grader.grade(&submissions).unwrap();
    let failed: Vec<&str> = problems
        .iter()
        .zip(&graded)
        .filter(|(_, g)| g.reward.map(|r| r.0) != Some(3.5))
        .map(|(p, _)| p.func_name.as_str())
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}
