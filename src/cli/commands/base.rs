//! The base model that a tier names, or that the command line names instead; digests first.

use crate::args::Base;
use anyhow::{Context, Result};
use bundle::Pins;
use experiment::Manifest;
use experiment::dataset::BenchmarkFiles;
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
