//! `receipts`: a finished tier, packed.

use crate::args::Receipts;
use crate::commands::plan;
use anyhow::Result;
use report::{Evidence, attest, receipts};
use std::path::{Path, PathBuf};

pub fn run(root: &Path, args: &Receipts) -> Result<()> {
    let (manifest, out) = plan::open(root, &args.plan)?;
    attest(&manifest, &out, Evidence::Whole)?;
    let folder = args.to.clone().unwrap_or_else(|| folder(root, &manifest.name));
    let bytes = receipts::pack(&out, &folder)?;
    println!("packed {} into {}, {:.1} MiB", out.display(), folder.display(), bytes as f64 / f64::from(1 << 20));
    Ok(())
}

/// Where a tier's receipts lie.
pub fn folder(root: &Path, tier: &str) -> PathBuf {
    root.join("receipts").join(tier)
}
