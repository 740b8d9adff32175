//! `reproduce`: from nothing to a verified paper.

use crate::args::Reproduce;
use crate::commands::plan;
use crate::progress::Display;
use anyhow::{Context, Result};
use bundle::Sha256;
use experiment::{Bench, Host, Results, run_plan};
use model::DeviceChoice;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

pub fn run(root: &Path, args: &Reproduce) -> Result<()> {
    let (manifest, out) = plan::open(root, &args.plan)?;
    if args.fresh && out.exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    let python = sandbox::Python::find()?;
    let (device, opened) = DeviceChoice::from(args.device).open()?;
    let bench = Bench::load(root, &manifest, &device)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or(if opened == DeviceChoice::Cpu { cores } else { 1 }).clamp(1, manifest.runs().len());
    let host = Host {
        device: opened.name().into(),
        code: env!("CARGO_PKG_VERSION").into(),
        program: Sha256::of_file(&std::env::current_exe()?)?.0,
        versions: BTreeMap::from([("python".into(), python.version)]),
        inputs: BTreeMap::new(),
        jobs,
        threads: (cores / jobs).max(1),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    let updates = manifest.config(manifest.runs()[0])?.updates;
    let display = Display::new(&manifest, updates);
    let done = run_plan(&manifest, &bench, &host, &out, &stop, &|event| display.show(event));
    display.finish();
    done?;
    let results = Results::collect(&manifest, &out)?;
    bundle::write_atomic(&out.join("results.json"), results.to_json().as_bytes())?;
    Ok(())
}
