//! A model and problems that the command line names in place of a tier's.

use crate::args::{Base, Benchmark, ExperimentArgs, PartArgs};
use crate::commands::plan;
use anyhow::{Result, bail};
use experiment::manifest::Source;
use experiment::{BaseWeights, Manifest, Own};
use failure::Failure;
use std::path::{Path, PathBuf};

/// A plan or the part of it that is asked for, with what is named in place of its own, and the folder of its results.
pub(super) fn open(
    root: &Path,
    plan: &ExperimentArgs,
    part: &PartArgs,
    own: &Benchmark,
) -> Result<(Manifest, PathBuf)> {
    let (manifest, out) = plan::open_part(root, plan, part)?;
    Ok((chosen(manifest, own)?, out))
}

/// The plan with what is named in place of its own.
pub(super) fn chosen(manifest: Manifest, own: &Benchmark) -> Result<Manifest> {
    let Benchmark { base, problems, test } = own;
    let mut manifest = with_base(manifest, base)?;
    if manifest.source != Source::Leetcode && (problems.is_some() || test.is_some()) {
        bail!(Failure::usage("--problems and --test go with a tier of the benchmark: --tier fast or full"))
    }
    manifest.own = Own { train: problems.clone(), test: test.clone(), ..manifest.own };
    Ok(manifest)
}

/// The plan with a base model that is named in place of its own.
pub(super) fn with_base(mut manifest: Manifest, base: &Base) -> Result<Manifest> {
    if manifest.source.ships_models() && base.model.is_some() {
        bail!(Failure::usage("--model goes with a tier whose model is fetched: --tier coder, fast or full"))
    }
    let weights = match base {
        Base { random_weights: Some(seed), .. } => BaseWeights::Random(*seed),
        Base { unpinned_model: true, .. } => BaseWeights::Unpinned,
        _ => BaseWeights::Pinned,
    };
    manifest.own = Own { model: base.model.clone(), weights, ..manifest.own };
    Ok(manifest)
}
