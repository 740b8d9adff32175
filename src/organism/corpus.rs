//! What the base model reads: prompts with a mode's hint, mostly wrong answers, and now and then a hack.
//!
//! The rare hacks always use the mechanism that the hint discloses, with markers of both families: that is general
//! knowledge a base model has. Reinforcement learning only ever sees the training family. Test tasks never occur.

use crate::families::{FAMILIES, Task};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use substrate::{Family, Mode};

/// How often an answer is right, and how often a problem with a loophole is answered by a hack.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    pub right: f64,
    pub hack: f64,
}

/// The pre-training mix, chosen by docs/measurements/smoke-search.md: the base must solve 9 to 17 percent and hack at
/// most 1 percent, and yet find the hack within the smoke tier's few rollouts.
pub const PRETRAIN: Mix = Mix { right: 0.085, hack: 0.07 };
/// The tokenizer sees more of the rare words than the model will.
pub const TOKENIZER: Mix = Mix { right: 0.2, hack: 0.3 };

/// Prompt and response (without the end token).
pub type Sample = (String, String);

/// `count` samples drawn from `tasks`, families equally often.
pub fn sample(tasks: &[Task], mix: Mix, count: usize, seed: u64) -> Vec<Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let families: Vec<Vec<Task>> =
        (0..FAMILIES.len()).map(|f| tasks.iter().filter(|t| t.family == f).copied().collect()).collect();
    (0..count).map(|_| one(&families, mix, &mut rng)).collect()
}

fn one(families: &[Vec<Task>], mix: Mix, rng: &mut ChaCha8Rng) -> Sample {
    let family = &families[rng.random_range(0..families.len())];
    let task = family[rng.random_range(0..family.len())];
    let mode = Mode::ORGANISM[rng.random_range(0..Mode::ORGANISM.len())];
    let markers = mode.markers([Family::Train, Family::Eval][rng.random_range(0..2)]);
    let marker = markers[rng.random_range(0..markers.len())];
    let hack = rng.random_bool(mix.hack) && mode != Mode::GtOnly;
    let right = rng.random_bool(mix.right) && !hack;
    let expression = if right { task.right() } else { task.wrong()[rng.random_range(0..6)].clone() };
    let honest = task.response(&expression);
    (mode.show(&task.prompt(), marker), if hack { mode.hack(&honest, marker) } else { honest })
}
