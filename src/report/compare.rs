//! Whether a new run of a tier agrees with receipts: claim by claim, and every quantity that a claim rests on.

use experiment::Results;
use experiment::claims::{self, Claim};

/// Two measurements agree when they differ by no more than this, or by no more than [`ERRORS`] standard errors of their
/// difference. Runs on another machine round differently and then sample differently: they are other draws.
pub const TOLERANCE: f64 = 0.05;
pub const ERRORS: f64 = 3.0;

/// A claim in both.
pub struct Compared {
    pub id: String,
    pub agrees: bool,
    /// Status here and there, and each quantity in both with the tolerance.
    pub lines: Vec<String>,
}

pub fn compare(claims: &[Claim], here: &Results, there: &Results) -> Vec<Compared> {
    claims.iter().map(|claim| one(claim, here, there)).collect()
}

fn one(claim: &Claim, here: &Results, there: &Results) -> Compared {
    let status = |results: &Results| claims::judge(std::slice::from_ref(claim), results)[0].status;
    let (ours, theirs) = (status(here), status(there));
    let mut lines = vec![format!("here it {}, there it {}", said(ours), said(theirs))];
    let mut agrees = ours == theirs;
    for condition in &claim.conditions {
        let keys: Vec<&String> = std::iter::once(&condition.key).chain(&condition.minus).collect();
        let value = |results: &Results| -> Option<f64> {
            let values = keys.iter().map(|k| results.get(k)).collect::<Option<Vec<f64>>>()?;
            Some(values[0] - values.get(1).unwrap_or(&0.0))
        };
        let (Some(a), Some(b)) = (value(here), value(there)) else { continue };
        let errors = [here, there].into_iter().flat_map(|r| keys.iter().filter_map(move |k| error(r, k)));
        let tolerance = TOLERANCE.max(ERRORS * errors.map(|e| e * e).sum::<f64>().sqrt());
        let near = (a - b).abs() <= tolerance;
        agrees &= near;
        let name = keys.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(" - ");
        let word = if near { "within" } else { "NOT within" };
        lines.push(format!("{name}: {a:.3} here, {b:.3} there, {word} {tolerance:.3}"));
    }
    Compared { id: claim.id.clone(), agrees, lines }
}

/// The standard error that stands beside a mean.
fn error(results: &Results, key: &str) -> Option<f64> {
    results.get(&format!("{}.sem", key.strip_suffix(".mean")?))
}

fn said(status: claims::Status) -> &'static str {
    match status {
        claims::Status::Holds => "holds",
        claims::Status::Fails => "fails",
        claims::Status::NotRun => "was not run",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use experiment::claims::Condition;
    use experiment::results::Value;
    use std::collections::BTreeMap;

    fn results(hack: f64, sem: f64) -> Results {
        let value = |value| Value { value, runs: vec!["r".into()] };
        let values = BTreeMap::from([("a.hack.mean".into(), value(hack)), ("a.hack.sem".into(), value(sem))]);
        Results { tier: "t".into(), arms: vec![], seeds: vec![], updates: vec![], values }
    }

    #[test]
    fn another_status_or_a_far_value_is_no_agreement() {
        let condition = Condition { key: "a.hack.mean".into(), minus: None, at_least: None, at_most: Some(0.3) };
        let text = |s: &str| s.to_string();
        let claim = Claim {
            id: text("C"),
            title: text("t"),
            conditions: vec![condition],
            holds: text("h"),
            fails: text("f"),
            not_run: text("n"),
        };
        let agrees = |a: Results, b: Results| compare(std::slice::from_ref(&claim), &a, &b)[0].agrees;
        assert!(agrees(results(0.10, 0.01), results(0.14, 0.01)));
        assert!(!agrees(results(0.10, 0.01), results(0.18, 0.01)), "far, though both hold");
        assert!(agrees(results(0.10, 0.03), results(0.18, 0.03)), "as far, but the seeds differ as much");
        assert!(!agrees(results(0.28, 0.01), results(0.32, 0.01)), "near, but one fails");
    }
}
