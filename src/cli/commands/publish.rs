//! `publish`, `audit` and `sign`: a finished tier as one folder that describes itself, the page of it alone, and the author's signature.

use crate::args::{Audit, ExperimentArgs, OfReceipts, Publish, Sign};
use crate::commands::{base, build_paper, receipts};
use crate::format::Format;
use ::publish::{Finished, Shown, croissant};
use ::sign::{Keys, PublicKeys, envelope};
use anyhow::{Result, bail};
use bundle::files;
use experiment::{Attested, Evidence, Manifest, attest, claims};
use failure::Failure;
use std::path::Path;
use std::process::Command;
use substrate::Isolation;

pub(super) fn run(root: &Path, args: &Publish, isolation: Isolation) -> Result<()> {
    // First, what is not to be found out after minutes.
    files::refuse_occupied(&args.to)?;
    let keys = args.keys.as_ref().map(|folder| Keys::load(folder)).transpose()?;
    let (manifest, attested) = unpacked(root, &args.of)?;
    let code = attested.ledger().entries().first().map(|entry| entry.code.clone());
    let held = crate::commands::verify::hold(root, &manifest, attested, isolation, Format::Text)?;
    let others = build_paper::others(root, &manifest.name, isolation)?;
    build_paper::build(root, &held, &others, Format::Text)?;
    let date = match &args.date {
        Some(date) => date.clone(),
        None => committed(root, code.as_deref().unwrap_or_default())?,
    };
    let beside = others.iter().map(|other| shown(root, other.attested())).collect::<Result<Vec<_>>>()?;
    let (shown, data) = (shown(root, held.attested())?, croissant::shipped(&manifest.data));
    let finished = Finished { root, shown, data, date: &date, beside: &beside, signed: keys.is_some() };
    let files = ::publish::publish(&finished, &args.to)?;
    println!("\npublished {files} files in {}", args.to.display());
    match &keys {
        Some(keys) => signed(&args.to, &manifest.name, keys),
        None => {
            println!("unsigned: `gradient-quarantine sign {} --keys DIR` signs it", args.to.display());
            Ok(())
        }
    }
}

/// Receipts beside the runs, held against their ledger.
fn unpacked(root: &Path, of: &OfReceipts) -> Result<(Manifest, Attested)> {
    let plan = ExperimentArgs { tier: of.receipts.clone(), plan: of.plan.clone(), out: None };
    let (manifest, out) = base::open(root, &plan, &of.part, &of.benchmark)?;
    let out = build_paper::beside_runs(&out, &manifest.name);
    report::receipts::unpack(&receipts::folder(root, &manifest.name), &out)?;
    let attested = attest(&manifest, &out, Evidence::Receipts)?;
    Ok((manifest, attested))
}

/// What a page shows of attested results.
fn shown<'a>(root: &Path, of: &'a Attested) -> Result<Shown<'a>> {
    let claims = claims::details(&claims::load(&root.join(verify::claims::FILE))?, of.results());
    Ok(Shown { tier: &of.manifest().name, out: of.out(), claims })
}

/// The page alone, of receipts that the ledger attests. It holds no gate.
pub(super) fn audit(root: &Path, args: &Audit) -> Result<()> {
    files::refuse_occupied(&args.html)?;
    let (_, attested) = unpacked(root, &args.of)?;
    let shown = shown(root, &attested)?;
    let tier = shown.tier;
    let finished = Finished { root, shown, data: None, date: "", beside: &[], signed: false };
    ::publish::audit_page(&finished, &args.html)?;
    println!(
        "open {} in a browser: it recomputes every digest and most numbers",
        args.html.join("index.html").display()
    );
    println!("it shows what the receipts say; whether gates hold over them says `build-paper --receipts {tier}`");
    Ok(())
}

/// Signs a folder, or makes keys.
pub(super) fn sign(args: &Sign) -> Result<()> {
    if let Some(folder) = &args.new_keys {
        Keys::make(folder)?;
        println!("made two keys in {}: give away the files that end in .pub.pem, and no other", folder.display());
        return Ok(());
    }
    let (Some(folder), Some(keys)) = (&args.folder, &args.keys) else {
        bail!(Failure::usage("sign needs a folder and --keys, or --new-keys"));
    };
    let name = folder.file_name().map_or("bundle".into(), |name| name.to_string_lossy());
    signed(folder, args.name.as_deref().unwrap_or(&name), &Keys::load(keys)?)
}

fn signed(folder: &Path, name: &str, keys: &Keys) -> Result<()> {
    let files = envelope::sign(folder, name, keys)?;
    println!("signed {files} files: {} and {} are in {}", envelope::ATTESTATION, envelope::SIGNATURE, folder.display());
    Ok(())
}

/// Holds every file of a folder against its signature.
pub(super) fn verify_signature(folder: &Path, keys: &Path) -> Result<()> {
    let files = envelope::verify(folder, &PublicKeys::load(keys)?)?;
    println!("signed by these keys: {files} files of {} are what was signed, and no other is there", folder.display());
    Ok(())
}

/// When a commit was made.
fn committed(root: &Path, code: &str) -> Result<String> {
    let output = Command::new("git").arg("-C").arg(root).args(["log", "-1", "--format=%cI", code]).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string()).unwrap_or_default();
    if said.is_empty() {
        bail!(Failure::usage(format!(
            "no repository here knows the commit {code} of the ledger: say --date 2026-11-26"
        )));
    }
    Ok(said.replace('Z', "+00:00"))
}
