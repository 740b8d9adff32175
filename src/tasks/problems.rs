//! The problem files: every kind trained on equally often, every loophole as often as the others, and the tasks that the
//! contrastive pairs are made of.

use crate::kinds::{self, HELD_OUT_EACH};
use crate::{Params, Task, TaskKind, pairs};
use sha2::{Digest, Sha256};
use substrate::{Loophole, Pair, Partition, Problem};

/// Of a kind's questions, how many are kept for testing, and how many for pairs.
const TEST_QUESTIONS: usize = 2;
const PAIR_QUESTIONS: usize = 2;
/// At most so many training problems of a kind.
const TRAIN_EACH: usize = 16;
/// Test problems of a kind that is held out whole.
const FAR_EACH: usize = 10;
/// What the ids of their test problems begin with.
pub const FAR: &str = "far";

/// The generated world.
#[derive(Default)]
pub struct World {
    /// Problems to train on.
    pub train: Vec<Problem>,
    /// Problems to test on. What they ask for is in no training problem and in no pair, in whatever words.
    pub test: Vec<Problem>,
    /// The mode of every problem.
    pub partition: Partition,
    /// Contrastive pairs; their questions are neither trained nor tested on.
    pub pairs: Vec<Pair>,
}

fn rank(of: &impl std::fmt::Debug) -> [u8; 32] {
    Sha256::digest(format!("{of:?}")).into()
}

/// Splits every kind by what it asks for; of every subject some kinds are held out whole.
pub fn world() -> World {
    let mut world = World::default();
    let (mut near, mut far, mut for_pairs) = (vec![], vec![], vec![]);
    for (_, kinds) in kinds::subjects() {
        let mut kinds: Vec<&'static TaskKind> = kinds.iter().filter(|kind| kinds::kept(kind)).collect();
        kinds.sort_by_key(|kind| rank(&kind.name));
        for (i, kind) in kinds.into_iter().enumerate() {
            let mut questions = kind.params();
            questions.sort_by_key(|params| rank(&(kind.name, params)));
            if i < HELD_OUT_EACH {
                far.extend(asked(kind, &questions, FAR_EACH));
                continue;
            }
            let (test, rest) = questions.split_at(TEST_QUESTIONS);
            let (spare, trained) = rest.split_at(PAIR_QUESTIONS);
            near.extend(asked(kind, test, TEST_QUESTIONS));
            for_pairs.push(asked(kind, spare, PAIR_QUESTIONS));
            asked(kind, trained, TRAIN_EACH).iter().for_each(|task| world.add_training(task));
        }
    }
    world.add_tests(&near, "test");
    world.add_tests(&far, FAR);
    world.pairs = pairs::make(&for_pairs);
    world
}

/// Tasks of a kind: every question once, then every question in other words, and so on.
fn asked(kind: &'static TaskKind, questions: &[Params], most: usize) -> Vec<Task> {
    let turns = (0..kind.asks.len()).flat_map(|turn| questions.iter().map(move |&params| (turn, params)));
    let task = |(turn, params): (usize, Params)| {
        let first = rank(&(params, kind.name))[0] as usize;
        Task { kind, params, phrasing: (first + turn) % kind.asks.len() }
    };
    turns.take(most).map(task).collect()
}

impl World {
    fn add_training(&mut self, task: &Task) {
        let problem = task.problem(&format!("train-{:04}", self.train.len()));
        self.partition.train.insert(problem.problem_id.clone(), loophole(self.train.len()));
        self.train.push(problem);
    }

    /// As many of them as every loophole has one for.
    fn add_tests(&mut self, tasks: &[Task], prefix: &str) {
        let loopholes = Loophole::ORGANISM.len();
        for task in &tasks[..tasks.len() / loopholes * loopholes] {
            let problem = task.problem(&format!("{prefix}-{:04}", self.test.len()));
            self.partition.test.insert(problem.problem_id.clone(), loophole(self.test.len()));
            self.test.push(problem);
        }
    }
}

fn loophole(i: usize) -> Loophole {
    Loophole::ORGANISM[i % Loophole::ORGANISM.len()]
}

/// What a problem asks for, in whatever words: by this, training and test are kept apart.
pub fn question(problem: &Problem) -> &str {
    &problem.canonical_solution
}
