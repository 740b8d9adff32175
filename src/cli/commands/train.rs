//! `train`: one run of a plan, trained and evaluated, without the rest of the plan. With `--model`, on a model of one's own.

use crate::args::Train;
use crate::commands::{host, plan, reproduce};
use crate::exit::Usage;
use crate::progress::Display;
use anyhow::{Context, Result, bail};
use bundle::Pins;
use experiment::bench::Files;
use experiment::manifest::Source;
use experiment::{Bench, Manifest, RunId, Runner};
use model::{DeviceChoice, ModelConfig, Weights, checkpoint};
use std::path::Path;
use substrate::{Grader, Isolation};
use train::Arm;

/// The model of the full tier, as the pins name its folder.
const PINNED: &str = "qwen3-4b";

pub fn run(root: &Path, args: &Train, isolation: Isolation) -> Result<()> {
    let mut wanted = args.plan.clone();
    wanted.tier = args.preset.clone().unwrap_or(wanted.tier);
    let (mut manifest, out) = plan::open(root, &wanted)?;
    let Some(arm) = Arm::from_name(&args.arm) else {
        bail!(Usage(format!("unknown arm `{}`: arms are {}", args.arm, Arm::ALL.map(Arm::name).join(", "))));
    };
    let run = RunId { arm, seed: args.seed };
    (manifest.arms, manifest.seeds) = (vec![arm], vec![args.seed]);
    if let Some(updates) = args.updates {
        manifest.set_updates(updates);
    }
    let (device, opened) = DeviceChoice::from(args.device).open()?;
    let host = host::describe(root, &manifest, opened, None, isolation)?;
    let display = Display::new(&manifest, manifest.config(run)?.updates);
    let bench = match manifest.source {
        Source::Organism if args.model.is_some() => {
            bail!(Usage("--model goes with a preset that has problems for it: --preset fast or full".into()))
        }
        Source::Organism => Bench::load(root, &manifest, &device)?,
        Source::Leetcode => {
            let told = |done, all| display.preparing("singular bases", done, all);
            Bench::benchmark(&files(root, args, &manifest)?, &manifest, &device, told)?
        }
    };
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

/// The files that the tier names, or those that the command line names instead; digests first.
fn files(root: &Path, args: &Train, manifest: &Manifest) -> Result<Files> {
    let mut manifest = manifest.clone();
    let folder = args.model.clone().or(manifest.model.clone()).unwrap_or(manifest.data.clone());
    let folder = root.join(folder);
    let model = checkpoint::resolve(&folder)?;
    manifest.model = Some(model.clone());
    if args.random_weights.is_none() && !args.unpinned_model {
        let pins = Pins::load(&root.join(bundle::pins::FILE))?;
        pins.verify_copy(Path::new(PINNED), &model)
            .context("--unpinned-model trains other weights than the paper's")?;
    }
    let mut files = match args.random_weights {
        None => Files::of(root, &manifest)?,
        Some(seed) => {
            let config = ModelConfig::load(&model.join("config.json"))?;
            Files::with(root, &manifest, model, Weights::random(config, seed))
        }
    };
    files.train = args.problems.clone().unwrap_or(files.train);
    files.test = args.test.clone().unwrap_or(files.test);
    Ok(files)
}
