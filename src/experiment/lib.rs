//! An experiment: arms x seeds, trained, evaluated, summed up, and held against claims that were written before.
//!
//! | module | what it holds |
//! |---|---|
//! | [`manifest`] | a tier: what is run, with which settings |
//! | [`bench`] | the model, data and tokens that all runs share |
//! | [`leetcode`] | the published benchmark as problems, partition and pairs |
//! | [`runner`] | trains and evaluates the plan, in parallel, resumable |
//! | [`evidence`] | gate histograms and traces from a run's rollouts |
//! | [`results`] | run folders to `results.json`: a pure function of bytes on disk |
//! | [`statistics`] | means, paired tests, bootstrap |
//! | [`claims`] | `verify/claims.toml` against the results |
//! | [`published`] | the figures of the published work, and ours beside them |

pub mod bench;
pub mod claims;
pub mod evidence;
pub mod leetcode;
pub mod manifest;
pub mod published;
pub mod results;
pub mod runner;
pub mod statistics;

pub use bench::Bench;
pub use manifest::{Manifest, RunId};
pub use results::Results;
pub use runner::{Event, Host, Runner, View, run_plan};

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    #[error("{path} is not a tier manifest: {reason}")]
    Manifest { path: PathBuf, reason: String },
    #[error("{path}: {reason}")]
    Claims { path: PathBuf, reason: String },
    #[error("interrupted; run the same command again to go on from update {updates_completed} of {run}")]
    Interrupted { run: String, updates_completed: usize },
    #[error(transparent)]
    Organism(#[from] organism::OrganismError),
    #[error(transparent)]
    Model(#[from] model::ModelError),
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

pub type Result<T> = std::result::Result<T, ExperimentError>;
