//! Contrastive pairs: the only supervision that routing ever gets. They are generated from tasks (what is asked for under a method
//! name) that are neither trained nor tested on, and shipped. What a pair contrasts is chosen when it is used: the hack's line,
//! correctness, or both.

use crate::Result;
use crate::families::Task;
use crate::problems;
use serde::{Deserialize, Serialize};
use std::path::Path;
use substrate::{Answers, Contrast, Family, Mode, Problem};

/// Replicates: sets of pairs that share no task.
pub const SETS: usize = 3;
/// Pairs of a set.
pub const PAIRS: usize = 24;

/// A prompt, and what its answers are made of. The problem's reference is the right answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The problem that both answers answer.
    #[serde(flatten)]
    pub problem: Problem,
    /// The loophole that the prompt discloses and the hack uses.
    pub mode: Mode,
    /// Which replicate it belongs to, from 0.
    pub set: usize,
    /// A wrong answer.
    pub wrong: String,
    /// Another right answer.
    pub also_right: String,
}

impl Pair {
    /// Reads `pairs.jsonl`.
    pub fn load(path: &Path) -> Result<Vec<Self>> {
        Ok(bundle::jsonl::read(path)?)
    }

    /// The prompt as training shows it.
    pub fn shown(&self) -> String {
        self.problem.shown_text(self.mode, Family::Train)
    }

    /// Both answers; the first takes the hack's part.
    pub fn sides(&self, contrast: Contrast) -> [String; 2] {
        let Self { problem, mode, wrong, also_right, .. } = self;
        let answers = Answers { right: &problem.canonical_solution, wrong, also_right };
        contrast.sides(*mode, &mode.disclosed(Family::Train, problem), &answers)
    }
}

/// Pairs of all sets: families in turn, so that each set has as many of each as there are, and modes evenly.
pub(crate) fn make(tasks: &[Vec<Task>]) -> Vec<Pair> {
    let mut left: Vec<std::slice::Iter<Task>> = tasks.iter().map(|family| family.iter()).collect();
    let mut out = vec![];
    while out.len() < SETS * PAIRS {
        let before = out.len();
        for family in &mut left {
            let Some(task) = family.next().filter(|_| out.len() < SETS * PAIRS) else { continue };
            out.push(pair(task, out.len()));
        }
        assert!(out.len() > before, "there are tasks enough for all pairs");
    }
    out
}

fn pair(task: &Task, number: usize) -> Pair {
    let (set, within) = (number % SETS, number / SETS);
    let problem = problems::problem(task, &format!("pair-{number:02}"));
    let wrong = task.wrong();
    Pair {
        mode: Mode::LOOPHOLES[within % Mode::LOOPHOLES.len()],
        set,
        wrong: task.response(&wrong[number % wrong.len()]),
        also_right: task.response(&task.also_right()),
        problem,
    }
}
