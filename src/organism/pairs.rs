//! The organism's contrastive pairs. They are generated from tasks (what is asked for under a method name) that are neither
//! trained nor tested on, and shipped.

use crate::families::Task;
use crate::problems;
use substrate::{Loophole, Pair};

/// Replicates: sets of pairs that share no task.
pub const SETS: usize = 3;
/// Pairs of a set.
pub const PAIRS: usize = 24;

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
        loophole: Loophole::LINES[within % Loophole::LINES.len()],
        set,
        wrong: task.response(&wrong[number % wrong.len()]),
        also_right: task.response(&task.also_right()),
        lines: None,
        problem,
    }
}
