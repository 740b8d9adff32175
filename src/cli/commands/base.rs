//! The base model that a tier names, or that the command line names instead; digests first.

use crate::args::{Base, Benchmark};
use anyhow::{Context, Result, bail};
use backend::Backend;
use bundle::Pins;
use experiment::dataset::BenchmarkFiles;
use experiment::manifest::Source;
use experiment::{Inputs, Manifest};
use failure::Failure;
use model::{ModelConfig, Weights, hub};
use std::path::Path;

/// The model of the full tier, as the pins name its folder.
const PINNED: &str = "qwen3-4b";

pub(super) fn files(root: &Path, args: &Base, manifest: &Manifest) -> Result<BenchmarkFiles> {
    let Base { model, random_weights, unpinned_model } = args;
    let folder = model.clone().or(manifest.model.clone()).unwrap_or(manifest.data.clone());
    let model = hub::resolve(&root.join(folder))?;
    if random_weights.is_none() && !unpinned_model {
        let pins = Pins::load(&root.join(bundle::pins::FILE))?;
        pins.verify_copy(Path::new(PINNED), &model)
            .context("--unpinned-model trains other weights than the paper's")?;
    }
    let weights = match random_weights {
        None => Weights::load(&model)?,
        Some(seed) => Weights::random(ModelConfig::load(&model.join("config.json"))?, *seed),
    };
    Ok(BenchmarkFiles { model, weights, train: None, test: None })
}

/// What a plan's runs are given, with a model and problems of one's own where those are named; `told` hears how many singular
/// bases of how many are there.
pub(super) fn inputs(
    root: &Path,
    own: &Benchmark,
    manifest: &Manifest,
    backend: &Backend,
    told: impl Fn(usize, usize) + Sync,
) -> Result<Inputs> {
    match manifest.source {
        Source::Organism if own.base.model.is_some() => {
            bail!(Failure::usage("--model goes with a preset that has problems for it: --preset fast or full"))
        }
        Source::Organism => Ok(Inputs::load(root, manifest, backend)?),
        Source::Leetcode => {
            let pinned = files(root, &own.base, manifest)?;
            let files = BenchmarkFiles { train: own.problems.clone(), test: own.test.clone(), ..pinned };
            Ok(Inputs::benchmark(root, files, manifest, backend, told)?)
        }
    }
}
