//! The AntiPaSTO adapter: for each projection `W = U diag(s) Vh`, two knobs in `R^r` that scale its singular
//! directions. `y = W x + U((d + m h) * (Vh x))`: `d` is deployed, `h` is the quarantine, `m` switches it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`layout`] | where each module's knob lies in the flat knob vector |
//! | [`knobs`] | the two knobs, on the host, in and out of safetensors |
//! | [`basis`] | the SVD of every projection, and merging knobs into dense weights |
//! | [`export`] | the deployed model for other programs: merged, or as a LoRA |
//! | [`gradient`] | per-rollout knob gradients, read off the backward pass |
//!
//! ```
//! use adapter::{Basis, Knobs, Quarantine};
//! use backend::{Backend, read};
//! use model::{Decoder, LinearId, Proj, Weights};
//!
//! let weights = Weights::load("../model/tests/fixtures/tied".as_ref())?;
//! let basis = Basis::new(Decoder::new(&weights, &Backend::cpu())?, &weights)?;
//! let mut knobs = Knobs::zero(basis.layout.len());
//! knobs.quarantine[0] = 1.0; // as if training had put something there
//!
//! let query = |model: &Decoder| read(model.weight(LinearId { layer: 0, proj: Proj::Q }));
//! let base = query(&basis.base)?;
//! assert_ne!(query(&basis.merge(&knobs, Quarantine::On))?, base);
//! assert_eq!(query(&basis.merge(&knobs, Quarantine::Off))?, base, "nothing of it is deployed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod basis;
pub mod export;
pub mod gradient;
pub mod knobs;
pub mod layout;
pub mod token_gate;

pub use basis::Basis;
pub use export::Truncation;
pub use gradient::{KnobGradients, KnobTap, RolloutGradients, TokenSplit};
pub use knobs::{Knobs, Quarantine};
pub use layout::Layout;
pub use token_gate::TokenGate;

use failure::Kind;
use std::path::PathBuf;

/// What can go wrong between a model's weights and its knobs, on disk or on a device.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum AdapterError {
    #[error("the SVD of {0} did not converge: its weights are not usable")]
    Svd(String),
    #[error("{path} holds no usable adapter: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path}, a cached singular basis, is damaged: {reason}; remove it, and it is computed again")]
    Cache { path: PathBuf, reason: String },
    #[error(transparent)]
    Backend(#[from] backend::BackendError),
    #[error(transparent)]
    Model(#[from] model::ModelError),
    #[error(transparent)]
    File(#[from] bundle::BundleError),
}

impl AdapterError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Svd(_) | Self::Damaged { .. } | Self::Cache { .. } => Kind::Input,
            Self::Backend(e) => e.kind(),
            Self::Model(e) => e.kind(),
            Self::File(e) => e.kind(),
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, AdapterError>;
