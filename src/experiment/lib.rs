//! An experiment: arms x seeds, trained, evaluated, summed up, and held against claims that were written before.
//!
//! | module | what it holds |
//! |---|---|
//! | [`manifest`] | a tier: what is run, with which settings |
//! | `checks`, `restrict` | what no plan may say; a part of a plan |
//! | [`cost`] | what a plan costs before it starts |
//! | [`own`] | files of one's own in place of the pinned ones |
//! | [`inputs`] | the model, data and tokens that all runs share |
//! | [`dataset`] | where problems and pairs come from: the organism, the published benchmark |
//! | [`supervision`] | judges that know the truth, for ceilings |
//! | [`runner`] | trains and evaluates one piece of a plan, resumable |
//! | [`schedule`] | the pieces shared out over threads |
//! | [`devices`], [`worker`] | the same over processes, one on each device: who gives them pieces, and what they do |
//! | [`event`] | what is told meanwhile |
//! | `leftovers` | what a write that was cut off left behind |
//! | [`ledger_order`] | the record that they leave, in plan order |
//! | [`evidence`] | gate histograms and traces from a run's rollouts |
//! | [`quantity`] | the names of all numbers |
//! | [`results`] | run folders to `results.json`: a pure function of bytes on disk |
//! | `collect`, `differences` | how each number comes about |
//! | [`curve`] | the same evaluations row by row: `curve.json` |
//! | [`scoring`] | any checkpoint on problems of one's choice |
//! | [`mod@attest`] | follows every number of `results.json` through the ledger to run folders |
//! | `source` | where problems, pairs and weights come from |
//! | [`statistics`] | means, paired tests, bootstrap |
//! | [`claims`] | `verify/claims.toml` against the results |
//! | [`published`] | the figures of the published work, and ours beside them |
//!
//! ```
//! use experiment::{Key, Manifest};
//!
//! // A tier is a plan that the program carries: every arm with every seed is a run.
//! let plan = Manifest::tier("smoke").expect("it is built in")?;
//! assert_eq!(plan.runs().len(), plan.arms.len() * plan.seeds.len());
//! assert!(plan.runs().iter().any(|run| run.to_string() == "route2b-s61"));
//!
//! // What comes of it are numbers with names; a text that names none is refused.
//! let key: Key = "route2b.hack.mean".parse()?;
//! assert_eq!(key.to_string(), "route2b.hack.mean");
//! assert!("route2b.hacks.mean".parse::<Key>().is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod attest;
mod checks;
pub mod claims;
mod collect;
pub mod cost;
pub mod curve;
pub mod dataset;
pub mod devices;
mod differences;
pub mod event;
pub mod evidence;
pub mod inputs;
pub mod ledger_order;
mod leftovers;
pub mod manifest;
mod miniature;
pub mod own;
pub mod published;
pub mod quantity;
mod restrict;
pub mod results;
pub mod runner;
pub mod schedule;
pub mod scoring;
mod source;
pub mod statistics;
pub mod supervision;
pub mod worker;

pub use attest::{Attested, Evidence, attest};
pub use cost::Cost;
pub use devices::Devices;
pub use event::{Event, Rates};
pub use inputs::Inputs;
pub use ledger_order::Provenance;
pub use manifest::{Manifest, RunId};
pub use own::{BaseWeights, Own};
pub use quantity::Key;
pub use results::Results;
pub use runner::{CheckpointView, Runner};
pub use schedule::run_plan;

use failure::Kind;
use std::path::PathBuf;

/// Why an experiment cannot go on, or its numbers cannot be told.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum ExperimentError {
    #[error("{path} is not a tier manifest: {reason}")]
    Manifest { path: PathBuf, reason: String },
    #[error("--arms and --seeds name no part of {plan}: {reason}")]
    Restriction { plan: String, reason: String },
    #[error("{path} is of {found}; this call is about {wanted}: give the --arms and --seeds that its runs were given")]
    OtherPart { path: PathBuf, found: String, wanted: String },
    #[error("{path}: {reason}")]
    Claims { path: PathBuf, reason: String },
    #[error("{key} is not attested: {reason}; run `reproduce` again")]
    Unattested { key: String, reason: String },
    #[error(
        "{path} differs from what the run folders give, first at `{at}`; it was edited or is stale, run `reproduce` again"
    )]
    Stale { path: PathBuf, at: String },
    #[error("{plan} has no piece `{name}`; `plan` lists them")]
    NoPiece { plan: String, name: String },
    #[error("device {device}: {reason}")]
    OnDevice { device: String, reason: String, kind: Kind },
    #[error("no device is left: {reasons}; run the same command again to go on")]
    NoneLeft { reasons: String },
    #[error("interrupted; run the same command again to go on from update {updates_completed} of {run}")]
    Interrupted { run: String, updates_completed: usize },
    #[error("{folder} was made from other inputs: {differs}; choose the --tier or --plan that it was trained with")]
    OtherInputs { folder: PathBuf, differs: String },
    #[error("{0}; --unpinned-model trains what is there, and every page of the paper says so")]
    NotPinned(bundle::BundleError),
    #[error(transparent)]
    Organism(#[from] organism::OrganismError),
    #[error(transparent)]
    Backend(#[from] backend::BackendError),
    #[error(transparent)]
    Model(#[from] model::ModelError),
    #[error(transparent)]
    Generate(#[from] generate::GenerateError),
    #[error(transparent)]
    Adapter(#[from] adapter::AdapterError),
    #[error(transparent)]
    Substrate(#[from] substrate::SubstrateError),
    #[error(transparent)]
    Train(#[from] train::TrainError),
    #[error(transparent)]
    Eval(#[from] eval::EvalError),
    #[error(transparent)]
    File(#[from] bundle::BundleError),
}

impl ExperimentError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Interrupted { .. } => Kind::Resumable,
            Self::Unattested { .. } | Self::Stale { .. } | Self::OtherPart { .. } => Kind::Check,
            Self::Restriction { .. } | Self::NoPiece { .. } => Kind::Usage,
            Self::OnDevice { kind, .. } => *kind,
            Self::NoneLeft { .. } => Kind::NoDevice,
            Self::Manifest { .. } | Self::Claims { .. } | Self::OtherInputs { .. } => Kind::Input,
            Self::NotPinned(e) => e.kind(),
            Self::Organism(e) => e.kind(),
            Self::Backend(e) => e.kind(),
            Self::Model(e) => e.kind(),
            Self::Generate(e) => e.kind(),
            Self::Adapter(e) => e.kind(),
            Self::Substrate(e) => e.kind(),
            Self::Train(e) => e.kind(),
            Self::Eval(e) => e.kind(),
            Self::File(e) => e.kind(),
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, ExperimentError>;
