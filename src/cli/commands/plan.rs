//! Which experiment a command is about, and where its results lie.

use crate::args::Plan;
use anyhow::{Result, bail};
use experiment::Manifest;
use std::path::{Path, PathBuf};

pub fn open(root: &Path, plan: &Plan) -> Result<(Manifest, PathBuf)> {
    let manifest = match &plan.plan {
        Some(path) => Manifest::load(path)?,
        None => match Manifest::tier(&plan.tier) {
            Some(manifest) => manifest?,
            None => {
                let known: Vec<_> = Manifest::tiers().collect();
                bail!(crate::exit::Usage(format!(
                    "unknown tier `{}`: this program has {}",
                    plan.tier,
                    known.join(", ")
                )))
            }
        },
    };
    let out = plan.out.clone().unwrap_or_else(|| root.join("runs").join(&manifest.name));
    Ok((manifest, out))
}
