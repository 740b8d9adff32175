//! `build-paper`: refuses unless every gate holds and every number is attested; else the PDF.

use crate::args::{BuildPaper, ExperimentArgs};
use crate::commands::receipts::folder;
use crate::commands::{base, plan, verify};
use crate::format::{Format, emit};
use ::verify::GatesHeld;
use anyhow::{Result, bail};
use experiment::{Evidence, Manifest, Results, attest};
use failure::Failure;
use report::paper::Built;
use report::statement::Statement;
use report::{compare, receipts, tables};
use serde_json::json;
use std::path::{Path, PathBuf};
use substrate::Isolation;

pub(super) fn run(root: &Path, args: &BuildPaper, isolation: Isolation) -> Result<()> {
    let Some(tier) = &args.receipts else {
        let (manifest, out) = base::open(root, &args.plan, &args.part, &args.benchmark)?;
        // Attested first: with damaged results the gates would only say the same less clearly.
        let attested = attest(&manifest, &out, Evidence::Whole)?;
        let held = verify::hold(root, &manifest, attested, isolation, Format::Text)?;
        return build(root, &held, &[], Format::Text).map(|_| ());
    };
    let plan = ExperimentArgs { tier: tier.clone(), ..args.plan.clone() };
    let (manifest, out) = base::open(root, &plan, &args.part, &args.benchmark)?;
    // Beside runs of one's own, never over them.
    let out = if args.plan.out.is_some() { out } else { beside_runs(&out, tier) };
    let folder = folder(root, tier);
    receipts::unpack(&folder, &out)?;
    // Before minutes of gates.
    let stated = Statement::find(&folder)?;
    stated.as_ref().map_or(Ok(()), |stated| stated.holds(&out, &["results.json", "ledger.jsonl"]))?;
    let attested = attest(&manifest, &out, Evidence::Receipts)?;
    let held = verify::hold(root, &manifest, attested, isolation, Format::Text)?;
    let built = build(root, &held, &others(root, tier, isolation)?, Format::Text)?;
    match stated {
        Some(stated) => {
            stated.same_paper(root, built.digest)?;
            println!("         the same bytes as {} states", stated.path().display());
        }
        None => println!("         {} states no paper: there is nothing to hold this one against", folder.display()),
    }
    Ok(())
}

/// Where receipts are unpacked.
pub(super) fn beside_runs(out: &Path, tier: &str) -> PathBuf {
    out.with_file_name(format!("receipts-{tier}"))
}

/// The other tiers whose receipts the project has, attested, and every gate holds over them too: a paper from receipts shows them all.
pub(super) fn others(root: &Path, tier: &str, isolation: Isolation) -> Result<Vec<GatesHeld>> {
    let has_receipts = |other: &&str| *other != tier && folder(root, other).is_dir();
    let mut held = vec![];
    for other in Manifest::tiers().filter(has_receipts) {
        let plan = ExperimentArgs { tier: other.into(), plan: None, out: None };
        let (manifest, out) = plan::open(root, &plan)?;
        let out = beside_runs(&out, other);
        receipts::unpack(&folder(root, other), &out)?;
        println!("\nbeside it, from its receipts, tier {other}");
        let attested = attest(&manifest, &out, Evidence::Receipts)?;
        held.push(verify::hold(root, &manifest, attested, isolation, Format::Text)?);
    }
    Ok(held)
}

/// The paper of results over which every gate holds, with other tiers beside them.
pub(super) fn build(root: &Path, held: &GatesHeld, beside: &[GatesHeld], format: Format) -> Result<Built> {
    let built = report::build(root, held, beside)?;
    match format {
        Format::Text => {
            println!("\n{}", tables::claims(&built.claims));
            println!("{}", tables::differences(held.attested().manifest().source, held.attested().results()));
        }
        Format::Json => built.claims.iter().for_each(|claim| emit("claim", json!(claim))),
    }
    if !built.unsafe_without.is_empty() {
        let layers = built.unsafe_without.join(", ");
        let text = || format!("UNSAFE   untrusted code ran without {layers}: the paper says so\n");
        format.say(text, "unsafe", || json!({ "without": built.unsafe_without }));
    }
    let text = || format!("paper    {}\nsha256   {}", built.pdf.display(), built.digest);
    format.say(text, "paper", || json!({ "path": built.pdf, "sha256": built.digest }));
    Ok(built)
}

/// Holds results against those in receipts.
pub(super) fn compare(root: &Path, here: &Results, receipts: &Path, format: Format) -> Result<()> {
    let folder = bundle::Scratch::new()?;
    let unpacked = folder.path().join("receipts");
    receipts::unpack(receipts, &unpacked)?;
    let path = unpacked.join("results.json");
    let there: Results = serde_json::from_str(&bundle::files::read_text(&path)?)?;
    if (&there.tier, there.restricted) != (&here.tier, here.restricted) {
        let of = |results: &Results| if results.restricted { "a part of " } else { "" }.to_string() + &results.tier;
        bail!(Failure::usage(format!(
            "{} is of {}, these results are of {}",
            receipts.display(),
            of(&there),
            of(here)
        )));
    }
    let claims = experiment::claims::load(&root.join(::verify::claims::FILE))?;
    let all = compare::compare(&claims, here, &there);
    format.remark(|| format!("\nbeside {}", receipts.display()));
    for compared in &all {
        let word = if compared.agrees { "agrees" } else { "DIFFERS" };
        let lines: String = compared.lines.iter().map(|line| format!("\n       {line}")).collect();
        let object = || json!({ "id": compared.id, "agrees": compared.agrees, "lines": compared.lines });
        format.say(|| format!("{:<6} {word}{lines}", compared.id), "compared", object);
    }
    let differ: Vec<&str> = all.iter().filter(|c| !c.agrees).map(|c| c.id.as_str()).collect();
    if !differ.is_empty() {
        bail!(Failure::check(format!("{} differ from the receipts", differ.join(", "))));
    }
    Ok(())
}
