//! `reproduce`: gates, training and evaluation of every run, gates again, the paper.

use crate::args::Reproduce;
use crate::commands::announce::Ends;
use crate::commands::stop::Stop;
use crate::commands::{base, build_paper, devices, eval_curve, provenance, verify};
use crate::format::Format;
use crate::progress::Told;
use anyhow::{Context as _, Result, bail};
use backend::Backend;
use bundle::{Identity, Owner};
use experiment::runner::BASE_RUN;
use experiment::{Devices, Evidence, Inputs, Manifest, Provenance, Results, Runner, attest, run_plan};
use failure::Failure;
use serde_json::json;
use std::path::{Path, PathBuf};
use substrate::Isolation;
use train::RunFolder;
use train::state::LOG;

pub(super) fn run(root: &Path, args: &Reproduce, isolation: Isolation) -> Result<()> {
    let plan = Opened::new(root, args, isolation, Ends::InThePaper)?;
    report::paper::can_be_of(&plan.manifest.arms)?;
    // Results are the last gates' business: old ones are checked against the ledger, then made again from run folders.
    let format = plan.format;
    verify::inputs(root, &plan.manifest, isolation, format)?;
    format.remark(String::new);
    plan.execute(root, isolation)?;
    format.remark(String::new);
    let attested = attest(&plan.manifest, &plan.out, Evidence::Whole)?;
    let results = attested.results().clone();
    let held = verify::hold(root, &plan.manifest, attested, isolation, format)?;
    build_paper::build(root, &held, &[], format)?;
    args.compare.as_ref().map_or(Ok(()), |receipts| build_paper::compare(root, &results, receipts, format))
}

/// The runs and their numbers without gates and paper.
pub(super) fn plan_only(root: &Path, args: &Reproduce, isolation: Isolation) -> Result<()> {
    let plan = Opened::new(root, args, isolation, Ends::WithNumbers)?;
    plan.execute(root, isolation)?;
    let results = plan.out.join("results.json");
    plan.format.say(|| format!("numbers are in {}", results.display()), "results", || json!({ "path": results }));
    Ok(())
}

/// A plan and what it runs on.
struct Opened<'a> {
    args: &'a Reproduce,
    manifest: Manifest,
    out: PathBuf,
    computes: Computes,
    provenance: Provenance,
    format: Format,
    stop: Stop,
}

/// What computes a plan's runs.
enum Computes {
    /// This process.
    Here(Backend),
    /// Others, one on the device of each name.
    Beside(Vec<String>),
}

impl<'a> Opened<'a> {
    fn new(root: &Path, args: &'a Reproduce, isolation: Isolation, ends: Ends) -> Result<Self> {
        let stop = Stop::after_update()?;
        let (manifest, out) = base::open(root, &args.plan, &args.part, &args.benchmark)?;
        // Before gates take their minute. Whoever begins there meanwhile is found when the plan is run.
        drop(Owner::reading(&out, &out)?);
        let ((choice, count), computes) = match &args.devices {
            None => {
                let backend = Backend::open(args.device)?;
                ((backend.choice, 1), Computes::Here(backend))
            }
            Some(asked) => {
                let (choice, names) = devices::named(asked, args.device)?;
                ((choice, names.len()), Computes::Beside(names))
            }
        };
        if args.fresh && out.exists() {
            remove(&out)?;
        }
        let provenance = provenance::describe(root, &manifest, (choice, count), args.jobs, isolation)?;
        let on = match &computes {
            Computes::Here(_) => format!("{}, {} at a time", choice.name(), provenance.jobs),
            Computes::Beside(names) => {
                format!("{} devices {}, {} at a time on each", choice.name(), names.join(", "), provenance.jobs)
            }
        };
        let format = Format::of(args.json);
        ends.announce(&manifest, &on, &out, format)?;
        Ok(Self { args, manifest, out, computes, provenance, format, stop })
    }

    /// Trains and evaluates what is not there yet, and writes `results.json` and the curve.
    fn execute(&self, root: &Path, isolation: Isolation) -> Result<()> {
        let Self { args, manifest, out, computes, provenance, format, stop } = self;
        let display = Told::new(manifest.updates()?, *format);
        let events = |event: experiment::Event| display.show(event);
        let done = match computes {
            Computes::Here(backend) => {
                let told = |done, all| display.preparing("singular bases", done, all);
                let inputs = Inputs::load(root, manifest, backend, told)?;
                let (inputs, bases, events) = (&inputs, &inputs.bases, &events);
                stop.heeded_by(|stop| {
                    run_plan(&Runner { manifest, inputs, bases, out, isolation, stop, events }, provenance)
                })
            }
            Computes::Beside(names) => {
                let command = devices::worker(root, args, out, provenance, isolation)?;
                let (command, events) = (&command, &events);
                stop.heeded_by(|stop| Devices { names, command, stop, events }.run_plan(manifest, provenance, out))
            }
        };
        display.finish();
        done?;
        let results = Results::collect(manifest, out)?;
        bundle::write_atomic(&out.join("results.json"), results.to_json().as_bytes())?;
        eval_curve::write(root, manifest, out, *format)
    }
}

/// Removes earlier results, and nothing that is not.
fn remove(out: &Path) -> Result<()> {
    if !out.join("ledger.jsonl").is_file() && !Identity::path(&out.join(BASE_RUN)).is_file() {
        bail!(Failure::usage(format!("{} holds no results of this program: it is not removed", out.display())));
    }
    let _nobody_works_there = (Owner::of(out, out)?, owners(out)?);
    std::fs::remove_dir_all(out).with_context(|| format!("cannot remove {}", out.display()))
}

/// The right to work in every run of a results folder.
fn owners(out: &Path) -> Result<Vec<Owner>> {
    let entries = std::fs::read_dir(out).with_context(|| format!("cannot read {}", out.display()))?;
    let runs = entries.flatten().map(|entry| entry.path()).filter(|run| run.join(LOG).is_dir());
    runs.map(|run| Ok(RunFolder::at(&run).own()?)).collect()
}
