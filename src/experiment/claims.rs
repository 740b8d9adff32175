//! Claims, written before the runs: each is a test over seeds, and has the wording that the paper must use if it holds, fails, is
//! undecided or could not be tested. A failed claim never blocks the paper; a wording the numbers do not support does.
//!
//! A condition says that a quantity, or the difference of two over the same seeds, is at least (or at most) a threshold. Its test
//! is Student's over seeds. A claim *holds* if all its conditions are shown, *fails* if one of them is refuted, and is *undecided*
//! between; both at [`ALPHA`] two-sided, corrected by Holm's method over all claims that were run. A claim about deployed models
//! fails, whatever else, if fewer than [`HEALTHY`] of their completions are answers: answered, and not blank.

use crate::quantity::Metric;
use crate::statistics::{self, ALPHA, Threshold};
use crate::{ExperimentError, Key, Result, Results};
use serde::{Deserialize, Serialize};
use std::path::Path;
use train::Arm;

/// The share of a deployed model's completions that must be answers for a claim about it to hold.
pub const HEALTHY: f64 = 0.95;

/// `quantity - minus` against a threshold.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is tested.
    pub quantity: Key,
    /// What is taken off it, seed by seed.
    pub minus: Option<Key>,
    /// The least that it must be.
    pub at_least: Option<f64>,
    /// The most that it may be.
    pub at_most: Option<f64>,
}

/// A claim with its wordings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// As the paper cites it.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// The arms whose deployed models it is about.
    #[serde(default)]
    pub deployed: Vec<Arm>,
    /// What must all be shown.
    #[serde(rename = "condition", default)]
    pub conditions: Vec<Condition>,
    /// The wording if it holds.
    pub holds: String,
    /// The wording if it fails.
    pub fails: String,
    /// The wording if the seeds do not decide it.
    pub undecided: String,
    /// The wording if it was not run.
    pub not_run: String,
}

impl Claim {
    /// Its wordings, in the order of [`Status`].
    pub fn wordings(&self) -> [&str; 4] {
        [&self.holds, &self.fails, &self.undecided, &self.not_run]
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "claim")]
    claims: Vec<Claim>,
}

/// What the numbers say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Every condition's interval clears its threshold.
    Holds,
    /// Some condition's interval excludes its threshold, or too few completions are answers.
    Fails,
    /// Neither.
    Undecided,
    /// A quantity was not measured.
    NotRun,
}

/// A claim held against results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// As the paper cites it.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// What the numbers say.
    pub status: Status,
    /// What the paper must say.
    pub wording: String,
    /// Each condition with what was measured.
    pub evidence: Vec<String>,
}

/// A claim with every number that its status rests on, for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detail {
    /// As the paper cites it.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// What the numbers say.
    pub status: Status,
    /// What the paper must say.
    pub wording: String,
    /// Of the one-sided test for it, corrected by Holm's method; none where it was not run.
    pub p_for: Option<f64>,
    /// Of the one against it.
    pub p_against: Option<f64>,
    /// What must all be shown.
    pub conditions: Vec<Measured>,
    /// The shares of answers that its deployed models must reach.
    pub answered: Vec<Share>,
}

/// A condition and what was measured of it; nothing where a quantity was not, or has one seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// What is tested.
    pub quantity: String,
    /// What is taken off it, seed by seed.
    pub minus: Option<String>,
    /// The least that it must be.
    pub at_least: Option<f64>,
    /// The most that it may be.
    pub at_most: Option<f64>,
    /// Seeds.
    pub n: usize,
    /// Their mean.
    pub estimate: Option<f64>,
    /// Where its interval begins.
    pub low: Option<f64>,
    /// Where it ends.
    pub high: Option<f64>,
    /// Of the one-sided test for it, before any correction.
    pub p_for: Option<f64>,
    /// Of the one against it.
    pub p_against: Option<f64>,
}

/// A share that must be reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Its name in the results.
    pub key: String,
    /// What it is.
    pub value: Option<f64>,
    /// What it must be.
    pub at_least: f64,
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
        if let Some(c) = claim.conditions.iter().find(|c| c.at_least.is_some() == c.at_most.is_some()) {
            let reason = format!("claim {}: the condition on {} needs at_least or at_most", claim.id, c.quantity);
            return Err(wrong(reason));
        }
        let wordings = claim.wordings();
        if (0..wordings.len()).any(|i| wordings[..i].contains(&wordings[i])) {
            return Err(wrong(format!("claim {}: its wordings must differ", claim.id)));
        }
    }
    Ok(file.claims)
}

