//! `bench engine`: what this device computes with, checked first and then timed, each figure beside its floor and, where
//! PyTorch is found, beside the same work done by it in the same call.

mod checks;
mod timings;
mod update;

use crate::args::{BenchEngine, EngineWork};
use crate::exit::CheckFailed;
use anyhow::{Context, Result, bail};
use burn::tensor::{DType, Device};
use clap::ValueEnum;
use model::sampler::schedule;
use model::{DeviceChoice, ModelConfig, ops};
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use timings::Timing;

/// The shape that is timed, as the hub's `config.json` gives it.
const QWEN3_4B: &str = include_str!("qwen3-4b.json");
const PEER: &str = "tools/peer-engine.py";

pub fn engine(root: &Path, args: &BenchEngine) -> Result<()> {
    let (device, _) = DeviceChoice::from(args.device).open()?;
    let started = Instant::now();
    timings::first_product(&device)?;
    println!("{}: {:.1} s until the first product", ops::of(&device).name(), started.elapsed().as_secs_f64());
    check(&device, args.verbose)?;
    if args.check_only {
        return Ok(());
    }
    let mut config: ModelConfig = serde_json::from_str(QWEN3_4B)?;
    config.num_hidden_layers = args.layers.unwrap_or(config.num_hidden_layers);
    let peer = args.peer.as_deref().map_or(Ok(HashMap::new()), |python| peer(root, python, &config, &args.only))?;
    println!(
        "\n| work, {} layers | ms | floor | times floor | | PyTorch | ours in its time |",
        config.num_hidden_layers
    );
    println!("|---|---|---|---|---|---|---|");
    let wanted = |work| args.only.is_empty() || args.only.contains(&work);
    time(root, &device, &config, wanted, |timing| println!("{}", row(&timing, &peer)))
}

fn check(device: &Device, verbose: bool) -> Result<()> {
    let started = Instant::now();
    let checks = checks::all(device)?;
    let failed: Vec<_> = checks.iter().filter(|c| !c.holds()).collect();
    println!("{} comparisons in {:.1} s, {} fail", checks.len(), started.elapsed().as_secs_f64(), failed.len());
    for check in checks.iter().filter(|c| verbose || !c.holds()) {
        let word = if check.holds() { "ok  " } else { "FAIL" };
        println!("{word} {}: {:.2e}, at most {:.0e}", check.what, check.error, check.bound);
    }
    if !failed.is_empty() {
        bail!(CheckFailed(format!("{} of the device's operations are wrong", failed.len())));
    }
    Ok(())
}

fn time(
    root: &Path,
    device: &Device,
    config: &ModelConfig,
    wanted: impl Fn(EngineWork) -> bool,
    mut tell: impl FnMut(Timing),
) -> Result<()> {
    let dtype = ops::of(device).dtype(DType::BF16);
    let products = timings::matmuls(device, dtype)?;
    let [m, k, n] = timings::MATMULS[0];
    // GFLOP a millisecond: what the matrix units really reach.
    let rate = 2.0 * (m * k * n) as f64 / 1e9 / products[0].ms;
    products.into_iter().for_each(&mut tell);
    if wanted(EngineWork::Attention) {
        timings::attention(device, config, dtype, rate)?.into_iter().for_each(&mut tell);
    }
    let started = Instant::now();
    let basis = timings::basis(config, device)?;
    tell(timings::plain("random weights and bases", started.elapsed().as_secs_f64() * 1e3));
    if wanted(EngineWork::Prefill) {
        tell(timings::prefill(&basis.base, rate)?);
    }
    if wanted(EngineWork::Decode) {
        timings::decode(&basis.base)?.into_iter().for_each(&mut tell);
    }
    if wanted(EngineWork::Generate) {
        tell(timings::generate(&basis.base)?);
    }
    if wanted(EngineWork::Merge) {
        tell(timings::merge(&basis)?);
    }
    if wanted(EngineWork::Train) {
        tell(timings::train(&basis, &basis.base, rate)?);
    }
    if wanted(EngineWork::Update) {
        update::update(root, &basis)?.into_iter().for_each(&mut tell);
    }
    Ok(())
}

/// Milliseconds that PyTorch takes for the same keys.
fn peer(root: &Path, python: &str, config: &ModelConfig, only: &[EngineWork]) -> Result<HashMap<String, f64>> {
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
        "generate": timings::SLOTS,
        "prefill": schedule::PREFILL,
        "only": only.iter().filter_map(|work| Some(work.to_possible_value()?.get_name().to_string())).collect::<Vec<_>>(),
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
    if let Some(step) = found.get(&format!("generate, batch {}", timings::SLOTS)) {
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
