//! `reproduce`: gates, training and evaluation of every run, gates again, the paper.

use crate::args::Reproduce;
use crate::commands::{build_paper, host, plan, verify};
use crate::progress::Display;
use ::verify::{Context, GATES};
use anyhow::{Context as _, Result};
use experiment::{Bench, Results, Runner, run_plan};
use model::DeviceChoice;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use substrate::Isolation;

pub fn run(root: &Path, args: &Reproduce, isolation: Isolation) -> Result<()> {
    let (manifest, out) = plan::open(root, &args.plan)?;
    if args.fresh && out.exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    let (device, opened) = DeviceChoice::from(args.device).open()?;
    let host = host::describe(root, &manifest, opened, args.jobs, isolation)?;
    println!(
        "tier {}: {} runs on {}, {} at a time; results in {}\n",
        manifest.name,
        manifest.runs().len(),
        opened.name(),
        host.jobs,
        out.display()
    );
    // Results are the last gates' business: old ones are checked against the ledger, then made again from run folders.
    let inputs = Context { root: root.into(), data: manifest.data.clone(), results: None, isolation };
    verify::check(&GATES, &inputs, false)?;
    println!();

    let bench = Bench::load(root, &manifest, &device)?;
    let display = Display::new(&manifest, manifest.config(manifest.runs()[0])?.updates);
    let (stop, events) = (interrupt_flag()?, |event: experiment::Event| display.show(event));
    let runner = Runner { manifest: &manifest, bench: &bench, out: &out, isolation, stop: &stop, events: &events };
    let done = run_plan(&runner, &host);
    display.finish();
    done?;

    let results = Results::collect(&manifest, &out)?;
    bundle::write_atomic(&out.join("results.json"), results.to_json().as_bytes())?;
    println!();
    build_paper::build(root, manifest, &out, isolation)
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
