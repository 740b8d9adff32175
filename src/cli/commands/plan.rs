//! Which experiment a command is about, and where its results lie.

use crate::args::{ExperimentArgs, PartArgs};
use anyhow::Result;
use experiment::Manifest;
use failure::Failure;
use std::path::{Path, PathBuf};

/// A plan, or the part of it that is asked for.
pub(super) fn open_part(root: &Path, plan: &ExperimentArgs, part: &PartArgs) -> Result<(Manifest, PathBuf)> {
    let (manifest, out) = open(root, plan)?;
    Ok((manifest.restricted(&part.arms, &part.seeds)?, out))
}

/// The folder for what is fetched and made, where that is not the project's own.
const STATE: &str = "GQ_STATE";

pub(super) fn open(root: &Path, plan: &ExperimentArgs) -> Result<(Manifest, PathBuf)> {
    open_as(root, plan, false)
}

/// The plan as it is or in miniature, which has a folder of its own.
pub(super) fn open_as(root: &Path, plan: &ExperimentArgs, quick: bool) -> Result<(Manifest, PathBuf)> {
    let mut manifest = match &plan.plan {
        Some(path) => Manifest::load(path)?,
        None => Manifest::tier(&plan.tier).ok_or_else(|| {
            let known: Vec<_> = Manifest::tiers().collect();
            Failure::usage(format!("unknown tier `{}`: this program has {}", plan.tier, known.join(", ")))
        })??,
    };
    if quick {
        manifest = manifest.in_miniature()?;
    }
    if let Some(state) = std::env::var_os(STATE).filter(|state| !state.is_empty()) {
        manifest.keep_in(&std::path::absolute(state)?);
    }
    let out = plan.out.clone().unwrap_or_else(|| manifest.state(root).join("runs").join(&manifest.name));
    Ok((manifest, out))
}
