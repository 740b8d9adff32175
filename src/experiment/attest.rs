//! Attestation: each value names runs, each run has a ledger entry, each entry's outputs still have their digests, and
//! the values come out of those outputs again.

use crate::{ExperimentError, Key, Manifest, Result, Results, restrict};
use bundle::{Ledger, files};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What of the runs is there to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Everything that they wrote.
    Whole,
    /// What receipts carry, checked when they were unpacked.
    Receipts,
}

/// Numbers that stand on bytes: [`attest`] makes it and nothing else can.
#[derive(Debug)]
pub struct Attested {
    manifest: Manifest,
    results: Results,
    ledger: Ledger,
    out: PathBuf,
    evidence: Evidence,
}

impl Attested {
    /// What of the runs was there to look at.
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// The plan that they are of.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The numbers, each with the runs that it was made from.
    pub fn results(&self) -> &Results {
        &self.results
    }

    /// The record of those runs.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The folder of the results.
    pub fn out(&self) -> &Path {
        &self.out
    }
}

/// Checks everything that `results.json` in `out` stands on.
///
/// # Errors
/// A number that names no run or one that the ledger does not have, an output with other bytes than the ledger says, results
/// that the run folders do not give.
pub fn attest(manifest: &Manifest, out: &Path, evidence: Evidence) -> Result<Attested> {
    let ledger = Ledger::open(&out.join("ledger.jsonl"))?;
    let path = out.join("results.json");
    let text = files::read_text(&path)?;
    let stored: Results = serde_json::from_str(&text)
        .map_err(|e| bundle::BundleError::Format { path: path.clone(), reason: format!("not a results file: {e}") })?;
    if (&stored.arms, &stored.seeds) != (&manifest.arms, &manifest.seeds) {
        let found = restrict::words(&stored.arms, &stored.seeds);
        return Err(ExperimentError::OtherPart {
            path,
            found,
            wanted: restrict::words(&manifest.arms, &manifest.seeds),
        });
    }
    let mut cited: BTreeSet<&String> = BTreeSet::new();
    for (key, value) in &stored.values {
        for run in &value.runs {
            if ledger.find(run).is_none() {
                return Err(ExperimentError::Unattested {
                    key: key.to_string(),
                    reason: format!("run {run} is not in {}", out.join("ledger.jsonl").display()),
                });
            }
            cited.insert(run);
        }
        if value.runs.is_empty() {
            return Err(ExperimentError::Unattested { key: key.to_string(), reason: "it names no run".into() });
        }
    }
    for run in cited.into_iter().filter(|_| evidence == Evidence::Whole) {
        if let Some(entry) = ledger.find(run) {
            entry.verify_outputs(out)?;
        }
    }
    let made = Results::collect(manifest, out)?;
    if made.to_json() != text {
        return Err(ExperimentError::Stale { path, at: first_difference(&made, &stored) });
    }
    Ok(Attested { manifest: manifest.clone(), results: made, ledger, out: out.into(), evidence })
}

fn first_difference(made: &Results, stored: &Results) -> String {
    let keys: BTreeSet<&Key> = made.values.keys().chain(stored.values.keys()).collect();
    keys.into_iter()
        .find(|k| made.values.get(*k) != stored.values.get(*k))
        .map_or("the header".into(), |k| k.to_string())
}
