//! Llama: neither biases nor a norm of heads.

use super::Family;
use backend::ops::QkvStep;

/// Llama 2, SmolLM2, and whatever else calls itself one without scaled rotations.
pub static LLAMA: Family = Family {
    name: "llama",
    architecture: "LlamaForCausalLM",
    step: QkvStep::Plain,
    head_dim: None,
    num_key_value_heads: None,
};
