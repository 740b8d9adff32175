//! `reproduce`: gates, training and evaluation of every run, gates again, the paper.

use crate::args::Reproduce;
use crate::commands::{build_paper, host, plan, verify};
use crate::progress::Display;
use ::verify::{Context, GATES};
use anyhow::{Context as _, Result};
use burn::tensor::Device;
use experiment::{Bench, Host, Manifest, Results, Runner, run_plan};
use model::DeviceChoice;
use report::Evidence;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use substrate::Isolation;

pub fn run(root: &Path, args: &Reproduce, isolation: Isolation) -> Result<()> {
    let plan = Opened::new(root, args, isolation)?;
    // Results are the last gates' business: old ones are checked against the ledger, then made again from run folders.
    let inputs = Context { root: root.into(), data: plan.manifest.data.clone(), results: None, isolation };
    verify::check(&GATES, &inputs, false)?;
    println!();
    plan.execute(root, isolation)?;
    println!();
    let built = build_paper::build(root, plan.manifest, &plan.out, isolation, Evidence::Whole)?;
    args.compare.as_ref().map_or(Ok(()), |receipts| build_paper::compare(root, &built.results, receipts))
}

/// The runs and their numbers without gates and paper.
pub fn plan_only(root: &Path, args: &Reproduce, isolation: Isolation) -> Result<()> {
    let plan = Opened::new(root, args, isolation)?;
    plan.execute(root, isolation)?;
    println!("numbers are in {}", plan.out.join("results.json").display());
    Ok(())
}

/// A plan and the device that it runs on.
struct Opened {
    manifest: Manifest,
    out: PathBuf,
    device: Device,
    host: Host,
}

impl Opened {
    fn new(root: &Path, args: &Reproduce, isolation: Isolation) -> Result<Self> {
        let (manifest, out) = plan::open(root, &args.plan)?;
        if args.fresh && out.exists() {
            std::fs::remove_dir_all(&out).with_context(|| format!("cannot remove {}", out.display()))?;
        }
        let (device, opened) = DeviceChoice::from(args.device).open()?;
        let host = host::describe(root, &manifest, opened, args.jobs, isolation)?;
        println!(
            "tier {}: {} runs on {}, {} at a time; results in {}\n",
            manifest.name,
            manifest.jobs().len(),
            opened.name(),
            host.jobs,
            out.display()
        );
        Ok(Self { manifest, out, device, host })
    }

    /// Trains and evaluates what is not there yet, and writes `results.json`.
    fn execute(&self, root: &Path, isolation: Isolation) -> Result<()> {
        let Self { manifest, out, device, host } = self;
        let bench = Bench::load(root, manifest, device)?;
        let display = Display::new(manifest.updates()?);
        let (stop, events) = (interrupt_flag()?, |event: experiment::Event| display.show(event));
        let runner =
            Runner { manifest, bench: &bench, basis: &bench.basis, out, isolation, stop: &stop, events: &events };
        let done = run_plan(&runner, host);
        display.finish();
        done?;
        let results = Results::collect(manifest, out)?;
        Ok(bundle::write_atomic(&out.join("results.json"), results.to_json().as_bytes())?)
    }
}

/// Set by the first Ctrl-C: the update in progress ends, its state is saved, and the program stops.
pub fn interrupt_flag() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(5);
        }
        eprintln!("stopping after this update; Ctrl-C again stops at once");
    })?;
    Ok(stop)
}
