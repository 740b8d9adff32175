//! The base model that a tier names, or that the command line names instead; digests first.

use crate::args::Base;
use anyhow::{Context, Result};
use bundle::Pins;
use experiment::Manifest;
use experiment::inputs::Files;
use model::{ModelConfig, Weights, hub};
use std::path::Path;

/// The model of the full tier, as the pins name its folder.
const PINNED: &str = "qwen3-4b";

pub(super) fn files(root: &Path, args: &Base, manifest: &Manifest) -> Result<Files> {
    let folder = args.model.clone().or(manifest.model.clone()).unwrap_or(manifest.data.clone());
    let model = hub::resolve(&root.join(folder))?;
    if args.random_weights.is_none() && !args.unpinned_model {
        let pins = Pins::load(&root.join(bundle::pins::FILE))?;
        pins.verify_copy(Path::new(PINNED), &model)
            .context("--unpinned-model trains other weights than the paper's")?;
    }
    match args.random_weights {
        None => Ok(Files::with(root, manifest, model.clone(), Weights::load(&model)?)),
        Some(seed) => {
            let config = ModelConfig::load(&model.join("config.json"))?;
            Ok(Files::with(root, manifest, model, Weights::random(config, seed)))
        }
    }
}
