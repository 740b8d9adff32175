//! What tells one family of decoders from another. All share one block: RMSNorm, attention with rotated queries and keys, RMSNorm,
//! SwiGLU. What a family may decide is a field here; a config that asks for anything else is refused by name.

mod llama;
mod qwen2;
mod qwen3;

pub use llama::LLAMA;
pub use qwen2::QWEN2;
pub use qwen3::QWEN3;

use backend::ops::QkvStep;
use serde::{Serialize, Serializer};

/// A family, as the hub knows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Its `model_type` in `config.json`.
    pub name: &'static str,
    /// Its class in the reference library, which `architectures` names.
    pub architecture: &'static str,
    /// What a layer does to queries, keys and values before their rotation.
    pub step: QkvStep<()>,
    /// The `head_dim` of a config that has no such key; without one the width is divided among the heads.
    pub head_dim: Option<usize>,
    /// The `num_key_value_heads` of a config that has no such key; without one there are as many as query heads.
    pub num_key_value_heads: Option<usize>,
}

/// Every family. A config without a `model_type`, as the organism's is, is of the first.
pub static TABLE: [&Family; 3] = [&QWEN3, &QWEN2, &LLAMA];

impl Family {
    /// The family of a `model_type`.
    pub fn named(name: &str) -> Option<&'static Family> {
        TABLE.into_iter().find(|family| family.name == name)
    }

    /// Whether queries, keys and values have biases.
    pub fn is_biased(&self) -> bool {
        matches!(self.step, QkvStep::Biased(()))
    }

    /// Whether queries and keys are normed.
    pub fn is_normed(&self) -> bool {
        matches!(self.step, QkvStep::Normed { .. })
    }

    /// Whether a config may leave it unsaid.
    pub(crate) fn goes_without_saying(&self) -> bool {
        self == TABLE[0]
    }
}

impl Serialize for Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}
