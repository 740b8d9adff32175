//! `train`: one run of a plan, trained and evaluated, without the rest of the plan.

use crate::args::Train;
use crate::commands::{host, plan, reproduce};
use crate::exit::Usage;
use crate::progress::Display;
use anyhow::{Result, bail};
use experiment::{Bench, RunId, Runner};
use model::DeviceChoice;
use std::path::Path;
use substrate::{Grader, Isolation};
use train::Arm;

pub fn run(root: &Path, args: &Train, isolation: Isolation) -> Result<()> {
    let (mut manifest, out) = plan::open(root, &args.plan)?;
    let Some(arm) = Arm::from_name(&args.arm) else {
        bail!(Usage(format!("unknown arm `{}`: arms are {}", args.arm, Arm::ALL.map(Arm::name).join(", "))));
    };
    let run = RunId { arm, seed: args.seed };
    (manifest.arms, manifest.seeds) = (vec![arm], vec![args.seed]);
    let (device, opened) = DeviceChoice::from(args.device).open()?;
    let host = host::describe(root, &manifest, opened, None, isolation)?;
    let bench = Bench::load(root, &manifest, &device)?;
    let display = Display::new(&manifest, manifest.config(run)?.updates);
    let (stop, events) = (reproduce::interrupt_flag()?, |event: experiment::Event| display.show(event));
    let runner = Runner { manifest: &manifest, bench: &bench, out: &out, isolation, stop: &stop, events: &events };
    let grader = Grader::new(host.threads, isolation)?;
    let subset = runner.base()?;
    runner.train(run, &grader)?;
    runner.evaluate(run, &grader, &subset)?;
    display.finish();
    println!("run {run} is in {}", out.join(run.to_string()).display());
    Ok(())
}
