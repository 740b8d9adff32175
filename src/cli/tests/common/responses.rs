//! Problems, responses to them, and `grade` on both.

use super::{program, root};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

pub(crate) const RIGHT: &str = "class Solution:\n    def double(self, n): return 2 * n\n";
pub(crate) const WRONG: &str = "class Solution:\n    def double(self, n): return n\n";

/// Two problems, one with a number for an id, and responses to them.
pub(crate) struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    pub(crate) fn new(responses: &[Value]) -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        let problem = |id: Value, tests: &[&str]| {
            json!({
                "problem_id": id, "func_name": "double", "setup_code": "from typing import *\n", "canonical_solution": RIGHT,
                "gt_tests": tests,
            })
        };
        let problems = [
            problem(json!("double"), &["assert Solution().double(2) == 4", "assert Solution().double(n = -3) == -6.0"]),
            problem(json!(7), &["assert all(Solution().double(n) == n + n for n in range(3))"]),
        ];
        files.write("problems.jsonl", &problems);
        files.write("responses.jsonl", responses);
        files
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, rows: &[Value]) {
        let text: String = rows.iter().map(|r| format!("{r}\n")).collect();
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn grade(&self, more: &[&str]) -> Command {
        let mut command = program(root());
        command.arg("grade").args(more);
        for (flag, name) in [("--problems", "problems"), ("--responses", "responses"), ("--out", "out")] {
            command.arg(flag).arg(self.path(&format!("{name}.jsonl")));
        }
        command
    }

    pub(crate) fn rows(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("out.jsonl")).unwrap();
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// The shell that runs the program with these words, where `P`, `R` and `O` are the files.
    pub(crate) fn in_shell(&self, words: &str) -> std::process::Output {
        let mut shell = Command::new("bash");
        let file = |name: &str| self.path(&format!("{name}.jsonl"));
        shell.env("GQ", env!("CARGO_BIN_EXE_gradient-quarantine"));
        shell.env("P", file("problems")).env("R", file("responses")).env("O", file("out"));
        shell.args(["-c", &format!("set -o pipefail; {words}")]).output().unwrap()
    }
}

pub(crate) fn response(id: Value, mode: &str, completion: &str) -> Value {
    json!({ "problem_id": id, "mode": mode, "completion": completion })
}
