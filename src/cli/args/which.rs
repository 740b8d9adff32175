//! Which experiment a command is about: a tier or a plan, a part of it, and what is named in place of its own.

use crate::values::{arm, device, tier};
use backend::DeviceChoice;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use train::Arm;

/// Which experiment, and where its results lie.
#[derive(Args, Clone)]
pub(crate) struct ExperimentArgs {
    /// A built-in tier.
    #[arg(long, value_parser = tier(), default_value = "smoke")]
    pub tier: String,
    /// A manifest of your own instead of a tier (see src/experiment/tiers/smoke.toml).
    #[arg(long, value_name = "TOML", conflicts_with = "tier")]
    pub plan: Option<PathBuf>,
    /// Folder for results, by default runs/TIER; of `export`, the new folder.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// A part of a plan: its runs are the plan's own, in the same folder, so that the rest can be run later. Results and paper say that
/// they are a part.
#[derive(Args, Clone)]
pub(crate) struct PartArgs {
    /// These arms of the plan alone.
    #[arg(long, value_name = "ARM,ARM", value_parser = arm(), value_delimiter = ',', hide_possible_values = true)]
    pub arms: Vec<Arm>,
    /// These seeds of the plan alone.
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub seeds: Vec<u64>,
}

/// A model and problems of one's own in place of the pinned ones. A paper says so on every page.
#[derive(Args)]
pub(crate) struct Benchmark {
    #[command(flatten)]
    pub base: Base,
    /// Problems to train on, as the published benchmark has them.
    #[arg(long, value_name = "JSONL")]
    pub problems: Option<PathBuf>,
    /// Problems to evaluate on, likewise.
    #[arg(long, value_name = "JSONL")]
    pub test: Option<PathBuf>,
}

/// The base model of a tier that has one apart from its data.
#[derive(Args)]
pub(crate) struct Base {
    /// A folder with config.json, weights, tokenizer.json and a chat template, or a hub cache of them. Its files must have
    /// pinned digests.
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Train this model although no digest of its weights is pinned.
    #[arg(long, requires = "model")]
    pub unpinned_model: bool,
    /// Weights drawn from this seed in the shape that the model folder's config.json gives: to measure with.
    #[arg(long, value_name = "SEED", requires = "model")]
    pub random_weights: Option<u64>,
}

#[derive(Args)]
pub(crate) struct PlanOut {
    #[command(flatten)]
    pub plan: ExperimentArgs,
    #[command(flatten)]
    pub part: PartArgs,
    #[command(flatten)]
    pub benchmark: Benchmark,
    /// A list to read, or jobs for Slurm.
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
    /// With slurm: the folder to write submit.sh and what it needs into.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Where tensors live: CUDA where it is compiled in and answers, else the CPU.
    #[arg(long, value_parser = device(), default_value = "auto")]
    pub device: DeviceChoice,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// One line a piece: its name, what it needs, its updates.
    Text,
    /// Array jobs with dependencies: base, train, evaluate, what needs those, aggregate.
    Slurm,
}
