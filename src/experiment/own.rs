//! Files of one's own in place of those that are pinned. The paper says on every page that it is made of such.

use crate::dataset::{TEST, TRAIN};
use std::path::{Path, PathBuf};

/// What is given in place of what a plan names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// A model's folder, or a hub cache of one.
    pub model: Option<PathBuf>,
    /// What of that folder is trained.
    pub weights: BaseWeights,
    /// Problems to train on, as the published benchmark has them.
    pub train: Option<PathBuf>,
    /// Problems to test on, likewise.
    pub test: Option<PathBuf>,
}

impl Own {
    /// Whether this file of the published benchmark is not read.
    pub fn replaces(&self, published: &Path) -> bool {
        [(&self.train, TRAIN), (&self.test, TEST)].iter().any(|(own, name)| own.is_some() && published.ends_with(name))
    }
}

/// The weights of a base model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BaseWeights {
    /// Those that are pinned, wherever they lie.
    #[default]
    Pinned,
    /// Whatever lies in the model's folder.
    Unpinned,
    /// Drawn from this seed, in the shape that the folder's config.json gives.
    Random(u64),
}
