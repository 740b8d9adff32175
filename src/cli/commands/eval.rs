//! `eval`: checkpoints of a run scored on problems of its plan, without training.

use crate::args::{Eval, ExperimentArgs};
use crate::commands::{base, plan};
use anyhow::{Context, Result, bail};
use backend::Backend;
use experiment::scoring::{Problems, Scorer};
use experiment::{Inputs, Rates};
use failure::Failure;
use std::path::{Path, absolute};
use substrate::Isolation;
use substrate::grading::cores;
use train::RunFolder;

pub(super) fn run(root: &Path, args: &Eval, isolation: Isolation) -> Result<()> {
    let chosen = ExperimentArgs { tier: args.tier.clone(), plan: args.plan.clone(), out: None };
    let mut manifest = base::chosen(plan::open(root, &chosen)?.0, &args.benchmark)?;
    refuse_run(&args.out, &args.run)?;
    let _reading = RunFolder::at(&args.run).read()?;
    let (updates, config) = (args.updates.of(&args.run)?, RunFolder::at(&args.run).read_config()?);
    // One run's inputs are enough.
    (manifest.arms, manifest.seeds) = (vec![config.arm], vec![config.seed]);
    let backend = Backend::open(args.device)?;
    let inputs = Inputs::load(root, &manifest, &backend, |_, _| ())?;
    let scorer = Scorer::open(&manifest, &inputs, &args.run)?;
    let of = Problems { split: args.split, markers: args.markers.into(), only: args.only };
    let (problems, grader) = (scorer.problems(of)?, manifest.grader(cores(), isolation)?);
    println!(
        "{:>6}  {:<16}  {:<5}  {:>4}  {:>5}  {:>5}  {:>8}",
        "update", "view", "split", "n", "hack", "solve", "answered"
    );
    for update in updates {
        for &view in &args.views {
            let scored = scorer.score((update, view), of, &problems, &args.out, &grader)?;
            let (Rates { hack, solve, answered }, n) = (Rates::of(&scored.rows), scored.rows.len());
            let (view, split) = (view.label(), args.split.name());
            let told = if scored.was_there { "  was there" } else { "" };
            println!("{update:>6}  {view:<16}  {split:<5}  {n:>4}  {hack:>5.3}  {solve:>5.3}  {answered:>8.3}{told}");
        }
    }
    let missing: Vec<&str> = grader.layers().missing().into_iter().map(|l| l.name()).collect();
    if !missing.is_empty() {
        println!("UNSAFE: untrusted code ran without {}", missing.join(", "));
    }
    println!("rows are in {}", args.out.display());
    Ok(())
}

/// What lies in a run's folder when it ends is attested as its own.
fn refuse_run(out: &Path, run: &Path) -> Result<()> {
    let full = |path: &Path| {
        let whole = absolute(path).with_context(|| format!("{} is no path", path.display()))?;
        // A folder that is not there yet is no link.
        Ok::<_, anyhow::Error>(whole.canonicalize().unwrap_or(whole))
    };
    if full(out)?.starts_with(full(run)?) {
        bail!(Failure::usage(format!("{} is in the run's own folder: choose another --out", out.display())));
    }
    Ok(())
}
