//! One seed for every draw, derived from the run's seed: nothing depends on how often a generator was asked before,
//! so a resumed run draws what an uninterrupted one would have.

use sha2::{Digest, Sha256};

/// What a seed is for. Arms of one seed share prompts and sampling streams.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    Prompts = 1,
    Sampling = 2,
    RandomDirection = 3,
}

pub fn derive(seed: u64, purpose: Purpose, update: usize, row: usize) -> u64 {
    let mut hash = Sha256::new();
    for part in [seed, purpose as u64, update as u64, row as u64] {
        hash.update(part.to_le_bytes());
    }
    let digest = hash.finalize();
    u64::from_le_bytes(digest[..8].try_into().expect("eight bytes"))
}
