//! Claims, written before the runs: each has conditions on the results and the wording that the paper must use if they
//! hold, fail or could not be tested. A failed claim never blocks the paper; a wording the numbers do not support does.

use crate::{ExperimentError, Result, Results};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `value(key) - value(minus)` against a threshold.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub key: String,
    pub minus: Option<String>,
    #[serde(default)]
    pub at_least: Option<f64>,
    #[serde(default)]
    pub at_most: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub id: String,
    pub title: String,
    #[serde(rename = "condition", default)]
    pub conditions: Vec<Condition>,
    pub holds: String,
    pub fails: String,
    pub not_run: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "claim")]
    claims: Vec<Claim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Holds,
    Fails,
    NotRun,
}

/// A claim held against results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    pub id: String,
    pub title: String,
    pub status: Status,
    /// What the paper must say.
    pub wording: String,
    /// Each condition with what was measured.
    pub evidence: Vec<String>,
}

/// Reads `verify/claims.toml`. A condition without a threshold would always hold, so it is refused.
pub fn load(path: &Path) -> Result<Vec<Claim>> {
    let text = bundle::files::read_text(path)?;
    let wrong = |reason: String| ExperimentError::Claims { path: path.into(), reason };
    let file: File = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    for claim in &file.claims {
        if claim.conditions.is_empty() {
            return Err(wrong(format!("claim {} has no condition: it could not fail", claim.id)));
        }
        if let Some(c) = claim.conditions.iter().find(|c| c.at_least.is_none() && c.at_most.is_none()) {
            return Err(wrong(format!("claim {}: the condition on {} has no threshold", claim.id, c.key)));
        }
        if claim.holds == claim.fails || claim.fails == claim.not_run {
            return Err(wrong(format!("claim {}: its wordings must differ", claim.id)));
        }
    }
    Ok(file.claims)
}

/// Holds every claim against the results.
pub fn judge(claims: &[Claim], results: &Results) -> Vec<Judged> {
    claims.iter().map(|claim| one(claim, results)).collect()
}

fn one(claim: &Claim, results: &Results) -> Judged {
    let mut evidence = vec![];
    let mut status = Status::Holds;
    for condition in &claim.conditions {
        let name = match &condition.minus {
            Some(minus) => format!("{} - {minus}", condition.key),
            None => condition.key.clone(),
        };
        let bound = match (condition.at_least, condition.at_most) {
            (Some(low), Some(high)) => format!("in [{low}, {high}]"),
            (Some(low), None) => format!(">= {low}"),
            (_, high) => format!("<= {}", high.unwrap_or(f64::NAN)),
        };
        let minus = condition.minus.as_ref().map_or(Some(0.0), |k| results.get(k));
        match results.get(&condition.key).zip(minus) {
            Some((value, minus)) => {
                let x = value - minus;
                let holds =
                    condition.at_least.is_none_or(|low| x >= low) && condition.at_most.is_none_or(|high| x <= high);
                evidence.push(format!("{name} = {x:.3}, wanted {bound}"));
                if !holds && status == Status::Holds {
                    status = Status::Fails;
                }
            }
            None => {
                evidence.push(format!("{name}: not measured in this tier, wanted {bound}"));
                status = Status::NotRun;
            }
        }
    }
    let wording = match status {
        Status::Holds => &claim.holds,
        Status::Fails => &claim.fails,
        Status::NotRun => &claim.not_run,
    };
    Judged { id: claim.id.clone(), title: claim.title.clone(), status, wording: wording.clone(), evidence }
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::NotRun => "not run",
        }
    }
}
