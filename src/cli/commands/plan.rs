//! Which experiment a command is about, and where its results lie.

use crate::args::ExperimentArgs;
use anyhow::{Context, Result};
use experiment::Manifest;
use std::path::{Path, PathBuf};

pub fn open(root: &Path, plan: &ExperimentArgs) -> Result<(Manifest, PathBuf)> {
    let manifest = match &plan.plan {
        Some(path) => Manifest::load(path)?,
        None => Manifest::tier(&plan.tier).with_context(|| format!("no tier {}", plan.tier))??,
    };
    let out = plan.out.clone().unwrap_or_else(|| root.join("runs").join(&manifest.name));
    Ok((manifest, out))
}
