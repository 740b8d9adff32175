//! Inputs are what they were: every shipped file has its pinned size and digest, nothing unpinned lies in `data/`, generated data
//! comes out of its seeds byte for byte, and what a tier fetches is what was pinned.

use crate::{Context, Findings};
use bundle::{BundleError, LedgerEntry, Pin, Pins, Scratch, Sha256, files};
use experiment::manifest::Source;
use experiment::{Attested, BaseWeights, Evidence, Manifest};
use model::hub;
use std::fmt::Display;
use std::path::Path;

/// Compares shipped files with their pins; then generated ones with what their seeds give now, or fetched ones with theirs.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    let Some(pins) = findings.accept(Pins::load(&context.root.join(bundle::pins::FILE))) else { return findings };
    if let Some(count) = findings.accept(pins.verify(&context.root, Path::new("data"))) {
        let remote = pins.pins.len() - count;
        findings
            .evidence
            .push(format!("{count} shipped files match their digests; {remote} more are pinned for fetching"));
    }
    match context.manifest.source {
        Source::Organism => regenerate(context, &organism::data::GENERATED, organism::generate, &mut findings),
        Source::Tasks => regenerate(context, &tasks::data::GENERATED, tasks::generate, &mut findings),
        Source::Leetcode => {}
    }
    context.manifest.fetched().for_each(|folder| fetched(context, folder, &pins, &mut findings));
    findings
}

fn regenerate<E: Display>(
    context: &Context,
    generated: &[&str],
    generate: fn(&Path) -> Result<(), E>,
    findings: &mut Findings,
) {
    let Some(folder) = findings.accept(Scratch::new()) else { return };
    if findings.accept(generate(&folder.path())).is_none() {
        return;
    }
    for name in generated {
        let (shipped, made) = (context.data().join(name), folder.path().join(name));
        let same = files::read(&shipped).ok().zip(files::read(&made).ok()).is_some_and(|(a, b)| a == b);
        findings.require(same, || format!("{} is not what its seed generates", shipped.display()));
    }
    findings.evidence.push(format!("{} generated files come out of their seeds again", generated.len()));
}

/// Every file that is pinned in a fetched folder is there and has its bytes, but for those that another is given in place of.
fn fetched(context: &Context, folder: &Path, pins: &Pins, findings: &mut Findings) {
    let (name, own) = (Path::new(folder.file_name().unwrap_or_default()), &context.manifest.own);
    let is_model = context.manifest.model.as_deref() == Some(folder);
    if is_model && own.weights != BaseWeights::Pinned {
        let said = format!("UNPINNED: {} is not what is trained; every page of the paper says so", folder.display());
        return findings.evidence.push(said);
    }
    let at = context.root.join(own.model.as_deref().filter(|_| is_model).unwrap_or(folder));
    // A model may lie as a cache of the hub has it. Where nothing does, each file is told that is missing.
    let at = hub::resolve(&at).unwrap_or(at);
    let read: Vec<&Pin> = pins.of(name).filter(|pin| !own.replaces(&pin.path)).collect();
    let receipts = context.attested().filter(|attested| attested.evidence() == Evidence::Receipts);
    let (mut whole, mut by_ledger) = (vec![], vec![]);
    for pin in &read {
        match pin.verify_copy(&at) {
            Ok(()) => whole.push(file_name(pin)),
            // Who builds a paper from receipts needs no weights: every entry of the ledger names the digests of what its run read.
            Err(BundleError::Missing { .. }) if receipts.is_some_and(|runs| read_by_all(pin, runs)) => {
                by_ledger.push(file_name(pin));
            }
            // What came with the weights and no run reads.
            Err(BundleError::Missing { .. }) if receipts.is_some_and(|runs| read_by_none(pin, runs)) => {}
            Err(BundleError::Missing { path, .. }) => {
                findings.faults.push(format!("{} is missing; run `{}`", path.display(), fetch(&context.manifest)));
            }
            Err(other) => findings.faults.push(other.to_string()),
        }
    }
    findings.require(pins.of(name).next().is_some(), || BundleError::Extra { path: folder.into() }.to_string());
    let (at, matching, pinned) = (folder.display(), whole.len(), read.len());
    if !by_ledger.is_empty() {
        let names = by_ledger.join(", ");
        findings.evidence.push(format!("{at}: not all is here; by the ledger all runs read what is pinned: {names}"));
    }
    findings
        .evidence
        .push(format!("{at}: {matching} of {pinned} fetched files match their digests: {}", whole.join(", ")));
}

fn file_name(pin: &Pin) -> String {
    pin.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a run read under a pin's name.
fn read_as<'a>(pin: &Pin, entry: &'a LedgerEntry) -> Option<&'a Sha256> {
    entry.inputs.iter().find(|(path, _)| path.ends_with(&pin.path)).map(|(_, digest)| digest)
}

fn read_by_all(pin: &Pin, runs: &Attested) -> bool {
    pin.sha256.is_some() && runs.ledger().entries().iter().all(|entry| read_as(pin, entry) == pin.sha256.as_ref())
}

fn read_by_none(pin: &Pin, runs: &Attested) -> bool {
    let may_be = pin.path.extension().is_some_and(|extension| extension == "json");
    may_be && runs.ledger().entries().iter().all(|entry| read_as(pin, entry).is_none())
}

/// The call that brings what is missing.
fn fetch(manifest: &Manifest) -> String {
    match Manifest::tiers().any(|tier| tier == manifest.name) {
        true => format!("gradient-quarantine fetch --tier {}", manifest.name),
        false => "gradient-quarantine fetch --plan PLAN".into(),
    }
}
