//! `receipts`: a finished tier, packed.

use crate::args::Receipts;
use crate::commands::base;
use anyhow::{Result, bail};
use bundle::{Identity, Owner, Sha256};
use experiment::manifest::Job;
use experiment::runner::BASE_RUN;
use experiment::{Evidence, attest};
use failure::Failure;
use report::receipts;
use std::path::{Path, PathBuf};
use train::RunFolder;

/// The digest of the paper that was built from what is packed.
const PAPER: &str = "paper.sha256";

pub(super) fn run(root: &Path, args: &Receipts) -> Result<()> {
    let (manifest, out) = base::open(root, &args.plan, &args.part, &args.benchmark)?;
    let _reading = Owner::reading(&out, &out)?;
    let job = |job: &Job| RunFolder::at(&out.join(job.to_string())).read();
    let _runs = manifest.jobs().iter().map(job).collect::<train::Result<Vec<_>>>()?;
    attest(&manifest, &out, Evidence::Whole)?;
    let identity = Identity::of(&out.join(BASE_RUN))?;
    manifest.jobs().iter().try_for_each(|job| identity.check(&out.join(job.to_string())))?;
    let folder = args.to.clone().unwrap_or_else(|| folder(root, &manifest.name));
    let bytes = receipts::pack(&out, &folder)?;
    let pdf = out.join("paper.pdf");
    if pdf.exists() {
        receipts::state(&folder.join(PAPER), Sha256::of_file(&pdf)?.0, "paper.pdf")?;
    }
    println!("packed {} into {}, {:.1} MiB", out.display(), folder.display(), bytes as f64 / f64::from(1 << 20));
    Ok(())
}

/// Refuses a paper of other bytes than the one that lay beside the receipts when they were packed.
pub(super) fn same_paper(folder: &Path, digest: Sha256) -> Result<()> {
    let path = folder.join(PAPER);
    if !path.exists() {
        println!("         {} is not there: nothing to hold the paper against", path.display());
        return Ok(());
    }
    if receipts::stated(&path)? != digest.to_string() {
        bail!(Failure::check(format!(
            "the paper is another than {} states: its sources or the program have changed since; if that is meant, look at the \
             paper and write its digest there",
            path.display()
        )));
    }
    println!("         the same bytes as {} states", path.display());
    Ok(())
}

/// Where a tier's receipts lie.
pub(super) fn folder(root: &Path, tier: &str) -> PathBuf {
    root.join("receipts").join(tier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paper_of_other_bytes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let stated = format!("{}  paper.pdf\n", Sha256::of(b"as it was"));
        assert!(same_paper(folder.path(), Sha256::of(b"whatever")).is_ok(), "no digest is stated yet");
        std::fs::write(folder.path().join(PAPER), stated).unwrap();
        assert!(same_paper(folder.path(), Sha256::of(b"as it was")).is_ok());
        assert!(same_paper(folder.path(), Sha256::of(b"as it is")).is_err());
    }
}
