//! The problem files: every family equally often in the test set, every mode equally often in both, and the tasks that the
//! contrastive pairs are made of.

use crate::families::{FAMILIES, Size, Task};
use crate::pairs;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use substrate::{Loophole, MarkerFamily, Pair, Partition, Problem, Protocol};

/// Test problems per mode and family: 5 modes x 16 families x 8 = 640.
const TEST_EACH: usize = 8;
/// Test tasks of a family at most, and at least.
const TEST_TASKS: (usize, usize) = (3, 16);
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
    /// Problems to test on. No prompt of theirs is trained on; but for families held out whole, what they ask for mostly is, under
    /// another method name.
    pub test: Vec<Problem>,
    /// The mode of every problem.
    pub partition: Partition,
    /// Contrastive pairs; their prompts are neither trained nor tested on.
    pub pairs: Vec<Pair>,
    /// Tasks that may be seen before evaluation: everything but the test tasks.
    pub seen: Vec<Task>,
}

fn rank(task: &Task) -> [u8; 32] {
    Sha256::digest(format!("{task:?}")).into()
}

/// Splits every family's tasks by hash, a task being what is asked for under a method name: the first fifth, within bounds, are test tasks; then come training tasks, then those of
/// the pairs.
pub fn world() -> World {
    let mut world = World::default();
    let mut for_pairs: Vec<Vec<Task>> = vec![];
    for family in 0..FAMILIES.len() {
        let mut tasks: Vec<Task> = Task::universe().into_iter().filter(|t| t.family == family).collect();
        tasks.sort_by_key(rank);
        let held_out = (tasks.len() / 5).clamp(TEST_TASKS.0, TEST_TASKS.1);
        let (test, train) = tasks.split_at(held_out);
        world.seen.extend(train);
        world.add_tests(test, if HELD_OUT.contains(&family) { FAR } else { "test" });
        if !HELD_OUT.contains(&family) {
            let loopholes = Loophole::ORGANISM.len();
            let (trained, rest) = train.split_at((train.len() / loopholes).min(TRAIN_EACH) * loopholes);
            for (i, task) in trained.iter().enumerate() {
                let problem = problem(task, &format!("train-{:04}", world.train.len()));
                world.partition.train.insert(problem.problem_id.clone(), Loophole::ORGANISM[i % loopholes]);
                world.train.push(problem);
            }
            for_pairs.push(rest.to_vec());
        }
    }
    world.pairs = pairs::make(&for_pairs);
    world
}

impl World {
    /// A family's test problems. No two show the same text: an id decides what a prompt discloses, so ids are tried in turn.
    fn add_tests(&mut self, tasks: &[Task], prefix: &str) {
        let mut shown = HashSet::new();
        for i in 0..TEST_EACH * Loophole::ORGANISM.len() {
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
