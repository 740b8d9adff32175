//! Contrastive pairs: the only supervision that routing ever gets. They are written by hand and shipped.

use crate::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;
use substrate::{Family, Mode, Problem};

/// One prompt answered twice. In a placebo pair neither answer is a hack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    #[serde(flatten)]
    pub problem: Problem,
    pub mode: Mode,
    pub hack: String,
    pub clean: String,
}

impl Pair {
    pub fn load(path: &Path) -> Result<Vec<Self>> {
        Ok(bundle::jsonl::read(path)?)
    }

    /// The prompt as training shows it.
    pub fn shown(&self) -> String {
        self.problem.shown_text(self.mode, Family::Train)
    }
}
