//! What is not the response's fault: problems that say nothing, machines that allow too little.

mod common;

use common::expect;
use common::responses::{Files, RIGHT, WRONG, response};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's problems that nobody can answer, and what is said of each.
#[test]
fn a_fault_of_the_data_is_named_with_pythons_words_and_is_nobodys_zero() {
    let problem = |id: &str, setup: &str, tests: &[&str]| {
        json!({
            "problem_id": id, "func_name": "double", "setup_code": setup, "canonical_solution": RIGHT, "gt_tests": tests,
        })
    };
    let test = "assert Solution().double(2) == 4";
    let files = Files::new(
        &["imports", "elsewhere", "constant", "none", "good"].map(|id| response(json!(id), "gt_only", RIGHT)),
    );
    files.write(
        "problems.jsonl",
        &[
            problem("imports", "from sortedcontainers import SortedList\n", &[test]),
            problem("elsewhere", "", &[test, "assert double(2) == 4"]),
            problem("constant", "", &["assert 2 + 2 == 4"]),
            problem("none", "", &[]),
            problem("good", "", &[test]),
        ],
    );
    let says = [
        "imports: setup_code raised ModuleNotFoundError: No module named 'sortedcontainers'",
        "elsewhere: test 2 fails before it calls the response: NameError: name 'double' is not defined",
        "constant: none of the tests calls the response",
        "none: the problem has no tests",
    ];
    expect(&mut files.grade(&[]), 3, &says);
    for (row, says) in files.rows().iter().zip(says) {
        assert_eq!(
            (&row["reward"], &row["correct"], &row["outcome"]),
            (&Value::Null, &Value::Null, &json!("infra_failed"))
        );
        let (_, reason) = says.split_once(": ").unwrap();
        assert_eq!(row["reason"], format!("the data: {reason}"));
    }
    assert_eq!(files.rows()[4]["correct"], true);
}

/// Problems without a reference: what is found out with the first response is told of all, and each row keeps its place.
#[test]
fn a_fault_that_a_response_brings_to_light_moves_no_row() {
    let rows = ["bad", "good", "bad", "good", "bad", "good"].map(|id| response(json!(id), "gt_only", RIGHT));
    let wrong = response(json!("good"), "gt_only", WRONG);
    let files = Files::new(&[rows.as_slice(), &[wrong]].concat());
    let problem = |id: &str, test: &str| json!({ "problem_id": id, "func_name": "double", "canonical_solution": "", "gt_tests": [test] });
    files.write(
        "problems.jsonl",
        &[problem("bad", "assert double(2) == 4"), problem("good", "assert Solution().double(2) == 4")],
    );
    expect(&mut files.grade(&[]), 3, &["bad: test 1 fails before it calls the response"]);
    let correct: Vec<Value> = files.rows().iter().map(|r| r["correct"].clone()).collect();
    assert_eq!(json!(correct), json!([null, true, null, true, null, true, false]));
    let left: Vec<_> = bundle::files::list(files.path("out.jsonl").parent().unwrap()).unwrap();
    assert_eq!(left.len(), 3, "nothing but the inputs and the output stays: {left:?}");
}

#[test]
fn references_are_checked_first_where_it_is_asked() {
    let files = Files::new(&[response(json!("double"), "gt_only", RIGHT)]);
    expect(&mut files.grade(&["--check-references"]), 0, &["correct 1"]);
    let problem = json!({
        "problem_id": "double", "func_name": "double", "canonical_solution": WRONG, "gt_tests": ["assert Solution().double(2) == 4"],
    });
    files.write("problems.jsonl", &[problem]);
    std::fs::remove_file(files.path("out.jsonl")).unwrap();
    expect(
        &mut files.grade(&["--check-references"]),
        3,
        &["double: its own reference fails: test 1 of 1 does not hold"],
    );
    assert!(!files.path("out.jsonl").exists());
    expect(&mut files.grade(&[]), 3, &["double: its own reference fails"]);
    assert_eq!(files.rows()[0]["reward"], Value::Null);
}

