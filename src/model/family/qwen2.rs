//! Qwen2: biases of queries, keys and values, no norm of heads.

use super::Family;
use backend::ops::QkvStep;

/// Qwen2, Qwen2.5 and Qwen2.5-Coder.
pub static QWEN2: Family = Family {
    name: "qwen2",
    architecture: "Qwen2ForCausalLM",
    step: QkvStep::Biased(()),
    head_dim: None,
    num_key_value_heads: Some(32),
};
