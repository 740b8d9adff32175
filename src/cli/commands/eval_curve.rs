//! `eval-curve`: every evaluation of a results folder as one table.

use crate::args::EvalCurve;
use crate::commands::plan;
use anyhow::Result;
use experiment::{Manifest, curve};
use std::path::Path;

pub(super) fn run(root: &Path, args: &EvalCurve) -> Result<()> {
    let (manifest, out) = plan::open(root, &args.plan)?;
    write(&manifest, &out)?;
    println!("wrote curve.json and curve.csv into {}, and {} into its runs", out.display(), curve::PER_MODE);
    Ok(())
}

/// Writes the table, and says where nothing was written.
pub(super) fn write(manifest: &Manifest, out: &Path) -> Result<()> {
    for run in curve::write(manifest, out)? {
        println!("{run}: a process is at work there, its {} is left as it was", curve::PER_MODE);
    }
    Ok(())
}