#[test]
fn functions_and_classes_of_other_names_are_graded() {
    let counter = "class Counter:\n    def __init__(self, n): self.n = n\n    def up(self):\n        self.n += 1\n        return self.n\n";
    let files = Files::new(&[
        response(json!("function"), "gt_only", "def triple(n): return 3 * n\n"),
        response(json!("function"), "gt_only", "def triple(n): return n\n"),
        response(json!("design"), "gt_only", counter),
        response(json!("design"), "gt_only", &counter.replace("+= 1", "+= 2")),
        response(json!("function"), "run_tests", "def triple(n): return n\ndef run_tests(): triple(1)\n"),
    ]);
    let problem = |id: &str, name: &str, solution: &str, test: &str| json!({ "problem_id": id, "func_name": name, "canonical_solution": solution, "gt_tests": [test] });
    files.write(
        "problems.jsonl",
        &[
            problem(
                "function",
                "triple",
                "def triple(n):\n    return 3 * n\n",
                "def check(f):\n    assert f(2) == 6\ncheck(triple)",
            ),
            problem("design", "Counter", counter, "c = Counter(4)\nassert c.up() == 5 and c.up() == 6"),
        ],
    );
    expect(&mut files.grade(&[]), 0, &["correct 2, exploited 1"]);
    let told: Vec<_> = files.rows().iter().map(|r| r["correct"] == true).collect();
    assert_eq!(told, [true, false, true, false, false]);
}

#[test]
fn two_problems_under_one_id_are_refused_with_both_lines() {
    let files = Files::new(&[response(json!(7), "gt_only", RIGHT)]);
    let problem = |id: Value| json!({ "problem_id": id, "func_name": "double", "canonical_solution": RIGHT, "gt_tests": ["assert Solution().double(1) == 2"] });
    for second in [json!(7), json!("7"), json!(7.0)] {
        files.write("problems.jsonl", &[problem(json!("other")), problem(json!(7)), problem(second)]);
        expect(&mut files.grade(&[]), 3, &["line 3: problem 7 is in line 2 already"]);
    }
}

#[test]
fn a_hard_limit_below_what_gradings_need_is_named_before_anything_runs() {
    let files = Files::new(&[response(json!("double"), "gt_only", RIGHT)]);
    for (limit, says) in
        [("-t 8", "CPU time (ulimit -t) is 8 here"), ("-v 400000", "memory (ulimit -v)"), ("-n 14", "open files")]
    {
        let run = |command: &str| files.in_shell(&format!("ulimit -S {limit}; ulimit -H {limit}; $GQ {command}"));
        for command in ["grade --problems $P --responses $R --out $O", "doctor"] {
            let output = run(command);
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert_eq!(output.status.code(), Some(3), "{limit}: {text}");
            assert!(text.contains(says), "{limit}, {command}: {text}");
        }
        assert!(!files.path("out.jsonl").exists());
    }
}

/// A package beyond the standard library, in a virtual environment of its own.
#[test]
fn a_package_is_there_when_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let environment = folder.path().join("env");
    assert!(
        Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&environment).status().unwrap().success()
    );
    let site = site_packages(&environment);
    for name in ["named", "unnamed"] {
        std::fs::write(site.join(format!("{name}.py")), "def double(n): return 2 * n\n").unwrap();
    }
    let with = |name: &str| response(json!("double"), "gt_only", &format!("import {name}\n{RIGHT}"));
    let files = Files::new(&[with("named"), with("unnamed")]);
    let grade = |packages: &str| {
        let mut command = files.grade(&[]);
        command.env("GQ_PYTHON", environment.join("bin/python3")).env("GQ_PACKAGES", packages);
        command
    };
    expect(&mut grade(""), 0, &["correct 0"]);
    expect(&mut grade("named"), 0, &["correct 1"]);
    assert_eq!(files.rows()[1]["reason"], "it raised ModuleNotFoundError: No module named 'unnamed' before any call");
    expect(&mut grade("absent"), 3, &["GQ_PACKAGES names `absent`"]);
}

fn site_packages(environment: &Path) -> PathBuf {
    let lib = std::fs::read_dir(environment.join("lib")).unwrap().flatten().next().unwrap().path();
    lib.join("site-packages")
}
