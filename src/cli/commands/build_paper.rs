//! `build-paper`: refuses unless every gate holds and every number is attested; else the PDF.

use crate::args::{BuildPaper, Plan};
use crate::commands::receipts::{folder, same_paper};
use crate::commands::{plan, verify};
use crate::exit::{CheckFailed, Usage};
use ::verify::GATES;
use anyhow::{Result, bail};
use experiment::{Manifest, Results};
use report::paper::Built;
use report::{Evidence, compare, receipts, tables};
use std::path::Path;
use substrate::Isolation;

pub fn run(root: &Path, args: &BuildPaper, isolation: Isolation) -> Result<()> {
    let Some(tier) = &args.receipts else {
        let (manifest, out) = plan::open(root, &args.plan)?;
        return build(root, manifest, &out, isolation, Evidence::Whole).map(|_| ());
    };
    let plan = Plan { tier: tier.clone(), ..args.plan.clone() };
    let (manifest, out) = plan::open(root, &plan)?;
    // Beside runs of one's own, never over them.
    let out = if args.plan.out.is_some() { out } else { out.with_file_name(format!("receipts-{tier}")) };
    let folder = folder(root, tier);
    receipts::unpack(&folder, &out)?;
    let built = build(root, manifest, &out, isolation, Evidence::Receipts)?;
    same_paper(&folder, built.digest)
}

pub fn build(root: &Path, manifest: Manifest, out: &Path, isolation: Isolation, evidence: Evidence) -> Result<Built> {
    // Attested first: with damaged results the gates would only say the same less clearly.
    report::attest(&manifest, out, evidence)?;
    verify::check(&GATES, &verify::context(root, manifest.clone(), out.into(), isolation), false)?;
    let built = report::build(root, &manifest, out, evidence)?;
    println!("\n{}", tables::claims(&built.claims));
    println!("{}", tables::differences(&built.results));
    if !built.unsafe_without.is_empty() {
        println!("UNSAFE   untrusted code ran without {}: the paper says so\n", built.unsafe_without.join(", "));
    }
    println!("paper    {}\nsha256   {}", built.pdf.display(), built.digest);
    Ok(built)
}

/// Holds results against those in receipts.
pub fn compare(root: &Path, here: &Results, receipts: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    receipts::unpack(receipts, folder.path())?;
    let path = folder.path().join("results.json");
    let there: Results = serde_json::from_str(&bundle::files::read_text(&path)?)?;
    if there.tier != here.tier {
        bail!(Usage(format!("{} is of tier {}, these results are of {}", receipts.display(), there.tier, here.tier)));
    }
    let claims = experiment::claims::load(&root.join(::verify::claims::FILE))?;
    let all = compare::compare(&claims, here, &there);
    println!("\nbeside {}", receipts.display());
    for compared in &all {
        println!("{:<6} {}", compared.id, if compared.agrees { "agrees" } else { "DIFFERS" });
        compared.lines.iter().for_each(|line| println!("       {line}"));
    }
    let differ: Vec<&str> = all.iter().filter(|c| !c.agrees).map(|c| c.id.as_str()).collect();
    if !differ.is_empty() {
        bail!(CheckFailed(format!("{} differ from the receipts", differ.join(", "))));
    }
    Ok(())
}
