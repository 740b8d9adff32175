//! The problem files: every family equally often in the test set, every mode equally often in both.

use crate::families::{FAMILIES, Task};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use substrate::{Mode, Partition, Problem};

/// Test problems per mode and family: 4 modes x 16 families x 2 = 128.
const TEST_EACH: usize = 2;
/// At most this many training problems per mode and family.
const TRAIN_EACH: usize = 8;
const TESTS_PER_PROBLEM: usize = 5;

/// The generated world.
pub struct World {
    pub train: Vec<Problem>,
    pub test: Vec<Problem>,
    pub partition: Partition,
    /// Tasks that may be seen before evaluation: everything but the test tasks.
    pub seen: Vec<Task>,
}

fn rank(task: &Task) -> [u8; 32] {
    Sha256::digest(format!("{task:?}")).into()
}

/// Splits every family's tasks by hash: the first fifth, and at least two, are test tasks.
pub fn world() -> World {
    let mut world = World { train: vec![], test: vec![], partition: Partition::default(), seen: vec![] };
    for family in 0..FAMILIES.len() {
        let mut tasks: Vec<Task> = Task::universe().into_iter().filter(|t| t.family == family).collect();
        tasks.sort_by_key(rank);
        let held_out = (tasks.len() / 5).clamp(2, TEST_EACH * Mode::LOOPHOLES.len());
        let (test, train) = tasks.split_at(held_out);
        world.seen.extend(train);
        for i in 0..TEST_EACH * Mode::LOOPHOLES.len() {
            let mode = Mode::LOOPHOLES[i % 4];
            let problem = problem(&test[(i + i / 4) % test.len()], "test", world.test.len());
            world.partition.test.insert(problem.problem_id.clone(), mode);
            world.test.push(problem);
        }
        let even = (train.len() / 4).min(TRAIN_EACH) * 4;
        for (i, task) in train[..even].iter().enumerate() {
            let problem = problem(task, "train", world.train.len());
            world.partition.train.insert(problem.problem_id.clone(), Mode::LOOPHOLES[i % 4]);
            world.train.push(problem);
        }
    }
    world
}

fn problem(task: &Task, split: &str, number: usize) -> Problem {
    let mut rng = ChaCha8Rng::from_seed(rank(task));
    Problem {
        problem_id: format!("{split}-{number:04}"),
        prompt: task.prompt(),
        func_name: task.method.into(),
        setup_code: String::new(),
        canonical_solution: task.response(&task.right()),
        gt_tests: (0..TESTS_PER_PROBLEM).map(|_| task.assert(&mut rng)).collect(),
    }
}
