//! The command line, all of it.

mod publish;
mod which;
mod workshop;

pub(crate) use publish::{Audit, OfReceipts, Publish, Sign};
pub(crate) use which::{Base, Benchmark, ExperimentArgs, PartArgs, PlanFormat, PlanOut};
pub(crate) use workshop::{Bench, BenchEngine, BenchGrading, Data, Generate, Pretrain};

use crate::values::{Devices, Updates, arm, device, devices, gate, loophole, split, tier, updates, view};
use backend::DeviceChoice;
use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use experiment::CheckpointView;
use std::path::PathBuf;
use substrate::{Isolation, Loophole, MarkerFamily};
use train::Arm;
use verify::Gate;

/// Re-runs a reward-hacking experiment, checks itself, and typesets the paper from the numbers it just made.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// The project folder (with checksums/, data/ and paper/). What is fetched and made lies in it, too, or in the folder that the
    /// variable GQ_STATE names.
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    pub root: PathBuf,
    /// Run untrusted code although a mandatory layer of the sandbox is missing. Every report will say so.
    #[arg(long, global = true)]
    pub unsafe_sandbox: bool,
}

impl Cli {
    pub(crate) fn isolation(&self) -> Isolation {
        if self.unsafe_sandbox { Isolation::Lifted } else { Isolation::Required }
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check everything, train and evaluate every arm, check again, typeset the paper. Resumes where it stopped.
    Reproduce(Reproduce),
    /// Train and evaluate every run of a plan and write results.json: no gates, no paper.
    Run(Reproduce),
    /// Run every gate and print one table.
    Verify(Verify),
    /// Typeset the paper, if every gate holds and every number is attested.
    BuildPaper(BuildPaper),
    /// Pack what a finished tier's numbers stand on, so that its paper can be built where it was not run.
    Receipts(Receipts),
    /// Write a finished tier, from its receipts, as one folder that describes itself: a research crate with an audit page.
    Publish(Publish),
    /// Write the page on which every number of a tier's receipts can be followed down to what a model wrote. It opens from disk.
    Audit(Audit),
    /// Sign every file of a folder, or make the keys for it.
    Sign(Sign),
    /// Say what this machine has of what the program needs.
    Doctor(Doctor),
    /// Bring what a tier needs and is not shipped: weights and problems, checked against their pins. Resumes where it stopped.
    Fetch(Fetch),
    /// Make the folder that every command reads as a model of a GGUF file: weights, config, tokenizer, chat template.
    Import(Import),
    /// Train and evaluate one run of a tier.
    Train(Train),
    /// Score any checkpoints of a run on any of its plan's problems, without training.
    Eval(Eval),
    /// Write every evaluation of a plan, finished or not, as one table: curve.json and curve.csv.
    EvalCurve(EvalCurve),
    /// List the pieces of a plan and say what they cost, or write an array job for Slurm that runs them.
    Plan(PlanOut),
    /// Grade responses to problems: rewards and verdicts, row by row.
    Grade(Grade),
    /// Write a run's deployed model for other programs into a new folder: merged, or as a LoRA. The quarantine is gone.
    Export(Export),
    /// Measure parts of the program, beside a peer.
    #[command(subcommand)]
    Bench(Bench),
    /// Make the organism's shipped files again.
    #[command(subcommand)]
    Data(Data),
    /// Do the pieces of a plan that standard input names: what `run --devices` starts on each device.
    #[command(hide = true)]
    Worker(Worker),
    /// Print what makes a shell complete this program's commands, or write its manual pages.
    Completions(Completions),
}

impl Reproduce {
    /// With the tier that `--quick` stands for.
    pub(crate) fn resolved(mut self) -> Self {
        if self.quick {
            self.plan.tier = "quick".into();
        }
        self
    }
}

impl Command {
    /// Whether objects are printed in place of lines.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Reproduce(args) | Self::Run(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Doctor(args) => args.json,
            _ => false,
        }
    }
}

