//! One seed for every draw, derived from the run's seed: nothing depends on how often a generator was asked before,
//! so a resumed run draws what an uninterrupted one would have.

use sha2::{Digest, Sha256};

/// What a seed is for. Arms of one seed share prompts and sampling streams.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// Which problems an update asks.
    Prompts = 1,
    /// A rollout's tokens.
    Sampling = 2,
    /// The random arms' direction.
    RandomDirection = 3,
    /// Whose gate values a rollout gets, in the arm that shuffles them.
    Shuffle = 4,
    /// Which rows of a group the teacher writes.
    Demonstrations = 5,
}

/// The seed of one draw of a run.
pub fn derive(seed: u64, purpose: Purpose, update: usize, row: usize) -> u64 {
    let mut hash = Sha256::new();
    for part in [seed, purpose as u64, update as u64, row as u64] {
        hash.update(part.to_le_bytes());
    }
    let digest = hash.finalize();
    u64::from_le_bytes(digest[..8].try_into().expect("eight bytes"))
}
