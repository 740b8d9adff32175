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

pub(super) fn open(root: &Path, plan: &ExperimentArgs) -> Result<(Manifest, PathBuf)> {
    let manifest = match &plan.plan {
        Some(path) => Manifest::load(path)?,
        None => Manifest::tier(&plan.tier).ok_or_else(|| {
            let known: Vec<_> = Manifest::tiers().collect();
            Failure::usage(format!("unknown tier `{}`: this program has {}", plan.tier, known.join(", ")))
        })??,
    };
    let out = plan.out.clone().unwrap_or_else(|| root.join("runs").join(&manifest.name));
    Ok((manifest, out))
}
