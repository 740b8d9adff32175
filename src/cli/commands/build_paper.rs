//! `build-paper`: refuses unless every gate holds and every number is attested; else the PDF.

use crate::args::BuildPaper;
use crate::commands::{plan, verify};
use ::verify::GATES;
use anyhow::Result;
use experiment::Manifest;
use report::tables;
use std::path::Path;
use substrate::Isolation;

pub fn run(root: &Path, args: &BuildPaper, isolation: Isolation) -> Result<()> {
    let (manifest, out) = plan::open(root, &args.plan)?;
    build(root, manifest, &out, isolation)
}

pub fn build(root: &Path, manifest: Manifest, out: &Path, isolation: Isolation) -> Result<()> {
    // Attested first: with damaged results the gates would only say the same less clearly.
    report::attest(&manifest, out)?;
    verify::check(&GATES, &verify::context(root, manifest.clone(), out.into(), isolation), false)?;
    let built = report::build(root, &manifest, out)?;
    println!("\n{}", tables::claims(&built.claims));
    println!("{}", tables::differences(&built.results));
    if !built.unsafe_without.is_empty() {
        println!("UNSAFE   untrusted code ran without {}: the paper says so\n", built.unsafe_without.join(", "));
    }
    println!("paper    {}\nsha256   {}", built.pdf.display(), built.digest);
    Ok(())
}
