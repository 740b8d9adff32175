//! `verify`: every gate, one table, exit code 0 only if all hold.

use crate::args::Verify;
use crate::commands::plan;
use crate::exit::{CheckFailed, Usage};
use anyhow::{Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use substrate::Isolation;
use verify::{Context, Findings, GATES, Gate};

pub fn run(root: &Path, args: &Verify, isolation: Isolation) -> Result<()> {
    let (manifest, out) = plan::open(root, &args.plan)?;
    let gates = match &args.gate {
        None => GATES.to_vec(),
        Some(name) => match verify::gate(name) {
            Some(gate) => vec![gate],
            None => bail!(Usage(format!("unknown gate `{name}`: gates are {}", GATES.map(|g| g.name).join(", ")))),
        },
    };
    check(&gates, &context(root, manifest, out, isolation), args.json)
}

/// The gates look at results only where there are some.
pub fn context(root: &Path, manifest: experiment::Manifest, out: PathBuf, isolation: Isolation) -> Context {
    let data = manifest.data.clone();
    let results = out.join("results.json").exists().then_some((manifest, out));
    Context { root: root.into(), data, results, isolation }
}

/// Runs gates, prints what each found, and fails if one does not hold.
pub fn check(gates: &[Gate], context: &Context, as_json: bool) -> Result<()> {
    let mut failed = vec![];
    for gate in gates {
        let started = Instant::now();
        let findings = (gate.check)(context);
        if as_json {
            let (evidence, faults) = (&findings.evidence, &findings.faults);
            println!(
                "{}",
                json!({ "gate": gate.name, "holds": findings.holds(), "evidence": evidence, "faults": faults })
            );
        } else {
            print(gate, &findings, started.elapsed().as_secs_f64());
        }
        if !findings.holds() {
            failed.push(gate.name);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => bail!(CheckFailed(format!("{} of {} gates failed: {}", failed.len(), gates.len(), failed.join(", ")))),
    }
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
