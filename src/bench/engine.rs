//! `bench engine`: what this device computes with, checked first and then timed, each figure beside its floor and, where
//! PyTorch is found, beside the same work done by it in the same call.

mod checks;
mod timings;
mod update;

use anyhow::{Context, Result, bail};
use backend::{Backend, DeviceChoice};
use burn_tensor::DType;
use failure::Failure;
use model::ModelConfig;
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use timings::Timing;

const PEER: &str = "tools/peer-engine.py";

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Attention over packed rows, forward alone and both ways.
    Attention,
    /// A prompt's keys and values into the cache.
    Prefill,
    /// A decode step, at several batch sizes.
    Decode,
    /// Whole completions, with new rows in place of those that end.
    Generate,
    /// Both knobs into dense weights, for all modules.
    Merge,
    /// A training pass: forward, head, backward, and the knobs' gradients.
    Train,
    /// A whole update of the `full` preset, stage by stage.
    Update,
}

impl Work {
    /// In the order of the table.
    pub const ALL: [Self; 7] =
        [Self::Attention, Self::Prefill, Self::Decode, Self::Generate, Self::Merge, Self::Train, Self::Update];

    /// As the command line and the peer name it.
    pub fn name(self) -> &'static str {
        ["attention", "prefill", "decode", "generate", "merge", "train", "update"][self as usize]
    }
}

/// Whose shape is timed; weights are random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 36 layers, heads of 128, normed.
    Qwen3,
    /// 24 layers, heads of 64, biased.
    Qwen2Coder,
}

impl Architecture {
    /// The first is the default.
    pub const ALL: [Self; 2] = [Self::Qwen3, Self::Qwen2Coder];

    /// As the command line names it.
    pub fn name(self) -> &'static str {
        ["qwen3-4b", "qwen2.5-coder-0.5b"][self as usize]
    }

    /// As the hub's `config.json` gives it.
    fn config(self) -> Result<ModelConfig> {
        let texts = [include_str!("engine/qwen3-4b.json"), include_str!("engine/qwen2.5-coder-0.5b.json")];
        ModelConfig::parse(texts[self as usize]).map_err(anyhow::Error::msg)
    }
}

/// What is asked of a device.
pub struct Request {
    /// Where to compute.
    pub device: DeviceChoice,
    /// Print every comparison, not only those that fail.
    pub verbose: bool,
    /// Compare, and time nothing.
    pub check_only: bool,
    /// A Python that has PyTorch.
    pub peer: Option<String>,
    /// Time these alone, and the products, on whose rate the floors rest; none means all.
    pub only: Vec<Work>,
    /// What is timed.
    pub shape: Architecture,
    /// Fewer layers than that has.
    pub layers: Option<usize>,
}

/// Compares, times and prints a table.
///
/// # Errors
/// No such device; an operation that is wrong; a device that fails.
pub fn run(root: &Path, request: &Request) -> Result<()> {
    let started = Instant::now();
    let backend = Backend::open(request.device)?;
    timings::first_product(&backend)?;
    println!(
        "{}: {:.1} s to open the device and until the first product",
        backend.ops.name(),
        started.elapsed().as_secs_f64()
    );
    check(&backend, request.verbose)?;
    if request.check_only {
        return Ok(());
    }
    let mut config = request.shape.config()?;
    config.num_hidden_layers = request.layers.unwrap_or(config.num_hidden_layers);
    let peer =
        request.peer.as_deref().map_or(Ok(HashMap::new()), |python| peer(root, python, &config, &request.only))?;
    println!(
        "\n| work, {}, {} layers | ms | floor | times floor | | PyTorch | ours in its time |",
        request.shape.name(),
        config.num_hidden_layers
    );
    println!("|---|---|---|---|---|---|---|");
    let wanted = |work| request.only.is_empty() || request.only.contains(&work);
    time(root, &backend, &config, wanted, |timing| println!("{}", row(&timing, &peer)))
}

