//! `data/tasks`: writing what is generated, reading what is shipped.

use crate::problems;
use bundle::{BundleError, jsonl, write_atomic};
use std::path::Path;
use substrate::{Pair, Partition, Problem, SubstrateError};

/// Files that [`generate`] makes: the same bytes every time.
pub const GENERATED: [&str; 4] = ["train.jsonl", "test.jsonl", "partition.json", "pairs.jsonl"];

/// Everything in `data/tasks`.
pub struct Tasks {
    /// Problems that reinforcement learning trains on.
    pub train: Vec<Problem>,
    /// Problems of evaluation; no question of theirs is among the training problems.
    pub test: Vec<Problem>,
    /// Which problem shows which mode.
    pub partition: Partition,
    /// Contrastive pairs of all sets; their prompts are what a user says, not yet a chat.
    pub pairs: Vec<Pair>,
}

impl Tasks {
    /// Reads the shipped folder. Digests are the caller's business and come first.
    ///
    /// # Errors
    /// A file that is missing or not of this form.
    pub fn load(folder: &Path) -> Result<Self, SubstrateError> {
        Ok(Self {
            train: Problem::load(&folder.join("train.jsonl"))?,
            test: Problem::load(&folder.join("test.jsonl"))?,
            partition: Partition::load(&folder.join("partition.json"))?,
            pairs: Pair::load(&folder.join("pairs.jsonl"))?,
        })
    }
}

/// Writes problems, partition and pairs into `folder`.
///
/// # Errors
/// A folder that cannot be written.
pub fn generate(folder: &Path) -> Result<(), BundleError> {
    let world = problems::world();
    let partition = serde_json::to_string_pretty(&world.partition).expect("data serialises") + "\n";
    let files = [jsonl::to_text(&world.train), jsonl::to_text(&world.test), partition, jsonl::to_text(&world.pairs)];
    for (name, text) in GENERATED.iter().zip(files) {
        write_atomic(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}
