//! The published endpoint figures (Qwen3-4B, n = 119, one seed), for the difference report. They are quoted, not
//! measured here, and the paper marks them so.

use crate::Results;
use crate::quantity::{Key, Metric, Subject};
use train::Arm;

/// One published figure and the quantity of ours that stands beside it.
pub struct Published {
    /// What it is of, in words.
    pub what: &'static str,
    /// The published number.
    pub value: f64,
    /// Ours.
    pub ours: Key,
}

/// From the published work's endpoint table.
pub fn figures() -> [Published; 6] {
    let of = |what, value, subject, metric| Published { what, value, ours: Key::of(subject, metric).mean() };
    let (vanilla, routed) = (Subject::Arm(Arm::VANILLA), Subject::Arm(Arm::ROUTE2B_TOKEN));
    [
        of("base, solve", 0.126, Subject::Base, Metric::Solve),
        of("base, hack", 0.000, Subject::Base, Metric::Hack),
        of("vanilla, solve", 0.101, vanilla, Metric::Solve),
        of("vanilla, hack", 0.613, vanilla, Metric::Hack),
        of("routed per token, solve", 0.143, routed, Metric::Solve),
        of("routed per token, hack", 0.042, routed, Metric::Hack),
    ]
}

/// Rows of the difference report: what, published, ours.
pub fn differences(results: &Results) -> Vec<(&'static str, f64, Option<f64>)> {
    figures().iter().map(|f| (f.what, f.value, results.get(f.ours))).collect()
}
