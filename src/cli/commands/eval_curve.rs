//! `eval-curve`: every evaluation of a results folder as one table.

use crate::args::EvalCurve;
use crate::commands::plan;
use crate::format::Format;
use anyhow::Result;
use experiment::{Manifest, curve};
use serde_json::json;
use std::path::Path;

pub(super) fn run(root: &Path, args: &EvalCurve) -> Result<()> {
    let (manifest, out) = plan::open(root, &args.plan)?;
    write(root, &manifest, &out, Format::Text)?;
    println!("wrote curve.json and curve.csv into {}, and {} into its runs", out.display(), curve::PER_MODE);
    Ok(())
}

/// Writes the table, and says where nothing was written.
pub(super) fn write(root: &Path, manifest: &Manifest, out: &Path, format: Format) -> Result<()> {
    for run in curve::write(root, manifest, out)? {
        let text = || format!("{run}: a process is at work there, its {} is left as it was", curve::PER_MODE);
        format.say(text, "busy", || json!({ "run": run.to_string(), "left": curve::PER_MODE }));
    }
    Ok(())
}
