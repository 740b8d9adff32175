//! Whether a new run of a tier agrees with receipts: claim by claim, and every quantity that a claim rests on.

use experiment::claims::{Claim, Judged, Status, judge};
use experiment::{Results, statistics};

/// Two measurements agree when they differ by no more than this, or by no more than [`ERRORS`] standard errors of their
/// difference. Runs on another machine round differently and then sample differently: they are other draws.
pub const TOLERANCE: f64 = 0.05;
/// See [`TOLERANCE`].
pub const ERRORS: f64 = 3.0;

/// A claim in both.
pub struct Compared {
    /// The claim.
    pub id: String,
    /// Whether both say the same as far as their seeds can tell.
    pub agrees: bool,
    /// Status here and there, and each quantity in both with the tolerance.
    pub lines: Vec<String>,
}

/// Every claim, in its order.
pub fn compare(claims: &[Claim], here: &Results, there: &Results) -> Vec<Compared> {
    let (ours, theirs) = (judge(claims, here), judge(claims, there));
    let judged = ours.iter().zip(&theirs).zip(claims);
    judged.map(|((ours, theirs), claim)| one([ours, theirs], claim, [here, there])).collect()
}

fn one([here, there]: [&Judged; 2], claim: &Claim, results: [&Results; 2]) -> Compared {
    let mut lines = vec![format!("here it {}, there it {}", said(here.status), said(there.status))];
    // What one run leaves undecided another may decide; only opposite answers disagree.
    let opposite = |a, b| (a, b) == (Status::Holds, Status::Fails);
    let mut agrees = !opposite(here.status, there.status) && !opposite(there.status, here.status);
    agrees &= (here.status == Status::NotRun) == (there.status == Status::NotRun);
    for condition in &claim.conditions {
        let [Some(a), Some(b)] = results.map(|r| condition.values(r)) else { continue };
        let errors = [&a, &b].into_iter().filter_map(|values| statistics::sem(values));
        let tolerance = TOLERANCE.max(ERRORS * errors.map(|e| e * e).sum::<f64>().sqrt());
        let (a, b) = (statistics::mean(&a), statistics::mean(&b));
        let near = (a - b).abs() <= tolerance;
        agrees &= near;
        let word = if near { "within" } else { "NOT within" };
        lines.push(format!("{}: {a:.3} here, {b:.3} there, {word} {tolerance:.3}", condition.name()));
    }
    Compared { id: claim.id.clone(), agrees, lines }
}

fn said(status: Status) -> &'static str {
    match status {
        Status::Holds => "holds",
        Status::Fails => "fails",
        Status::Undecided => "is undecided",
        Status::NotRun => "was not run",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use experiment::Key;
    use experiment::claims::Condition;
    use experiment::quantity::{Metric, Statistic};
    use experiment::results::Value;
    use train::Arm;

    /// Three seeds around a mean.
    fn results(hack: f64, around: f64) -> Results {
        let mut results = Results { tier: "t".into(), ..Results::default() };
        for (seed, by) in [(1, -around), (2, 0.0), (3, around)] {
            let key = Key::arm(Arm::VANILLA, Metric::Hack).with(Statistic::Seed(seed));
            results.values.insert(key, Value { value: hack + by, runs: vec!["r".into()] });
        }
        results
    }

    #[test]
    fn opposite_answers_or_far_values_are_no_agreement() {
        let quantity = Key::arm(Arm::VANILLA, Metric::Hack);
        let condition = Condition { quantity, minus: None, at_least: None, at_most: Some(0.3) };
        let text = |s: &str| s.to_string();
        let claim = Claim {
            id: text("C"),
            title: text("t"),
            deployed: vec![],
            conditions: vec![condition],
            holds: text("h"),
            fails: text("f"),
            undecided: text("u"),
            not_run: text("n"),
        };
        let agrees = |a: Results, b: Results| compare(std::slice::from_ref(&claim), &a, &b)[0].agrees;
        assert!(agrees(results(0.10, 0.001), results(0.14, 0.001)));
        assert!(!agrees(results(0.10, 0.001), results(0.18, 0.001)), "far, though both hold");
        assert!(agrees(results(0.10, 0.05), results(0.18, 0.05)), "as far, but the seeds differ as much");
        assert!(!agrees(results(0.28, 0.001), results(0.32, 0.001)), "near, but one fails");
        assert!(agrees(results(0.28, 0.001), results(0.29, 0.05)), "near, and one is undecided");
    }
}
