//! The command line, all of it.

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::DeviceChoice;
use std::path::PathBuf;

/// Re-runs a reward-hacking experiment, checks itself, and typesets the paper from the numbers it just made.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// The project folder (with checksums/, data/ and paper/).
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    pub root: PathBuf,
}

#[derive(Subcommand)]
pub enum Command {
    /// Check everything, train and evaluate every arm, check again, typeset the paper. Resumes where it stopped.
    Reproduce(Reproduce),
    /// Run every gate and print one table.
    Verify(Verify),
    /// Typeset the paper, if every gate holds and every number is attested.
    BuildPaper(BuildPaper),
    /// Say what this machine has of what the program needs.
    Doctor,
    /// Train and evaluate one run of a tier.
    Train(Train),
    /// Make the organism's shipped files again.
    #[command(subcommand)]
    Data(Data),
}

#[derive(Args)]
pub struct Reproduce {
    #[command(flatten)]
    pub plan: Plan,
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// Runs at a time; the default is one per core on the CPU and one on a GPU.
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Forget earlier results of this tier instead of going on from them.
    #[arg(long)]
    pub fresh: bool,
}

#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    pub plan: Plan,
    /// Only this gate: pins, partition, eval_gap, claims, rewards or no_cheat.
    #[arg(long)]
    pub gate: Option<String>,
    /// One JSON object a gate instead of the table.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct BuildPaper {
    #[command(flatten)]
    pub plan: Plan,
}

#[derive(Args)]
pub struct Train {
    #[command(flatten)]
    pub plan: Plan,
    /// vanilla, route2b or random-v.
    #[arg(long)]
    pub arm: String,
    #[arg(long)]
    pub seed: u64,
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
}

/// Which experiment, and where its results lie.
#[derive(Args)]
pub struct Plan {
    /// A built-in tier.
    #[arg(long, default_value = "smoke")]
    pub tier: String,
    /// A manifest of your own instead of a tier (see src/experiment/tiers/smoke.toml).
    #[arg(long, value_name = "TOML", conflicts_with = "tier")]
    pub plan: Option<PathBuf>,
    /// Folder for results; the default is runs/TIER.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum Data {
    /// Problems, partition, tokenizer and config, from their seeds: the same bytes every time.
    Generate(Generate),
    /// The base weights (two minutes on an H100).
    Pretrain(Pretrain),
}

#[derive(Args)]
pub struct Generate {
    /// Folder to write into.
    #[arg(long, default_value = "data/organism")]
    pub out: PathBuf,
}

#[derive(Args)]
pub struct Pretrain {
    /// Folder to write config.json and model.safetensors into; its tokenizer.json is read.
    #[arg(long, default_value = "data/organism")]
    pub out: PathBuf,
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    #[arg(long, default_value_t = 1_800)]
    pub steps: usize,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Device {
    Auto,
    Cuda,
    Wgpu,
    Cpu,
}

impl From<Device> for DeviceChoice {
    fn from(device: Device) -> Self {
        match device {
            Device::Auto => Self::Auto,
            Device::Cuda => Self::Cuda,
            Device::Wgpu => Self::Wgpu,
            Device::Cpu => Self::Cpu,
        }
    }
}
