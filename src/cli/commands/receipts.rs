//! `receipts`: a finished tier, packed.

use crate::args::Receipts;
use crate::commands::base;
use anyhow::Result;
use bundle::{Identity, Owner};
use experiment::manifest::Job;
use experiment::runner::BASE_RUN;
use experiment::{Evidence, attest};
use report::receipts;
use std::path::{Path, PathBuf};
use train::RunFolder;

pub(super) fn run(root: &Path, args: &Receipts) -> Result<()> {
    let (manifest, out) = base::open(root, &args.plan, &args.part, &args.benchmark)?;
    let _reading = Owner::reading(&out, &out)?;
    let job = |job: &Job| RunFolder::at(&out.join(job.to_string())).read();
    let _runs = manifest.jobs().iter().map(job).collect::<train::Result<Vec<_>>>()?;
    attest(&manifest, &out, Evidence::Receipts)?;
    let identity = Identity::of(&out.join(BASE_RUN))?;
    manifest.jobs().iter().try_for_each(|job| identity.check(&out.join(job.to_string())))?;
    let folder = args.to.clone().unwrap_or_else(|| folder(root, &manifest.name));
    // First: a run that is not there must not cost the archive that is.
    args.knobs.iter().try_for_each(|run| receipts::lay_out(&out, &folder, run))?;
    let bytes = receipts::pack(root, &out, &folder)?;
    println!("packed {} into {}, {:.1} MiB", out.display(), folder.display(), bytes as f64 / f64::from(1 << 20));
    Ok(())
}

/// Where a tier's receipts lie.
pub(super) fn folder(root: &Path, tier: &str) -> PathBuf {
    root.join("receipts").join(tier)
}
