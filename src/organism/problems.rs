//! The problem files: every family equally often in the test set, every mode equally often in both, and the tasks that the
//! contrastive pairs are made of.

use crate::families::{FAMILIES, METHODS, Size, Task};
use crate::pairs;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use substrate::{Loophole, MarkerFamily, Pair, Partition, Problem, Protocol};

/// Test problems per mode and family: 5 modes x 13 families x 8 = 520.
const TEST_EACH: usize = 8;
/// Of a family's questions, how many are kept for testing at least and at most; a third, between them.
const TEST_QUESTIONS: (usize, usize) = (2, 16);
/// At most this many training problems per mode and family.
const TRAIN_EACH: usize = 8;
/// Families that are in no training problem and in no pair: the far half of generalisation.
pub const HELD_OUT: [usize; 4] = [3, 8, 11, 15];
/// What the ids of their test problems begin with.
pub const FAR: &str = "far";
/// Tests of a problem that may be shown, and those that never are.
const TESTS: (usize, usize) = (2, 6);

/// The generated world.
#[derive(Default)]
pub struct World {
    /// Problems to train on.
    pub train: Vec<Problem>,
    /// Problems to test on. What they ask for is in no training problem and in no pair, whatever the method is called there.
    pub test: Vec<Problem>,
    /// The mode of every problem.
    pub partition: Partition,
    /// Contrastive pairs; their prompts are neither trained nor tested on.
    pub pairs: Vec<Pair>,
    /// Tasks that pre-training may show: everything but the test tasks.
    pub seen: Vec<Task>,
}

fn rank(task: &impl std::fmt::Debug) -> [u8; 32] {
    Sha256::digest(format!("{task:?}")).into()
}

/// Splits every family by what it asks for: a third of its questions, within bounds, make test tasks; of the other tasks the first
/// are trained on, and the rest is for pairs.
pub fn world() -> World {
    let mut world = World::default();
    let mut for_pairs: Vec<Vec<Task>> = vec![];
    for family in 0..FAMILIES.len() {
        let far = HELD_OUT.contains(&family);
        let (test, rest) = split(family, far);
        world.add_tests(&test, if far { FAR } else { "test" });
        if !far {
            let loopholes = Loophole::ORGANISM.len();
            let (trained, spare) = rest.split_at((rest.len() / loopholes).min(TRAIN_EACH) * loopholes);
            for (i, task) in trained.iter().enumerate() {
                let problem = problem(task, &format!("train-{:04}", world.train.len()));
                world.partition.train.insert(problem.problem_id.clone(), Loophole::ORGANISM[i % loopholes]);
                world.train.push(problem);
            }
            for_pairs.push(spare.to_vec());
        }
        world.seen.extend(rest);
    }
    world.pairs = pairs::make(&for_pairs);
    world
}

/// A family's test tasks and its others, each ordered by a hash. A family that asks one question only has no test tasks, unless it
/// is held out from training whole: then its test prompts are those that pre-training does not show.
fn split(family: usize, far: bool) -> (Vec<Task>, Vec<Task>) {
    let mut tasks: Vec<Task> = Task::universe().into_iter().filter(|t| t.family == family).collect();
    tasks.sort_by_key(rank);
    let mut questions: Vec<Task> = tasks.iter().filter(|t| t.method == METHODS[0]).copied().collect();
    questions.sort_by_key(|t| rank(&(t.family, t.params)));
    if questions.len() == 1 {
        let others = tasks.split_off(if far { TEST_EACH } else { 0 });
        return (tasks, others);
    }
    let kept = (questions.len() / 3).clamp(TEST_QUESTIONS.0, TEST_QUESTIONS.1);
    let (test, others) = tasks.into_iter().partition(|task| questions[..kept].iter().any(|q| q.params == task.params));
    (in_turn(test), others)
}

/// One task of every question, then a second one of every question, and so on.
fn in_turn(tasks: Vec<Task>) -> Vec<Task> {
    let mut counts = BTreeMap::new();
    let mut numbered: Vec<(usize, Task)> = vec![];
    for task in tasks {
        let count = counts.entry(task.params).or_default();
        *count += 1;
        numbered.push((*count, task));
    }
    numbered.sort_by_key(|(count, _)| *count);
    numbered.into_iter().map(|(_, task)| task).collect()
}

impl World {
    /// A family's test problems. No two show the same text: an id decides what a prompt discloses, so ids are tried in turn.
    fn add_tests(&mut self, tasks: &[Task], prefix: &str) {
        let mut shown = HashSet::new();
        let count = if tasks.is_empty() { 0 } else { TEST_EACH * Loophole::ORGANISM.len() };
        for i in 0..count {
            let loophole = Loophole::ORGANISM[i % Loophole::ORGANISM.len()];
            let task = &tasks[(i / Loophole::ORGANISM.len()) % tasks.len()];
            let tried = ('a'..='z').map(|letter| problem(task, &format!("{prefix}-{:04}{letter}", self.test.len())));
            let mut fresh = tried.filter(|p| {
                shown.insert(p.shown_text(loophole, MarkerFamily::Eval).expect("a task's prompt has the phrase once"))
            });
            let problem = fresh.next().expect("26 ids disclose all four markers");
            self.partition.test.insert(problem.problem_id.clone(), loophole);
            self.test.push(problem);
        }
    }
}

/// A task as a problem; its id decides its tests.
pub(crate) fn problem(task: &Task, id: &str) -> Problem {
    let mut rng = ChaCha8Rng::from_seed(Sha256::digest(format!("{id} {task:?}")).into());
    let mut tests: Vec<String> = (0..TESTS.0).map(|_| task.assert(Size::Short, &mut rng)).collect();
    tests.extend((0..TESTS.1).map(|_| task.assert(Size::Long, &mut rng)));
    Problem {
        problem_id: id.into(),
        protocol: Protocol::Organism,
        prompt: task.prompt(),
        func_name: task.method.into(),
        setup_code: String::new(),
        canonical_solution: task.response(&task.right()),
        gt_tests: tests,
    }
}

/// What a problem asks for, whatever its method is called: by this, training and test are kept apart.
pub fn question(problem: &Problem) -> String {
    problem.prompt.replacen(&format!(" {}(", problem.func_name), " _(", 1)
}