fn check(backend: &Backend, verbose: bool) -> Result<()> {
    let started = Instant::now();
    let checks = checks::all(backend)?;
    let failed: Vec<_> = checks.iter().filter(|c| !c.holds()).collect();
    println!("{} comparisons in {:.1} s, {} fail", checks.len(), started.elapsed().as_secs_f64(), failed.len());
    for check in checks.iter().filter(|c| verbose || !c.holds()) {
        let word = if check.holds() { "ok  " } else { "FAIL" };
        println!("{word} {}: {:.2e}, at most {:.0e}", check.what, check.error, check.bound);
    }
    if !failed.is_empty() {
        bail!(Failure::check(format!("{} of the device's operations are wrong", failed.len())));
    }
    Ok(())
}

fn time(
    root: &Path,
    backend: &Backend,
    config: &ModelConfig,
    wanted: impl Fn(Work) -> bool,
    mut tell: impl FnMut(Timing),
) -> Result<()> {
    let dtype = backend.dtype(DType::BF16);
    let products = timings::matmuls(backend, dtype)?;
    let [m, k, n] = timings::MATMULS[0];
    // GFLOP a millisecond: what the matrix units really reach.
    let rate = 2.0 * (m * k * n) as f64 / 1e9 / products[0].ms;
    products.into_iter().for_each(&mut tell);
    if wanted(Work::Attention) {
        timings::attention(backend, config, dtype, rate)?.into_iter().for_each(&mut tell);
    }
    let started = Instant::now();
    let basis = timings::basis(config, backend)?;
    tell(timings::plain("random weights and bases", started.elapsed().as_secs_f64() * 1e3));
    if wanted(Work::Prefill) {
        tell(timings::prefill(&basis.base, rate)?);
    }
    if wanted(Work::Decode) {
        timings::decode(&basis.base)?.into_iter().for_each(&mut tell);
    }
    if wanted(Work::Generate) {
        tell(timings::generate(&basis.base)?);
    }
    if wanted(Work::Merge) {
        tell(timings::merge(&basis)?);
    }
    if wanted(Work::Train) {
        tell(timings::train(&basis, &basis.base, rate)?);
    }
    if wanted(Work::Update) {
        update::update(root, &basis)?.into_iter().for_each(&mut tell);
    }
    Ok(())
}

/// Milliseconds that PyTorch takes for the same keys.
fn peer(root: &Path, python: &str, config: &ModelConfig, only: &[Work]) -> Result<HashMap<String, f64>> {
    #[derive(serde::Deserialize)]
    struct Line {
        key: String,
        ms: f64,
    }
    let wanted = serde_json::json!({
        "config": config,
        "matmuls": timings::MATMULS,
        "train": timings::TRAIN,
        "batches": timings::BATCHES,
        "context": timings::CONTEXT,
        "generate": timings::LANES,
        "prefill": timings::PREFILL,
        "only": only.iter().map(|work| work.name()).collect::<Vec<_>>(),
    });
    let started = Command::new(python).arg(root.join(PEER)).arg(wanted.to_string()).stderr(Stdio::inherit()).output();
    let output = started.with_context(|| format!("cannot start {python}, which --peer names"))?;
    if !output.status.success() {
        eprintln!("warning: {PEER} ended early ({}); its later rows are missing", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found: HashMap<String, f64> =
        text.lines().filter_map(|l| serde_json::from_str::<Line>(l).ok()).map(|l| (l.key, l.ms)).collect();
    // The library generates a batch until its longest row ends: as many of its steps as that takes.
    if let Some(step) = found.get(&format!("generate, batch {}", timings::LANES)) {
        let ms = step * timings::padded_steps() as f64;
        found.insert(timings::generate_key(), ms);
    }
    Ok(found)
}

fn row(timing: &Timing, peer: &HashMap<String, f64>) -> String {
    let Timing { key, ms, floor, note } = timing;
    let floors = floor.map_or(" | ".into(), |floor| format!("{floor:.3} | {:.2}", ms / floor));
    let peers = peer.get(key).map_or(" | ".into(), |peer| format!("{peer:.3} | {:.3}", ms / peer));
    format!("| {key} | {ms:.3} | {floors} | {note} | {peers} |")
}