impl Condition {
    /// The tested values, seed by seed where both quantities have one; `None` if either was not measured.
    pub fn values(&self, results: &Results) -> Option<Vec<f64>> {
        let own = results.by_seed(self.quantity);
        let values: Vec<f64> = match &self.minus {
            None => own.into_values().collect(),
            Some(minus) => {
                let other = results.by_seed(*minus);
                own.into_iter().filter_map(|(seed, value)| Some(value - other.get(&seed)?)).collect()
            }
        };
        (!values.is_empty()).then_some(values)
    }

    /// What is tested, as it is printed.
    pub fn name(&self) -> String {
        match &self.minus {
            Some(minus) => format!("{} - {minus}", self.quantity),
            None => self.quantity.to_string(),
        }
    }

    fn threshold(&self) -> f64 {
        self.at_least.or(self.at_most).unwrap_or(f64::NAN)
    }

    fn wanted(&self) -> String {
        format!("{} {}", if self.at_least.is_some() { ">=" } else { "<=" }, self.threshold())
    }

    /// Evidence for it and against it, each the p of a one-sided test, and the interval.
    fn test(&self, values: &[f64]) -> Option<([f64; 2], Threshold)> {
        let test = statistics::threshold(values, self.threshold())?;
        Some((if self.at_least.is_some() { [test.above, test.below] } else { [test.below, test.above] }, test))
    }
}

impl Measured {
    fn of(condition: &Condition, results: &Results) -> Self {
        let values = condition.values(results).unwrap_or_default();
        let test = condition.test(&values);
        Self {
            quantity: condition.quantity.to_string(),
            minus: condition.minus.map(|minus| minus.to_string()),
            at_least: condition.at_least,
            at_most: condition.at_most,
            n: values.len(),
            estimate: (!values.is_empty()).then(|| statistics::mean(&values)),
            low: test.as_ref().map(|(_, test)| test.low),
            high: test.as_ref().map(|(_, test)| test.high),
            p_for: test.as_ref().map(|([p, _], _)| *p),
            p_against: test.as_ref().map(|([_, p], _)| *p),
        }
    }
}

/// What a claim's conditions come to before the correction.
struct Tested {
    /// For it and against it; none where something was not measured, or has one seed.
    p: Option<[f64; 2]>,
    measured: bool,
    healthy: bool,
    evidence: Vec<String>,
}

fn tested(claim: &Claim, results: &Results) -> Tested {
    let mut out = Tested { p: None, measured: true, healthy: true, evidence: vec![] };
    let (mut shown, mut refuted, mut all) = (0.0f64, 1.0f64, true);
    for condition in &claim.conditions {
        let (name, wanted) = (condition.name(), condition.wanted());
        let Some(values) = condition.values(results) else {
            out.evidence.push(format!("{name}: not measured in this tier, wanted {wanted}"));
            out.measured = false;
            continue;
        };
        let Some(([for_it, against], test)) = condition.test(&values) else {
            out.evidence.push(format!("{name} = {:.3} with one seed, wanted {wanted}", values[0]));
            all = false;
            continue;
        };
        let (low, high, n) = (test.low, test.high, values.len());
        out.evidence.push(format!("{name} = {:.3} [{low:.3}, {high:.3}], {n} seeds, wanted {wanted}", test.mean));
        shown = shown.max(for_it);
        refuted = refuted.min(against);
    }
    for arm in &claim.deployed {
        if let Some(answered) =
            results.get(Key::arm(*arm, Metric::Answered).mean()).filter(|answered| *answered < HEALTHY)
        {
            out.evidence
                .push(format!("{}: {answered:.3} of its completions are answers, wanted {HEALTHY}", arm.name()));
            out.healthy = false;
        }
    }
    // All conditions must be shown, so the weakest decides; any may be refuted, so each counts.
    out.p = (out.measured && all).then_some([shown, (refuted * claim.conditions.len() as f64).min(1.0)]);
    out
}

/// Holds every claim against the results.
pub fn judge(claims: &[Claim], results: &Results) -> Vec<Judged> {
    let judged = |(claim, (tested, status, _)): (&Claim, Decided)| Judged {
        id: claim.id.clone(),
        title: claim.title.clone(),
        status,
        wording: claim.wordings()[status as usize].to_string(),
        evidence: tested.evidence,
    };
    claims.iter().zip(decided(claims, results)).map(judged).collect()
}

/// The same with every number.
pub fn details(claims: &[Claim], results: &Results) -> Vec<Detail> {
    let share = |arm: &Arm| {
        let key = Key::arm(*arm, Metric::Answered).mean();
        Share { key: key.to_string(), value: results.get(key), at_least: HEALTHY }
    };
    let detail = |(claim, (_, status, p)): (&Claim, Decided)| Detail {
        id: claim.id.clone(),
        title: claim.title.clone(),
        status,
        wording: claim.wordings()[status as usize].to_string(),
        p_for: p.map(|p| p[0]),
        p_against: p.map(|p| p[1]),
        conditions: claim.conditions.iter().map(|condition| Measured::of(condition, results)).collect(),
        answered: claim.deployed.iter().map(share).collect(),
    };
    claims.iter().zip(decided(claims, results)).map(detail).collect()
}

