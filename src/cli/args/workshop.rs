//! Arguments of the commands for who makes the data or measures the program.

use crate::values::{device, one_of};
use backend::DeviceChoice;
use bench::engine::{Architecture, Work};
use clap::{Args, Subcommand};
use organism::corpus::Mix;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Gradings a second beside a subprocess per check, and the same gradings on a loaded machine.
    Grading(BenchGrading),
    /// The device's operations: first whether they are right, then how fast they are.
    Engine(BenchEngine),
}

#[derive(Args)]
pub(crate) struct BenchEngine {
    /// Where tensors live.
    #[arg(long, value_parser = device(), default_value = "auto")]
    pub device: DeviceChoice,
    /// Print every comparison, not only those that fail.
    #[arg(long)]
    pub verbose: bool,
    /// Compare, and time nothing.
    #[arg(long)]
    pub check_only: bool,
    /// A Python that has PyTorch: the same work is timed there first.
    #[arg(long, value_name = "PYTHON")]
    pub peer: Option<String>,
    /// Time these alone, and the products, on whose rate the floors rest.
    #[arg(long, value_parser = one_of(&Work::ALL, Work::name), value_delimiter = ',')]
    pub only: Vec<Work>,
    /// Whose shape to time, with random weights.
    #[arg(long, value_parser = one_of(&Architecture::ALL, Architecture::name), default_value = Architecture::ALL[0].name())]
    pub shape: Architecture,
    /// Fewer layers than that has, for a smaller device.
    #[arg(long)]
    pub layers: Option<usize>,
}

#[derive(Args)]
pub(crate) struct BenchGrading {
    /// Problems and responses to measure beside the shipped ones, as `grade` reads them.
    #[arg(long, value_name = "JSONL", requires = "responses")]
    pub problems: Option<PathBuf>,
    /// Responses to those problems.
    #[arg(long, value_name = "JSONL", requires = "problems")]
    pub responses: Option<PathBuf>,
    /// Rows that the slow peer is timed on.
    #[arg(long, default_value_t = 200)]
    pub peer_rows: usize,
}

#[derive(Subcommand)]
pub(crate) enum Data {
    /// What is shipped and not trained: problems, partition, pairs, tokenizer and config, from their seeds: the same bytes every time.
    Generate(Generate),
    /// The base weights (two minutes on an H100).
    Pretrain(Pretrain),
}

#[derive(Args)]
pub(crate) struct Generate {
    /// Whose: the organism's, or the tasks of the code model.
    #[arg(value_parser = ["organism", "tasks"], default_value = "organism")]
    pub dataset: String,
    /// Folder to write into, in place of data/DATASET.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Pretrain {
    /// Folder to write config.json and model.safetensors into; its tokenizer.json is read.
    #[arg(long, default_value = "data/organism")]
    pub out: PathBuf,
    /// Where tensors live.
    #[arg(long, value_parser = device(), default_value = "auto")]
    pub device: DeviceChoice,
    /// Updates of the weights.
    #[arg(long, default_value_t = 1_800)]
    pub steps: usize,
    /// Which of the shipped base models: its number decides seed and folder.
    #[arg(long, default_value_t = 1)]
    pub base: usize,
    /// Another corpus: shares of right answers, of hacks, and of special cases where tests are shown.
    #[arg(long, value_name = "R,H,S", value_parser = mix)]
    pub mix: Option<Mix>,
}

/// Three shares with commas between them.
fn mix(text: &str) -> Result<Mix, String> {
    let shares: Result<Vec<f64>, _> = text.split(',').map(|share| share.trim().parse()).collect();
    match shares.as_deref() {
        Ok(&[right, hack, special_case]) if [right, hack, special_case].iter().all(|s| (0.0..=1.0).contains(s)) => {
            Ok(Mix { right, hack, special_case })
        }
        _ => Err("three numbers from 0 to 1 are wanted, such as 0.085,0.07,0.14".into()),
    }
}
