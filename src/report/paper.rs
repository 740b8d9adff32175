//! `build-paper`: attested numbers into `paper/main.typ`. The paper reads one JSON file made here and prints values only
//! through it; a number typed into its text is an error.

use crate::inputs::Inputs;
use crate::statement::{self, Statement};
use crate::{ReportError, Result, figures, origin, typeset};
use bundle::jsonl;
use bundle::{Ledger, Pins, Sha256, files, pins, write_atomic};
use experiment::claims::{self, Claim, Judged};
use experiment::evidence::{self, Trace};
use experiment::{Attested, Results, RunId, published};
use serde_json::{Value, json};
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
/// `beside` are finished tiers of other models, which the paper shows in a section of their own, claim by claim.
///
/// # Errors
/// A number typed into the sources, sources that do not compile, a folder that cannot be written.
pub fn build(root: &Path, held: &GatesHeld, beside: &[GatesHeld]) -> Result<Built> {
    let (attested, out) = (held.attested(), held.attested().out());
    let folder = root.join(statement::SOURCES);
    no_typed_numbers(&folder)?;
    let (claims, pins) = (claims::load(&root.join(verify::claims::FILE))?, Pins::load(&root.join(pins::FILE))?);
    let own = Tier::of(attested, &claims, &pins, "")?;
    let others = beside.iter().map(|held| {
        let tier = &held.attested().results().tier;
        Tier::of(held.attested(), &claims, &pins, &format!("{tier}-"))
    });
    let others = others.collect::<Result<Vec<_>>>()?;
    let told = others.iter().map(|tier| json!({ "results": tier.results, "extra": tier.extra }));
    let mut made: BTreeMap<String, Vec<u8>> =
        [("beside.json".to_string(), Value::from_iter(told).to_string().into_bytes())].into();
    made.insert("paper.json".into(), own.extra.to_string().into_bytes());
    for tier in others.iter().chain([&own]) {
        for (name, svg) in &tier.figures {
            write_atomic(&out.join("figures").join(name), svg.as_bytes())?;
        }
        made.extend(tier.figures.iter().map(|(name, svg)| (name.clone(), svg.clone().into_bytes())));
        made.insert(tier.numbers.clone(), tier.results.to_json().into_bytes());
    }
    let (numbers, ledger) = (own.results.to_json(), attested.ledger());
    let origin = origin::describe(&own.results.tier, numbers.as_bytes(), ledger, &own.claims);
    made.insert(origin::NAME.into(), origin.into_bytes());
    let bytes = typeset::pdf(&folder, made)?;
    let pdf = out.join(statement::PAPER);
    write_atomic(&pdf, &bytes)?;
    let others: Vec<&str> = others.iter().map(|tier| tier.results.tier.as_str()).collect();
    Statement::write(root, out, &others)?;
    let unsafe_without = unsafe_without(ledger);
    Ok(Built { pdf, digest: Sha256::of(&bytes), claims: own.claims, unsafe_without })
}

/// What the paper has of a tier.
struct Tier<'a> {
    results: &'a Results,
    /// The file of its numbers, as it is attached.
    numbers: String,
    claims: Vec<Judged>,
    /// What the sources read besides numbers.
    extra: Value,
    figures: Vec<(String, String)>,
}

impl<'a> Tier<'a> {
    /// Its files' names begin with `prefix`.
    fn of(attested: &'a Attested, claims: &[Claim], pins: &Pins, prefix: &str) -> Result<Self> {
        let (manifest, results) = (attested.manifest(), attested.results());
        let claims = claims::judge(claims, results);
        let inputs = Inputs::of(manifest, pins, attested.ledger());
        let extra = data(attested, &claims, &inputs, &traces(results, attested.out())?)?;
        let named = |(name, svg)| (format!("{prefix}{name}"), svg);
        let figures = figures::all(manifest.source, results).into_iter().map(named).collect();
        Ok(Self { results, numbers: format!("{prefix}results.json"), claims, extra, figures })
    }
}

/// What the sources read besides `results.json`: claims, hints, published figures, demonstrations, provenance.
fn data(attested: &Attested, judged: &[Judged], inputs: &Inputs, traces: &[Trace]) -> Result<Value> {
    let (results, ledger, manifest) = (attested.results(), attested.ledger(), attested.manifest());
    let (source, seed) = (manifest.source, results.seeds.first().copied().unwrap_or_default());
    let teacher = manifest.config(RunId { arm: Arm::VANILLA, seed })?.teacher;
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
    Ok(json!({
        "arms": arms, "claims": claims, "hints": hints, "published": published, "runs": runs, "devices": devices,
        "ablations": figures::ablations(results), "teacher": teacher, "inputs": inputs, "ledger": ledger.head().to_string(), "unsafe_without": unsafe_without(ledger), "traces": traces,
    }))
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