#[derive(Args)]
pub(crate) struct Doctor {
    /// One JSON object a line (docs/json.md).
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub(crate) struct Completions {
    #[arg(value_enum, required_unless_present = "man")]
    pub shell: Option<clap_complete::Shell>,
    /// Write a manual page for each command into this folder instead.
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    pub man: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Reproduce {
    #[command(flatten)]
    pub plan: ExperimentArgs,
    #[command(flatten)]
    pub part: PartArgs,
    #[command(flatten)]
    pub benchmark: Benchmark,
    /// Where tensors live: CUDA where it is compiled in and answers, else the CPU.
    #[arg(long, value_parser = device(), default_value = "auto")]
    pub device: DeviceChoice,
    /// Share the runs out over several devices, a process on each: all, or numbers such as 0,1 among those that CUDA shows (see
    /// CUDA_VISIBLE_DEVICES). On the CPU a number is a process and nothing more.
    #[arg(long, value_name = "all|N,N", value_parser = devices)]
    pub devices: Option<Devices>,
    /// Runs at a time on each device; the default is one per core on the CPU; on a GPU four, or one of a model that fills it.
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Forget earlier results of this tier instead of going on from them.
    #[arg(long)]
    pub fresh: bool,
    /// Receipts of the same tier: say claim by claim whether this run agrees with them.
    #[arg(long, value_name = "DIR")]
    pub compare: Option<PathBuf>,
    /// For who has three minutes: the tier `quick`, which shows that everything runs and decides nothing.
    #[arg(long, conflicts_with_all = ["tier", "plan"])]
    pub quick: bool,
    /// One JSON object a line, as things happen (docs/json.md).
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub(crate) struct Worker {
    #[command(flatten)]
    pub plan: ExperimentArgs,
    #[command(flatten)]
    pub part: PartArgs,
    #[command(flatten)]
    pub benchmark: Benchmark,
    #[arg(long, value_parser = device())]
    pub device: DeviceChoice,
    #[arg(long)]
    pub jobs: usize,
    #[arg(long)]
    pub threads: usize,
}

#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub plan: ExperimentArgs,
    #[command(flatten)]
    pub part: PartArgs,
    #[command(flatten)]
    pub benchmark: Benchmark,
    /// In place of the gates: hold every file of a published folder against its signature.
    #[arg(long, value_name = "DIR", requires = "public_keys", conflicts_with_all = ["gate", "json", "tier", "plan", "out"])]
    pub signature: Option<PathBuf>,
    /// The author's public keys.
    #[arg(long, value_name = "DIR", requires = "signature")]
    pub public_keys: Option<PathBuf>,
    /// Only this gate.
    #[arg(long, value_parser = gate())]
    pub gate: Option<Gate>,
    /// One JSON object a gate instead of the table (docs/json.md).
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub(crate) struct BuildPaper {
    #[command(flatten)]
    pub plan: ExperimentArgs,
    #[command(flatten)]
    pub part: PartArgs,
    #[command(flatten)]
    pub benchmark: Benchmark,
    /// Build from a tier's receipts, below receipts/, instead of from runs.
    #[arg(long, value_name = "TIER", conflicts_with = "tier")]
    pub receipts: Option<String>,
}

#[derive(Args)]
pub(crate) struct Receipts {
    #[command(flatten)]
    pub plan: ExperimentArgs,
    #[command(flatten)]
    pub part: PartArgs,
    #[command(flatten)]
    pub benchmark: Benchmark,
    /// Folder to write into; the default is receipts/TIER.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Of these runs, such as route2b-s61, write what `eval` reads as well: the last checkpoint, unpacked, in a folder of the run's name.
    #[arg(long, value_name = "RUN,RUN", value_delimiter = ',')]
    pub knobs: Vec<String>,
}

/// The hub's own variables are read: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, and those of proxies.
#[derive(Args)]
pub(crate) struct Fetch {
    /// The tier whose files are brought.
    #[arg(long, value_parser = tier(), default_value = "full")]
    pub tier: String,
    /// A manifest of your own instead of a tier.
    #[arg(long, value_name = "TOML", conflicts_with = "tier")]
    pub plan: Option<PathBuf>,
    /// A folder with copies, which are found by their digests whatever they are called; or the address of a mirror, laid out
    /// as the pins are.
    #[arg(long, value_name = "DIR|URL")]
    pub from: Option<String>,
    /// Folder to write into; the default is the one in which the tier looks.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Download nothing: use what is on this machine, and name what is missing.
    #[arg(long)]
    pub offline: bool,
}

#[derive(Args)]
pub(crate) struct Import {
    /// The file. Known are qwen2, qwen3 and llama in F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q4_K, Q5_K and Q6_K.
    #[arg(long, value_name = "FILE")]
    pub gguf: PathBuf,
    /// Folder to write into, new or of an earlier import.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Train {
    #[command(flatten)]
    pub plan: ExperimentArgs,
    /// The settings of this tier: `fast` or `full` with a model of your own.
    #[arg(long, value_name = "TIER", value_parser = tier(), conflicts_with_all = ["tier", "plan"])]
    pub preset: Option<String>,
    /// What is done with a gradient. random-v-matched and random-v-ramp need the route2b run of the same seed.
    #[arg(long, value_parser = arm(), default_value = "route2b")]
    pub arm: Arm,
    /// What everything that is drawn derives from, and which base model and pairs the run gets.
    #[arg(long, default_value_t = 41)]
    pub seed: u64,
    /// A piece of the plan by its name, as `plan` lists them, instead of an arm and a seed.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["arm", "seed", "updates"])]
    pub job: Option<String>,
    /// Leave the evaluation to a later call.
    #[arg(long)]
    pub train_only: bool,
    /// Fewer or more updates than the settings say.
    #[arg(long)]
    pub updates: Option<usize>,
    /// Few and short rollouts, few pairs and test problems: minutes on a processor. It shows that and how everything runs, and decides nothing.
    #[arg(long, conflicts_with = "job")]
    pub quick: bool,
    #[command(flatten)]
    pub benchmark: Benchmark,
    /// Where tensors live: CUDA where it is compiled in and answers, else the CPU.
    #[arg(long, value_parser = device(), default_value = "auto")]
    pub device: DeviceChoice,
}

#[derive(Args)]
pub(crate) struct Eval {
    /// The tier that the run is of.
    #[arg(long, value_parser = tier(), default_value = "smoke")]
    pub tier: String,
    /// The plan that it is of, instead of a tier.
    #[arg(long, value_name = "TOML", conflicts_with = "tier")]
    pub plan: Option<PathBuf>,
    #[command(flatten)]
    pub benchmark: Benchmark,
    /// The run's folder.
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// Checkpoints: all, last, or the updates behind them, such as 20,40.
    #[arg(long, value_parser = updates, default_value = "last")]
    pub updates: Updates,
    /// What is scored of each checkpoint.
    #[arg(long, value_parser = view(), value_delimiter = ',', default_value = "deployed")]
    pub views: Vec<CheckpointView>,
    /// On which problems of the plan.
    #[arg(long, value_parser = split(), default_value = "test")]
    pub split: experiment::scoring::Split,
    /// At most so many of them, each loophole as often as can be: for a processor.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub only: Option<usize>,
    /// Which markers their prompts disclose: those of training, or those of evaluation.
    #[arg(long, value_enum, default_value_t = Split::Eval)]
    pub markers: Split,
    /// Folder to write rows into, a file an evaluation. What it has already is not scored again.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Where tensors live: CUDA where it is compiled in and answers, else the CPU.
    #[arg(long, value_parser = device(), default_value = "auto")]
    pub device: DeviceChoice,
}

#[derive(Args)]
pub(crate) struct EvalCurve {
    #[command(flatten)]
    pub plan: ExperimentArgs,
}

#[derive(Args)]
pub(crate) struct Grade {
    /// JSON lines, gzip or not: problem_id, func_name, setup_code, canonical_solution, gt_tests. GQ_PACKAGES names packages that
    /// they need beyond Python's standard library.
    #[arg(long, value_name = "JSONL")]
    pub problems: PathBuf,
    /// JSON lines, likewise, or - for standard input: problem_id, mode, completion, and marker where a prompt disclosed another
    /// than the paper's.
    #[arg(long, value_name = "JSONL")]
    pub responses: PathBuf,
    /// Grade every response under this mode, whatever its row says.
    #[arg(long = "mode", value_name = "MODE", value_parser = loophole())]
    pub loophole: Option<Loophole>,
    /// Which markers the prompts disclosed: the paper's own, or the evaluation family's.
    #[arg(long, value_enum, default_value_t = Split::Train)]
    pub split: Split,
    /// One JSON line a response, in the order of the responses; - for standard output. A call that was cut off is gone on with.
    #[arg(long, value_name = "JSONL")]
    pub out: PathBuf,
    /// Begin only if every problem's own reference passes. Without it, only the rows of one that fails are without a reward.
    #[arg(long)]
    pub check_references: bool,
    /// Gradings at a time; the default is one per core.
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub plan: ExperimentArgs,
    #[command(flatten)]
    pub base: Base,
    /// Where tensors live: CUDA where it is compiled in and answers, else the CPU.
    #[arg(long, value_parser = device(), default_value = "auto")]
    pub device: DeviceChoice,
    /// The run's folder.
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// Which form the model is written in.
    #[arg(long, value_enum)]
    pub format: Format,
    /// With peft: how many knobs of every matrix to keep, the largest.
    #[arg(long)]
    pub rank: Option<usize>,
    /// The checkpoint after this update instead of the last.
    #[arg(long)]
    pub update: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// A folder as the hub lays it out, knobs merged.
    Hf,
    /// A LoRA adapter.
    Peft,
    /// A GGUF file, knobs merged, matrices in bf16.
    Gguf,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Split {
    Train,
    Eval,
}

impl From<Split> for MarkerFamily {
    fn from(split: Split) -> Self {
        match split {
            Split::Train => Self::Train,
            Split::Eval => Self::Eval,
        }
    }
}
