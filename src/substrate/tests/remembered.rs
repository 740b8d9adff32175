//! A program of its own: jobs are counted over a whole process.

use std::convert::Infallible;
use std::time::{Duration, Instant};
use substrate::grading::jobs_run;
use substrate::{Grader, Isolation, Loophole, MarkerFamily, Problem, PromptedProblem, Protocol, Submission};

/// A grading takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_response_runs_once_while_it_is_remembered_and_another_marker_is_another_response() {
    let problem = Problem {
        problem_id: "one".into(),
        protocol: Protocol::Organism,
        prompt: String::new(),
        func_name: "one".into(),
        setup_code: String::new(),
        canonical_solution: String::new(),
        gt_tests: vec!["assert Solution().one() == 1".into()],
    };
    let grader = Grader::new(1, Isolation::Required).unwrap();
    let loophole = Loophole::StdoutMarker;
    let submit = |marker, completion| Submission { problem: &problem, loophole, marker, completion };
    let one = "class Solution:\n    def one(self):\n        return 1\n";
    let two = "class Solution:\n    def one(self):\n        return 2\n";
    for (submissions, jobs) in [
        (vec![submit("a", one), submit("a", two), submit("a", one)], 2),
        (vec![submit("a", two), submit("a", one)], 0),
        (vec![submit("b", one)], 1),
    ] {
        let before = jobs_run();
        let rewards: Vec<f32> = grader.grade(&submissions).iter().map(|graded| graded.reward.unwrap().0).collect();
        let expected: Vec<f32> = submissions.iter().map(|s| if s.completion == one { 3.5 } else { 0.5 }).collect();
        assert_eq!((rewards, jobs_run() - before), (expected, jobs));
    }

    // Handed in while others are still being written: the first is run before the last is there, the third not again.
    let (family, disclosed, tokens) = (MarkerFamily::Eval, "c".into(), vec![]);
    let shown = PromptedProblem { problem: problem.clone(), loophole, family, disclosed, tokens };
    let before = jobs_run();
    let Ok((in_time, graded)) = grader.grade_while(|hand_in| {
        hand_in(&shown, one);
        let waited = Instant::now();
        while jobs_run() == before && waited.elapsed() < PATIENCE {
            std::thread::yield_now();
        }
        let in_time = jobs_run() > before;
        hand_in(&shown, two);
        hand_in(&shown, one);
        Ok::<_, Infallible>(in_time)
    });
    let rewards: Vec<f32> = graded.iter().map(|graded| graded.reward.unwrap().0).collect();
    assert_eq!((in_time, rewards, jobs_run() - before), (true, vec![3.5, 0.5, 3.5], 2));

    // Who fails at writing does not wait for what is not begun.
    let before = jobs_run();
    let failed = grader.grade_while(|hand_in| {
        (0..100).for_each(|i| hand_in(&shown, &format!("{one}# {i}\n")));
        Err::<(), _>("no more")
    });
    assert_eq!(failed.err(), Some("no more"));
    assert!(jobs_run() - before < 100);
}
