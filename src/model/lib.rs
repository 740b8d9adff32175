//! The decoder: its families, its files, its layers, its gradients. It knows nothing of rewards, knobs or gates, and of no device: what
//! computes is handed in as a [`backend::Backend`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`hub`] | a model's folder as the hub lays it out: snapshots, end tokens, templates |
//! | [`config`] | the architecture, as a hub `config.json` states it |
//! | [`family`] | what tells Qwen3, Qwen2 and Llama from each other |
//! | [`names`] | names of linear layers, their groups, and norm weights |
//! | [`checkpoint`] | safetensors files, mapped: every tensor checked against the config |
//! | [`weights`] | a model's tensors, from files, memory or a seed |
//! | [`block`] | one decoder layer, forward and hand-written backward |
//! | [`tap`] | who watches a backward pass |
//! | [`decoder`] | embedding, blocks, final norm; forward, and backward with or without recomputation |
//! | [`head`] | log-probabilities of given tokens and the gradient of a loss over them |
//! | [`tokenizer`] | text to token ids and back |
//! | [`chat`] | a conversation as a prompt, by the model's own template |
//!
//! The backward pass is written by hand because the base weights are frozen: training needs only activation
//! gradients and, at every linear layer, the pair (input, output gradient), which a [`Tap`] receives.
//!
//! ```
//! use backend::{Backend, Batch};
//! use model::{Decoder, Targets, Weights};
//!
//! let weights = Weights::load("tests/fixtures/tied".as_ref())?;
//! let decoder = Decoder::new(&weights, &Backend::cpu())?;
//! let row: &[u32] = &[4, 9, 17, 3, 22, 8];
//! let batch = Batch::new(&[row], &decoder.backend.device);
//! // The first two tokens are given; how likely are the four behind them?
//! let targets = Targets::completions(&[(2, 6)], &[row]);
//! let log_probs = decoder.log_probs(&decoder.hidden(&batch), &targets)?;
//! assert_eq!(log_probs.len(), 4);
//! assert!(log_probs.iter().all(|it| *it < 0.0));
//! # Ok::<(), model::ModelError>(())
//! ```

pub mod block;
pub mod chat;
pub mod checkpoint;
pub mod config;
pub mod decoder;
pub mod family;
pub mod head;
pub mod hub;
pub mod names;
pub mod tap;
pub mod tokenizer;
pub mod weights;

pub use chat::{ChatTemplate, Message};
pub use config::ModelConfig;
pub use decoder::Decoder;
pub use family::Family;
pub use head::{Objective, Targets};
pub use names::{Group, LinearId, NormWeight, Parameter, Proj};
pub use tap::Tap;
pub use tokenizer::Tokenizer;
pub use weights::Weights;

use backend::BackendError;
use failure::Kind;
use std::path::PathBuf;

/// What can go wrong between a checkpoint on disk and a hidden state. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum ModelError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    File(#[from] bundle::BundleError),
    #[error("{path} is not a model config: {reason}")]
    Config { path: PathBuf, reason: String },
    #[error("{path} is damaged: {reason}; fetch or regenerate it, then run `gradient-quarantine verify`")]
    Damaged { path: PathBuf, reason: String },
    #[error(
        "{path}: tensor {name} has shape {found:?} but config.json asks for {expected:?}: these weights belong to another model; put config.json and weights of one model together"
    )]
    Shape { path: PathBuf, name: String, expected: Vec<usize>, found: Vec<usize> },
    #[error(
        "{path}: tensor {name} is missing (it may belong to another model): put config.json and weights of one model together"
    )]
    MissingTensor { path: PathBuf, name: String },
    #[error(
        "{path}: tensor {name} is none that config.json asks for: these weights belong to another model; put config.json and weights of one model together"
    )]
    ExtraTensor { path: PathBuf, name: String },
    #[error("{path}: tensor {name} holds a value that is not finite at element {index}: the weights are corrupt")]
    NotFinite { path: PathBuf, name: String, index: usize },
    #[error("chat template of {path}: {reason}")]
    Template { path: PathBuf, reason: String },
    #[error("tokenizer {path}: {reason}")]
    Tokenizer { path: PathBuf, reason: String },
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl ModelError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(e) => e.kind(),
            Self::Backend(e) => e.kind(),
            Self::Read { .. }
            | Self::Config { .. }
            | Self::Damaged { .. }
            | Self::Shape { .. }
            | Self::MissingTensor { .. }
            | Self::ExtraTensor { .. }
            | Self::NotFinite { .. }
            | Self::Template { .. }
            | Self::Tokenizer { .. } => Kind::Input,
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, ModelError>;
