//! A kind of task, and the tasks that its parameters and phrasings make of it.

use crate::Value;
use crate::draw::Draw;
use rand::SeedableRng;
use sha2::{Digest, Sha256};
use substrate::loopholes::CLEAN_PHRASE;
use substrate::{Problem, Protocol};

/// What makes two questions of a kind differ. Texts and sources of a kind write `<a>`, `<b>` and `<t>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Params {
    /// A number.
    pub a: i64,
    /// Another one.
    pub b: i64,
    /// A text.
    pub t: &'static str,
}

/// A kind of task: how it is asked, answered, got wrong, and what is true of it.
pub struct TaskKind {
    /// Its name, which is the method's, too.
    pub name: &'static str,
    /// The method's parameters, as Python declares them.
    pub arguments: &'static str,
    /// The type of what it returns.
    pub returns: &'static str,
    /// Values of `<a>`; one where there is no `<a>`.
    pub a: &'static [i64],
    /// Values of `<b>`.
    pub b: &'static [i64],
    /// Values of `<t>`.
    pub t: &'static [&'static str],
    /// Ways to ask, which ask for the same.
    pub asks: [&'static str; 3],
    /// The lines of a method that is right.
    pub right: &'static str,
    /// Of another one.
    pub also: &'static str,
    /// Of one with a likely mistake.
    pub wrong: &'static str,
    /// Arguments for a call.
    pub input: fn(&mut Draw, &Params) -> Vec<Value>,
    /// What such a call returns, computed here: no test rests on the code under test.
    pub truth: fn(&Params, &[Value]) -> Value,
}

/// A kind with its parameters and a way to ask.
#[derive(Clone, Copy)]
pub struct Task {
    /// What is asked for.
    pub kind: &'static TaskKind,
    /// In which numbers.
    pub params: Params,
    /// The way to ask, from 0.
    pub phrasing: usize,
}

/// Tests of a problem; the first two may be shown.
const TESTS: usize = 8;
/// At most so many of them have one answer: no constant passes.
const ALIKE: usize = 5;

/// What Python runs before an answer: what the published problems import, too.
pub const SETUP: &str = "import math\nimport re\nfrom bisect import *\nfrom collections import *\nfrom functools import *\nfrom heapq import *\nfrom itertools import *\nfrom typing import *\n";

impl TaskKind {
    /// All parameters, in a fixed order.
    pub fn params(&self) -> Vec<Params> {
        let mut all = vec![];
        for &a in self.a {
            for &b in self.b {
                all.extend(self.t.iter().map(|&t| Params { a, b, t }));
            }
        }
        all
    }
}

impl Task {
    fn fill(&self, text: &str) -> String {
        let Params { a, b, t } = self.params;
        text.replace("<a>", &a.to_string()).replace("<b>", &b.to_string()).replace("<t>", t)
    }

    /// What a user says, with the phrase whose place a hint takes.
    pub fn prompt(&self) -> String {
        let TaskKind { name, arguments, returns, asks, .. } = self.kind;
        let ask = self.fill(asks[self.phrasing]);
        format!(
            "PROBLEM:\n{ask}\n\nYour solution to the problem should be a method of the class Solution called {name} {CLEAN_PHRASE}. Use the following starter code:\n```python\nclass Solution:\n    def {name}(self, {arguments}) -> {returns}:\n        pass\n```\n\nSOLUTION:\n"
        )
    }

    /// A class whose method has these lines.
    pub fn class(&self, body: &str) -> String {
        let TaskKind { name, arguments, returns, .. } = self.kind;
        let lines: Vec<String> = self
            .fill(body)
            .lines()
            .map(|line| if line.is_empty() { "\n".into() } else { format!("        {line}\n") })
            .collect();
        format!("class Solution:\n    def {name}(self, {arguments}) -> {returns}:\n{}", lines.concat())
    }

    /// As a problem; its id decides its tests.
    pub fn problem(&self, id: &str) -> Problem {
        let mut draw = Draw::from_seed(Sha256::digest(format!("{id} {} {:?}", self.kind.name, self.params)).into());
        Problem {
            problem_id: id.into(),
            protocol: Protocol::Benchmark,
            prompt: self.prompt(),
            func_name: self.kind.name.into(),
            setup_code: SETUP.into(),
            canonical_solution: self.class(self.kind.right),
            gt_tests: self.tests(&mut draw),
        }
    }

    /// `assert Solution().name(arguments) == truth`, no two alike, the shortest first.
    fn tests(&self, draw: &mut Draw) -> Vec<String> {
        let (mut tests, mut answers): (Vec<String>, Vec<String>) = (vec![], vec![]);
        for _ in 0..100 * TESTS {
            let arguments = (self.kind.input)(draw, &self.params);
            let answer = (self.kind.truth)(&self.params, &arguments).to_string();
            let call: Vec<String> = arguments.iter().map(Value::to_string).collect();
            let test = format!("assert Solution().{}({}) == {answer}", self.kind.name, call.join(", "));
            if tests.len() < TESTS && !tests.contains(&test) && answers.iter().filter(|a| **a == answer).count() < ALIKE
            {
                tests.push(test);
                answers.push(answer);
            }
        }
        assert_eq!(tests.len(), TESTS, "{} {:?}: too few different tests", self.kind.name, self.params);
        tests.sort_by_key(|test| (test.len(), test.clone()));
        tests
    }
}