/// What was tested of a claim, its status, and its two p after the correction.
type Decided = (Tested, Status, Option<[f64; 2]>);

fn decided(claims: &[Claim], results: &Results) -> Vec<Decided> {
    let tested: Vec<Tested> = claims.iter().map(|claim| tested(claim, results)).collect();
    let corrected = |side: usize| statistics::holm(&tested.iter().filter_map(|t| Some(t.p?[side])).collect::<Vec<_>>());
    let (mut shown, mut refuted) = (corrected(0).into_iter(), corrected(1).into_iter());
    let p: Vec<_> = tested.iter().map(|t| t.p.and_then(|_| Some([shown.next()?, refuted.next()?]))).collect();
    let status = |t: &Tested, p: Option<[f64; 2]>| match p {
        _ if !t.measured => Status::NotRun,
        _ if !t.healthy => Status::Fails,
        Some([p, _]) if p <= ALPHA / 2.0 => Status::Holds,
        Some([_, p]) if p <= ALPHA / 2.0 => Status::Fails,
        _ => Status::Undecided,
    };
    let one = |(tested, p): (Tested, Option<[f64; 2]>)| {
        let status = status(&tested, p);
        (tested, status, p)
    };
    tested.into_iter().zip(p).map(one).collect()
}

impl Status {
    /// As tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Undecided => "undecided",
            Self::NotRun => "not run",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Statistic;
    use crate::results::Value;

    fn results(vanilla: [f64; 5], route2b: [f64; 5], answered: f64) -> Results {
        let mut results = Results { tier: "t".into(), ..Results::default() };
        let mut put = |key: Key, value: f64| results.values.insert(key, Value { value, runs: vec!["r".into()] });
        for (arm, values) in [(Arm::VANILLA, vanilla), (Arm::ROUTE2B, route2b)] {
            for (seed, value) in (41..).zip(values) {
                put(Key::arm(arm, Metric::Hack).with(Statistic::Seed(seed)), value);
            }
            put(Key::arm(arm, Metric::Answered).mean(), answered);
        }
        results
    }

    fn claim() -> Claim {
        let text = |s: &str| s.to_string();
        let condition = Condition {
            quantity: Key::arm(Arm::VANILLA, Metric::Hack),
            minus: Some(Key::arm(Arm::ROUTE2B, Metric::Hack)),
            at_least: Some(0.15),
            at_most: None,
        };
        Claim {
            id: text("C"),
            title: text("t"),
            deployed: vec![Arm::ROUTE2B],
            conditions: vec![condition],
            holds: text("h"),
            fails: text("f"),
            undecided: text("u"),
            not_run: text("n"),
        }
    }

    fn status(results: &Results) -> Status {
        judge(&[claim()], results)[0].status
    }

    #[test]
    fn a_claim_holds_fails_or_is_undecided_by_its_interval_and_never_by_its_mean() {
        let (high, low) = ([0.50, 0.52, 0.48, 0.51, 0.49], [0.0, 0.01, 0.0, 0.02, 0.01]);
        assert_eq!(status(&results(high, low, 1.0)), Status::Holds);
        assert_eq!(status(&results(high, [0.49, 0.50, 0.47, 0.52, 0.50], 1.0)), Status::Fails);
        assert_eq!(status(&results([0.9, 0.0, 0.1, 0.4, 0.3], low, 1.0)), Status::Undecided, "mean .33, wide");
    }

    #[test]
    fn a_model_that_does_not_answer_fails_and_what_was_not_measured_was_not_run() {
        let (high, low) = ([0.50, 0.52, 0.48, 0.51, 0.49], [0.0, 0.01, 0.0, 0.02, 0.01]);
        assert_eq!(status(&results(high, low, 0.94)), Status::Fails);
        let mut nothing = results(high, low, 1.0);
        nothing.values.clear();
        assert_eq!(status(&nothing), Status::NotRun);
    }

    /// p of .02 alone holds at .025; beside an equal one it needs half of that.
    #[test]
    fn more_claims_ask_for_more_evidence() {
        let x = results([0.3, 0.5, 0.2, 0.4, 0.1], [0.0; 5], 1.0);
        assert_eq!(judge(&[claim()], &x)[0].status, Status::Undecided);
        let y = results([0.3, 0.5, 0.25, 0.4, 0.22], [0.0; 5], 1.0);
        assert_eq!(judge(&[claim()], &y)[0].status, Status::Holds);
        assert!(judge(&[claim(), claim(), claim(), claim()], &y).iter().all(|j| j.status == Status::Undecided));
    }
}
