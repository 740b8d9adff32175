//! GRPO with gradient routing. Training sees rewards; verdicts pass through sealed. This crate cannot depend on
//! `oracle`, and a gate checks that.
//!
//! | module | what it holds |
//! |---|---|
//! | [`config`] | every hyper-parameter of a run |
//! | [`arms`] | the table of arms: each one's direction, pairs and treatment |
//! | [`seeds`] | one seed for every purpose, from the run's seed |
//! | [`rollouts`] | prompts to sampled, graded completions |
//! | [`grpo`] | advantages |
//! | [`gradients`] | per-rollout knob gradients of the GRPO loss and of the pairs |
//! | [`treat`] | what an arm does with those gradients |
//! | [`optimizer`] | AdamW and the schedule |
//! | [`memory`] | how large a training pass may be |
//! | [`timings`] | where an update's time goes |
//! | [`tensorboard`] | TensorBoard's event file |
//! | [`state`] | checkpoints, and resuming to the same bytes |
//! | [`inputs`] | what a run works on |
//! | [`log`] | the rows that it writes |
//! | [`result_logs`] | the files that those rows make, and their digests |
//! | [`run`] | the loop |
//!
//! ```
//! use substrate::Reward;
//! use train::grpo::advantages;
//! use train::Arm;
//!
//! // Two groups of two completions, one prompt each. Who did better than the group is made likelier.
//! let rewards = [3.5, 0.5, 0.5, 0.5].map(|paid| Some(Reward(paid)));
//! let found = advantages(&rewards, 2, None);
//! assert_eq!(found.values, [Some(1.5), Some(-1.5), None, None], "a group of equals teaches nothing");
//!
//! // Arms are the same up to here; they differ in what becomes of the gradients.
//! assert!(Arm::ROUTE2B.routes() && !Arm::VANILLA.routes());
//! assert_ne!(Arm::ROUTE2B.treatment(), Arm::ERASE.treatment());
//! ```

pub mod arms;
pub mod config;
pub mod gradients;
pub mod grpo;
pub mod inputs;
pub mod log;
pub mod memory;
pub mod optimizer;
pub mod result_logs;
pub mod rollouts;
pub mod run;
pub mod seeds;
pub mod state;
pub mod tensorboard;
pub mod timings;
pub mod treat;

pub use arms::{Adapter, Arm, Disclosure, Supervision, Treatment};
pub use config::TrainConfig;
pub use gradients::PairTokens;
pub use inputs::{RunInputs, Supervisor};
pub use log::{Metrics, RolloutRow};
pub use run::{Outcome, train};
pub use state::RunFolder;

use adapter::AdapterError;
use failure::Kind;
use generate::GenerateError;
use model::ModelError;

/// Why training cannot go on.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum TrainError {
    #[error(
        "update {update}: the gradient is not finite; lower the learning rate. The last good state is kept, `reproduce` resumes from it"
    )]
    Diverged { update: usize },
    #[error(
        "update {update}: {failed} of {total} gradings failed in the sandbox ({cause}); run `gradient-quarantine doctor`"
    )]
    Infrastructure { update: usize, failed: usize, total: usize, cause: String },
    #[error(
        "a sampled token's log-probability is {gap:e} off the one that is trained, and in bf16 on this device both must be the same bits; `gradient-quarantine bench engine --device cuda --check-only` names the operation that is not exact with this card's driver and libraries"
    )]
    NotAsSampled { gap: f32 },
    #[error("{path} is of another run; choose another --out, or remove the folder that it lies in")]
    OtherRun { path: std::path::PathBuf },
    #[error(
        "update {update}: this arm routes as much as the {to} run of the same seed, which has no such update yet; run that first"
    )]
    Unmatched { to: &'static str, update: usize },
    #[error(
        "{log} is not as it was when the run's state was saved; restore the file, or remove the run's folder and train anew"
    )]
    Changed { log: std::path::PathBuf },
    #[error("the training set is empty")]
    NoProblems,
    #[error(transparent)]
    Backend(#[from] backend::BackendError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Generate(#[from] GenerateError),
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    #[error(transparent)]
    Routing(#[from] routing::RoutingError),
    #[error(transparent)]
    Substrate(#[from] substrate::SubstrateError),
    #[error(transparent)]
    File(#[from] bundle::BundleError),
}

impl TrainError {
    /// Whether the device had no room: the same in smaller pieces may fit.
    pub fn is_out_of_memory(&self) -> bool {
        let backend = match self {
            Self::Backend(error)
            | Self::Model(ModelError::Backend(error))
            | Self::Generate(GenerateError::Backend(error))
            | Self::Adapter(AdapterError::Backend(error) | AdapterError::Model(ModelError::Backend(error))) => error,
            _ => return false,
        };
        backend.is_out_of_memory()
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Diverged { .. } | Self::Infrastructure { .. } => Kind::Resumable,
            Self::OtherRun { .. } | Self::Unmatched { .. } => Kind::Usage,
            Self::NoProblems | Self::Changed { .. } => Kind::Input,
            Self::NotAsSampled { .. } => Kind::Check,
            Self::Backend(e) => e.kind(),
            Self::Model(e) => e.kind(),
            Self::Generate(e) => e.kind(),
            Self::Adapter(e) => e.kind(),
            Self::Routing(e) => e.kind(),
            Self::Substrate(e) => e.kind(),
            Self::File(e) => e.kind(),
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, TrainError>;
