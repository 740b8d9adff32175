//! Qwen3: an RMSNorm of every query and key head, no biases.

use super::Family;
use backend::ops::QkvStep;

/// Qwen3-0.6B to 32B, and the organism.
pub static QWEN3: Family = Family {
    name: "qwen3",
    architecture: "Qwen3ForCausalLM",
    step: QkvStep::Normed { q: (), k: () },
    head_dim: Some(128),
    num_key_value_heads: Some(32),
};
