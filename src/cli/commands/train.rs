//! `train`: one run of a plan, trained and evaluated, without the rest of the plan. With `--model`, on a model of one's own.

use crate::args::Train;
use crate::commands::stop::Stop;
use crate::commands::{base, plan, provenance};
use crate::format::Format;
use crate::progress::Told;
use anyhow::Result;
use backend::Backend;
use experiment::manifest::Job;
use experiment::{Inputs, RunId, Runner};
use std::path::Path;
use substrate::Isolation;
use train::RunFolder;

pub(super) fn run(root: &Path, args: &Train, isolation: Isolation) -> Result<()> {
    let stop = Stop::after_update()?;
    let mut wanted = args.plan.clone();
    wanted.tier = args.preset.clone().unwrap_or(wanted.tier);
    let (manifest, out) = plan::open_as(root, &wanted, args.quick)?;
    let mut manifest = base::chosen(manifest, &args.benchmark)?;
    let job = match &args.job {
        Some(name) => manifest.piece(name)?,
        None => {
            let run = RunId { arm: args.arm, seed: args.seed };
            manifest = manifest.of_one(run);
            Some(Job::Run(run))
        }
    };
    if let Some(updates) = args.updates {
        manifest.set_updates(updates);
    }
    let name = job.map_or(experiment::runner::BASE_RUN.into(), |job| job.to_string());
    // Who trains there turns this call away now, not after the singular bases were computed.
    drop(RunFolder::at(&out.join(&name)).read()?);
    let backend = Backend::open(args.device)?;
    let provenance = provenance::describe(root, &manifest, (backend.choice, 1), None, isolation)?;
    let display = Told::new(job.map_or(Ok(0), |job| manifest.job_config(job).map(|c| c.updates))?, Format::Text);
    let told = |done, all| display.preparing("singular bases", done, all);
    let inputs = Inputs::load(root, &manifest, &backend, told)?;
    let (stop, events) = (stop.flag(), |event: experiment::Event| display.show(event));
    let runner = Runner {
        manifest: &manifest,
        inputs: &inputs,
        bases: &inputs.bases,
        out: &out,
        isolation,
        stop: &stop,
        events: &events,
    };
    let grader = manifest.grader(provenance.threads, isolation)?;
    match job {
        Some(Job::Run(run)) if args.train_only => {
            inputs.check_references(&out.join(&name), &grader)?;
            runner.train(run, &grader)?;
        }
        Some(job) => runner.job(job, &grader, &runner.base()?)?,
        None => drop(runner.base()?),
    }
    display.finish();
    println!("run {name} is in {}", out.join(&name).display());
    Ok(())
}
