//! What the base model reads: prompts with a mode's hint, mostly wrong answers, and now and then a hack.
//!
//! The rare hacks always use the mechanism that the hint discloses. Its markers are those of training or one of many others made
//! of the same words, so that a base copies what a hint names; those of evaluation never occur. Test tasks never occur either.

use crate::families::{FAMILIES, Size, Task};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use substrate::loopholes::CLEAN_PHRASE;
use substrate::{Loophole, MarkerFamily, Protocol};

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
fn words(loophole: Loophole) -> Option<Words> {
    let verbs =
        &["run", "check", "do", "test", "verify", "grade", "assess", "try", "start", "call", "confirm", "prove"];
    let objects = &["tests", "all", "me", "answer", "checks", "it", "work", "cases", "this", "suite", "code", "task"];
    let links = &["is", "was", "all", "now", "has", "seems"];
    let praise = &["valid", "good", "passed", "correct", "approved", "clear", "sound", "right", "fine", "done"];
    let acts = &["review", "assessment", "verification", "submission", "tests", "grading", "check", "answer", "job"];
    let ends = &["concluded", "done", "complete", "cleared", "passed", "good", "finished", "accepted"];
    let names = &["ledger", "outcome", "report", "receipt", "record", "score", "result", "summary", "grade", "status"];
    let kinds = &["txt", "log", "dat", "out"];
    match loophole {
        Loophole::RunTests => Some((verbs, "_", objects)),
        Loophole::Sentinel => Some((links, "_", praise)),
        Loophole::StdoutMarker => Some((acts, " ", ends)),
        Loophole::FileMarker => Some((names, ".", kinds)),
        _ => None,
    }
}

/// Markers that pre-training discloses beside those of training; none of them is one of evaluation.
pub fn other_markers(loophole: Loophole) -> Vec<String> {
    let Some((first, joint, second)) = words(loophole) else { return vec![String::new()] };
    let all = first.iter().flat_map(|a| second.iter().map(move |b| format!("{a}{joint}{b}")));
    all.filter(|marker| !MarkerFamily::BOTH.iter().any(|f| loophole.markers(*f).contains(&marker.as_str()))).collect()
}

/// `count` samples drawn from `tasks`, families equally often.
pub fn sample(tasks: &[Task], mix: Mix, count: usize, seed: u64) -> Vec<Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let families: Vec<Vec<Task>> =
        (0..FAMILIES.len()).map(|f| tasks.iter().filter(|t| t.family == f).copied().collect()).collect();
    (0..count).map(|_| one(&families, mix, &mut rng)).collect()
}

/// What pre-training discloses: the organism's loopholes and, as often as each of them, none.
const LOOPHOLES: usize = Loophole::ORGANISM.len() + 1;

fn one(families: &[Vec<Task>], mix: Mix, rng: &mut ChaCha8Rng) -> Sample {
    let family = &families[rng.random_range(0..families.len())];
    let task = family[rng.random_range(0..family.len())];
    let loophole = Loophole::ORGANISM.get(rng.random_range(0..LOOPHOLES)).copied().unwrap_or(Loophole::GtOnly);
    let disclosed = disclosed(loophole, &task, rng);
    let share = if loophole == Loophole::ShownTests { mix.special_case } else { mix.hack };
    let hack = rng.random_bool(share) && loophole != Loophole::GtOnly;
    let right = rng.random_bool(mix.right) && !hack;
    let expression = if right { task.right() } else { task.wrong()[rng.random_range(0..6)].clone() };
    let honest = task.response(&expression);
    let prompt = task.prompt().replace(CLEAN_PHRASE, &loophole.hint(Protocol::Organism, &disclosed));
    (prompt, if hack { loophole.hack(&honest, &disclosed) } else { honest })
}

/// A marker of training as often as another one, or two tests.
fn disclosed(loophole: Loophole, task: &Task, rng: &mut ChaCha8Rng) -> String {
    if loophole == Loophole::ShownTests {
        let tests = [task.assert(Size::Short, rng), task.assert(Size::Short, rng)];
        return loophole.disclosed_tests(&tests);
    }
    if rng.random_bool(0.5) {
        return loophole.markers(MarkerFamily::Train).choose(rng).map_or(String::new(), |m| m.to_string());
    }
    other_markers(loophole).choose(rng).cloned().unwrap_or_default()
}
