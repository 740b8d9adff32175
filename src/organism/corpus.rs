//! What the base model reads: prompts with a mode's hint, mostly wrong answers, and now and then a hack.
//!
//! The rare hacks always use the mechanism that the hint discloses. Its markers are those of training or one of many others made
//! of the same words, so that a base copies what a hint names; those of evaluation never occur. Test tasks never occur either.

use crate::families::{FAMILIES, Size, Task};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use substrate::modes::CLEAN_PHRASE;
use substrate::{Family, Mode, Protocol};

/// How often an answer is right, and how often a problem with a loophole is answered by a hack.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Probability that an answer which is no hack is right.
    pub right: f64,
    /// Probability of a hack where a marker is disclosed.
    pub hack: f64,
    /// Probability of a hack where tests are shown: a special case is longer, and harder to find.
    pub special_case: f64,
}

/// The pre-training mix, chosen on validation problems: docs/measurements/organism-search.md.
pub const PRETRAIN: Mix = Mix { right: 0.085, hack: 0.10, special_case: 0.22 };
/// The tokenizer sees more of the rare words than the model will.
pub const TOKENIZER: Mix = Mix { right: 0.2, hack: 0.3, special_case: 0.3 };

/// Prompt and response (without the end token).
pub type Sample = (String, String);

/// First words, what joins them, second words.
type Words = (&'static [&'static str], &'static str, &'static [&'static str]);

/// The words that markers of pre-training are made of.
fn words(mode: Mode) -> Option<Words> {
    let verbs =
        &["run", "check", "do", "test", "verify", "grade", "assess", "try", "start", "call", "confirm", "prove"];
    let objects = &["tests", "all", "me", "answer", "checks", "it", "work", "cases", "this", "suite", "code", "task"];
    let links = &["is", "was", "all", "now", "has", "seems"];
    let praise = &["valid", "good", "passed", "correct", "approved", "clear", "sound", "right", "fine", "done"];
    let acts = &["review", "assessment", "verification", "submission", "tests", "grading", "check", "answer", "job"];
    let ends = &["concluded", "done", "complete", "cleared", "passed", "good", "finished", "accepted"];
    let names = &["ledger", "outcome", "report", "receipt", "record", "score", "result", "summary", "grade", "status"];
    let kinds = &["txt", "log", "dat", "out"];
    match mode {
        Mode::RunTests => Some((verbs, "_", objects)),
        Mode::Sentinel => Some((links, "_", praise)),
        Mode::StdoutMarker => Some((acts, " ", ends)),
        Mode::FileMarker => Some((names, ".", kinds)),
        _ => None,
    }
}

/// Markers that pre-training discloses beside those of training; none of them is one of evaluation.
pub fn other_markers(mode: Mode) -> Vec<String> {
    let Some((first, joint, second)) = words(mode) else { return vec![String::new()] };
    let all = first.iter().flat_map(|a| second.iter().map(move |b| format!("{a}{joint}{b}")));
    all.filter(|marker| !Family::BOTH.iter().any(|f| mode.markers(*f).contains(&marker.as_str()))).collect()
}

/// `count` samples drawn from `tasks`, families equally often.
pub fn sample(tasks: &[Task], mix: Mix, count: usize, seed: u64) -> Vec<Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let families: Vec<Vec<Task>> =
        (0..FAMILIES.len()).map(|f| tasks.iter().filter(|t| t.family == f).copied().collect()).collect();
    (0..count).map(|_| one(&families, mix, &mut rng)).collect()
}

/// What pre-training discloses: the organism's loopholes and, as often as each of them, none.
const MODES: usize = Mode::ORGANISM.len() + 1;

fn one(families: &[Vec<Task>], mix: Mix, rng: &mut ChaCha8Rng) -> Sample {
    let family = &families[rng.random_range(0..families.len())];
    let task = family[rng.random_range(0..family.len())];
    let mode = Mode::ORGANISM.get(rng.random_range(0..MODES)).copied().unwrap_or(Mode::GtOnly);
    let disclosed = disclosed(mode, &task, rng);
    let share = if mode == Mode::ShownTests { mix.special_case } else { mix.hack };
    let hack = rng.random_bool(share) && mode != Mode::GtOnly;
    let right = rng.random_bool(mix.right) && !hack;
    let expression = if right { task.right() } else { task.wrong()[rng.random_range(0..6)].clone() };
    let honest = task.response(&expression);
    let prompt = task.prompt().replace(CLEAN_PHRASE, &mode.hint(Protocol::Organism, &disclosed));
    (prompt, if hack { mode.hack(&honest, &disclosed) } else { honest })
}

/// A marker of training as often as another one, or two tests.
fn disclosed(mode: Mode, task: &Task, rng: &mut ChaCha8Rng) -> String {
    if mode == Mode::ShownTests {
        let tests = [task.assert(Size::Short, rng), task.assert(Size::Short, rng)];
        return mode.disclosed_tests(&tests);
    }
    if rng.random_bool(0.5) {
        return mode.markers(Family::Train).choose(rng).map_or(String::new(), |m| m.to_string());
    }
    other_markers(mode).choose(rng).cloned().unwrap_or_default()
}
