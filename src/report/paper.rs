//! `build-paper`: attested numbers into `paper/main.typ`. The paper reads one JSON file made here and prints values only
//! through it; a number typed into its text is an error.

use crate::inputs::Inputs;
use crate::statement::{self, Statement};
use crate::{ReportError, Result, figures, origin, typeset};
use bundle::jsonl;
use bundle::{Ledger, Pins, Sha256, files, pins, write_atomic};
use experiment::claims::{self, Judged};
use experiment::evidence::{self, Trace};
use experiment::{Attested, Results, RunId, published};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use substrate::Loophole;
use train::Arm;
use verify::GatesHeld;

/// What a build left behind.
pub struct Built {
    /// Where the paper lies.
    pub pdf: PathBuf,
    /// Its digest.
    pub digest: Sha256,
    /// What it says of each claim.
    pub claims: Vec<Judged>,
    /// Mandatory layers of the sandbox that were missing in any of the runs.
    pub unsafe_without: Vec<String>,
}

/// The arms that the paper's text compares throughout.
const COMPARED: [Arm; 2] = [Arm::VANILLA, Arm::ROUTE2B];

/// Refuses a plan of which no paper can be typeset, before hours are spent on it.
///
/// # Errors
/// An arm is missing that the text compares.
pub fn can_be_of(arms: &[Arm]) -> Result<()> {
    match COMPARED.iter().find(|arm| !arms.contains(arm)) {
        None => Ok(()),
        Some(arm) => Err(ReportError::NoPaper { arm: arm.name() }),
    }
}

/// Writes `paper.pdf`, the statement on it and the figures beside the results, which were attested and over which every gate holds.
///
/// # Errors
/// A number typed into the sources, sources that do not compile, a folder that cannot be written.
pub fn build(root: &Path, held: &GatesHeld) -> Result<Built> {
    let attested = held.attested();
    let (results, ledger, out) = (attested.results(), attested.ledger(), attested.out());
    let folder = root.join(statement::SOURCES);
    no_typed_numbers(&folder)?;
    let claims = claims::judge(&claims::load(&root.join("verify/claims.toml"))?, results);
    let mut made: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, svg) in figures::all(attested.manifest().source, results) {
        write_atomic(&out.join("figures").join(&name), svg.as_bytes())?;
        made.insert(name, svg.into_bytes());
    }
    let inputs = Inputs::of(attested.manifest(), &Pins::load(&root.join(pins::FILE))?, ledger);
    let numbers = results.to_json().into_bytes();
    made.insert(origin::NAME.into(), origin::describe(&results.tier, &numbers, ledger, &claims).into_bytes());
    made.insert("results.json".into(), numbers);
    made.insert("paper.json".into(), data(attested, &claims, &inputs, &traces(results, out)?).into_bytes());
    let bytes = typeset::pdf(&folder, made)?;
    let pdf = out.join(statement::PAPER);
    write_atomic(&pdf, &bytes)?;
    Statement::write(root, out)?;
    Ok(Built { pdf, digest: Sha256::of(&bytes), claims, unsafe_without: unsafe_without(ledger) })
}

/// What the sources read besides `results.json`: claims, hints, published figures, provenance.
fn data(attested: &Attested, judged: &[Judged], inputs: &Inputs, traces: &[Trace]) -> String {
    let (results, ledger, source) = (attested.results(), attested.ledger(), attested.manifest().source);
    let claims: BTreeMap<&str, _> = judged
        .iter()
        .map(|c| {
            let shown = json!({
                "title": c.title, "status": c.status.name(), "wording": c.wording, "evidence": c.evidence,
            });
            (c.id.as_str(), shown)
        })
        .collect();
    let hint = |loophole: &Loophole| {
        let words = loophole.hint(source.protocol(), "NAME");
        json!({ "mode": loophole.name(), "says": words.trim_start_matches("and "), "trained": loophole.paper_marker() })
    };
    let hints: Vec<_> = source.loopholes().iter().map(hint).collect();
    let figure = |(what, value, ours)| json!({ "what": what, "value": value, "ours": ours });
    let published: Vec<_> = published::differences(source, results).into_iter().map(figure).collect();
    let runs: Vec<_> = ledger
        .entries()
        .iter()
        .map(|e| {
            json!({
                "run": e.run, "device": e.device, "config": e.config.short(), "files": e.outputs.len(),
                "outputs": Sha256::of(serde_json::to_string(&e.outputs).expect("digests serialise").as_bytes()).short(),
            })
        })
        .collect();
    let devices: BTreeSet<&str> = ledger.entries().iter().map(|e| e.device.as_str()).collect();
    let arms: BTreeMap<&str, &str> = results.arms.iter().map(|arm| (arm.name(), arm.what())).collect();
    json!({
        "arms": arms, "claims": claims, "hints": hints, "published": published, "runs": runs, "devices": devices,
        "ablations": figures::ablations(results), "inputs": inputs, "ledger": ledger.head().to_string(), "unsafe_without": unsafe_without(ledger), "traces": traces,
    })
    .to_string()
}

/// The method's traces from its first seed; outputs that the ledger attests.
fn traces(results: &Results, out: &Path) -> Result<Vec<Trace>> {
    let (arm, Some(&seed)) = (Arm::ROUTE2B, results.seeds.first()) else { return Ok(vec![]) };
    let path = evidence::traces_file(&out.join(RunId { arm, seed }.to_string()));
    let there = results.arms.contains(&arm) && path.exists();
    let rows = if there { jsonl::read(&path).map_err(experiment::ExperimentError::from)? } else { vec![] };
    Ok(rows)
}

fn unsafe_without(ledger: &Ledger) -> Vec<String> {
    let missing: BTreeSet<&String> = ledger.entries().iter().flat_map(|e| &e.unsafe_without).collect();
    missing.into_iter().cloned().collect()
}

/// Prose may not hold a decimal number: all of them come from data. Lines of code (`#`, `//`, set rules) are exempt.
fn no_typed_numbers(folder: &Path) -> Result<()> {
    for file in files::list(&folder.join("sections"))?.iter().filter(|f| f.extension().is_some_and(|e| e == "typ")) {
        let path = folder.join("sections").join(file);
        for (i, line) in files::read_text(&path)?.lines().enumerate() {
            if let Some(number) = typed_number(line) {
                return Err(ReportError::TypedNumber { path, line: i + 1, number });
            }
        }
    }
    Ok(())
}

/// The first decimal number in a line of prose, outside strings (which are keys) and lengths (which are layout).
fn typed_number(line: &str) -> Option<String> {
    let prose: String = line.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let prose = prose.split("//").next().unwrap_or_default();
    let bytes = prose.as_bytes();
    let mut at = 0;
    while let Some(start) = (at..bytes.len()).find(|&i| bytes[i].is_ascii_digit()) {
        let len = prose[start..].find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(prose.len() - start);
        at = start + len;
        let number = prose[start..at].trim_end_matches('.');
        let is_length = ["pt", "em", "cm", "fr"].iter().any(|unit| prose[at..].starts_with(unit));
        if number.contains('.') && !is_length {
            return Some(number.into());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_in_prose_is_found_and_a_key_is_not() {
        assert_eq!(typed_number("The hack rate fell to 0.04 here."), Some("0.04".into()));
        assert_eq!(typed_number("It fell to #num(\"route2b.hack.mean\") in 40 updates."), None);
        assert_eq!(typed_number("As section 4 says. 3 arms."), None);
        assert_eq!(typed_number("#block(inset: (x: 1.4em))[a rate of 12.5 percent]"), Some("12.5".into()));
    }
}
