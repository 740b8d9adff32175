//! The Qwen3 decoder, from files to sampled tokens. It knows nothing of rewards, knobs or gates.
//!
//! | module | what it holds |
//! |---|---|
//! | [`config`] | the architecture, as a hub `config.json` states it |
//! | [`device`] | CPU, wgpu or CUDA, chosen at run time |
//! | [`checkpoint`] | safetensors files, mapped: every tensor checked against the config |
//! | [`weights`] | a model's tensors, from files, memory or a seed |
//! | [`site`] | names of projections, their groups, and gains |
//! | [`batch`] | token rows, packed |
//! | [`ops`] | what a decoder is computed with, as one interface |
//! | [`portable`] | its implementation in tensor operations, for every backend |
//! | `cuda` | its implementation in CUDA kernels, when that feature is on |
//! | [`block`] | one decoder layer, forward and hand-written backward |
//! | [`decoder`] | embedding, blocks, final norm; forward, and backward with or without recomputation |
//! | [`head`] | log-probabilities of chosen tokens and the gradient of a loss over them |
//! | [`sampler`] | paged, continuously batched generation, one seed per row |
//! | [`tokenizer`] | text to token ids and back |
//! | [`chat`] | a conversation as a prompt, by the model's own template |
//!
//! The backward pass is written by hand because the base weights are frozen: training needs only activation
//! gradients and, at every linear layer, the pair (input, output gradient), which a [`Tap`] receives.

pub mod batch;
pub mod block;
pub mod chat;
pub mod checkpoint;
pub mod config;
#[cfg(feature = "cuda")]
mod cuda;
pub mod decoder;
pub mod device;
pub mod head;
pub mod ops;
pub mod portable;
pub mod sampler;
pub mod site;
pub mod tokenizer;
pub mod weights;

pub use batch::{Batch, Rows};
pub use chat::{ChatTemplate, Message};
pub use config::ModelConfig;
pub use decoder::{Decoder, Tap};
pub use device::DeviceChoice;
pub use head::{Objective, Targets};
pub use sampler::{Completion, Prompt, Sampling};
pub use site::{Gain, Group, Parameter, Proj, Site};
pub use tokenizer::Tokenizer;
pub use weights::{Matrix, Weights};

use std::path::PathBuf;

/// What can go wrong between a checkpoint on disk and a token. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Write(#[from] bundle::BundleError),
    #[error("{path} is not a model config: {reason}")]
    Config { path: PathBuf, reason: String },
    #[error("{path} is damaged: {reason}; fetch or regenerate it, then run `gradient-quarantine verify`")]
    Damaged { path: PathBuf, reason: String },
    #[error(
        "{path}: tensor {name} has shape {found:?} but config.json asks for {expected:?}: these weights belong to another model"
    )]
    Shape { path: PathBuf, name: String, expected: Vec<usize>, found: Vec<usize> },
    #[error("{path}: tensor {name} is missing (it may belong to another model)")]
    MissingTensor { path: PathBuf, name: String },
    #[error("{path}: tensor {name} is none that config.json asks for: these weights belong to another model")]
    ExtraTensor { path: PathBuf, name: String },
    #[error("{path}: tensor {name} holds a value that is not finite at element {index}: the weights are corrupt")]
    NotFinite { path: PathBuf, name: String, index: usize },
    #[error("chat template of {path}: {reason}")]
    Template { path: PathBuf, reason: String },
    #[error("tokenizer {path}: {reason}")]
    Tokenizer { path: PathBuf, reason: String },
    #[error(
        "prompt {id} has {tokens} tokens, over the cap of {cap}: raise `prompt_cap` or leave the problem out of the data file"
    )]
    PromptTooLong { id: String, tokens: usize, cap: usize },
    #[error("prompt {id} has no tokens: there is nothing to continue")]
    EmptyPrompt { id: String },
    #[error(
        "the device has room for {pages} cache pages, the longest row alone needs {needed}: lower `max_new` or `prompt_cap`, or free memory on the device"
    )]
    CacheTooSmall { pages: usize, needed: usize },
    #[error("no usable device for --device {asked}: {reason}")]
    NoDevice { asked: &'static str, reason: String },
    #[error("the device failed while computing: {0}; if memory ran out, lower the batch size or choose --device cpu")]
    Compute(String),
}

/// How the runtime, the driver and the pools say it; the last words are for a tensor whose reservation failed before.
const OUT_OF_MEMORY: [&str; 4] =
    ["out of device memory", "OUT_OF_MEMORY", "can't allocate buffer", "Memory location was never initialized"];

impl ModelError {
    /// Whether the device had no room; the same in smaller pieces may fit. Runtimes say so in words only.
    pub fn is_out_of_memory(&self) -> bool {
        let Self::Compute(reason) = self else { return false };
        OUT_OF_MEMORY.iter().any(|words| reason.contains(words))
    }
}

pub type Result<T> = std::result::Result<T, ModelError>;

/// Brings a float tensor to the host. Device errors are deferred, so out of memory shows here.
pub fn read<const D: usize>(tensor: burn::tensor::Tensor<D>) -> Result<Vec<f32>> {
    tensor.cast(burn::tensor::DType::F32).try_into_vec_as::<f32>().map_err(|e| ModelError::Compute(e.to_string()))
}
