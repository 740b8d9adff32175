//! `verify`: every gate, one table, exit code 0 only if all hold.

use crate::args::Verify;
use crate::commands::{base, publish};
use crate::format::{Format, emit};
use anyhow::{Result, bail};
use experiment::{Attested, Evidence, Manifest, attest};
use failure::Failure;
use serde_json::json;
use std::path::Path;
use substrate::Isolation;
use verify::{Context, Findings, GATES, Gate, GatesHeld};

pub(super) fn run(root: &Path, args: &Verify, isolation: Isolation) -> Result<()> {
    if let (Some(folder), Some(keys)) = (&args.signature, &args.public_keys) {
        return publish::verify_signature(folder, keys);
    }
    let (manifest, out) = base::open(root, &args.plan, &args.part, &args.benchmark)?;
    let gates = args.gate.map_or(GATES.to_vec(), |gate| vec![gate]);
    // The gates look at results only where there are some.
    let there = out.join("results.json").exists();
    let results = there.then(|| attest(&manifest, &out, Evidence::Whole).map_err(|e| e.to_string()));
    let context = Context { root: root.into(), manifest, results, isolation };
    all_hold(gates.len(), verify::run(&gates, &context, printer(Format::of(args.json))))
}

/// The gates before anything is run: inputs alone. Where those are not what is pinned, no other gate is worth its time.
pub(super) fn inputs(root: &Path, manifest: &Manifest, isolation: Isolation, format: Format) -> Result<()> {
    let context = Context { root: root.into(), manifest: manifest.clone(), results: None, isolation };
    let (pins, others) = GATES.split_at(1);
    if !verify::run(pins, &context, printer(format)).is_empty() {
        bail!(Failure::input("the gate pins fails: inputs are missing or are not what is pinned"));
    }
    all_hold(GATES.len(), verify::run(others, &context, printer(format)))
}

/// Every gate over results that were attested.
pub(super) fn hold(
    root: &Path,
    manifest: &Manifest,
    attested: Attested,
    isolation: Isolation,
    format: Format,
) -> Result<GatesHeld> {
    verify::hold(root, manifest, attested, isolation, printer(format))
        .map_err(|failed| failure(GATES.len(), &failed).into())
}

fn all_hold(of: usize, failed: Vec<&str>) -> Result<()> {
    if failed.is_empty() { Ok(()) } else { Err(failure(of, &failed).into()) }
}

fn failure(of: usize, failed: &[&str]) -> Failure {
    Failure::check(format!("{} of {of} gates failed: {}", failed.len(), failed.join(", ")))
}

fn printer(format: Format) -> verify::Told {
    match format {
        Format::Text => print,
        Format::Json => print_json,
    }
}

fn print_json(gate: &Gate, findings: &Findings, seconds: f64) {
    let (holds, Findings { evidence, faults }) = (findings.holds(), findings);
    emit(
        "gate",
        json!({ "gate": gate.name, "holds": holds, "evidence": evidence, "faults": faults, "seconds": seconds }),
    );
}

fn print(gate: &Gate, findings: &Findings, seconds: f64) {
    const SHOWN: usize = 8;
    println!("{:<10} {:<6} {seconds:>5.1} s", gate.name, if findings.holds() { "holds" } else { "FAILS" });
    findings.evidence.iter().for_each(|e| println!("             {e}"));
    findings.faults.iter().take(SHOWN).for_each(|f| println!("  fault:     {}", f.replace('\n', "\n             ")));
    if findings.faults.len() > SHOWN {
        println!("             and {} more faults", findings.faults.len() - SHOWN);
    }
}
