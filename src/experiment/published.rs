//! The published endpoint figures (Qwen3-4B, n = 119), for the difference report. They are quoted, not measured here, and the
//! paper marks them so.

use crate::Results;
use crate::manifest::Source;
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

/// Those that are told beside a tier: of the same problems all, of others the endpoint table alone.
pub fn figures(source: Source) -> Vec<Published> {
    let of = |what, value, subject, metric| Published { what, value, ours: Key::of(subject, metric).mean() };
    let (vanilla, routed) = (Subject::Arm(Arm::VANILLA), Subject::Arm(Arm::ROUTE2B_TOKEN));
    let mut figures = vec![
        of("base, solve", 0.126, Subject::Base, Metric::Solve),
        of("base, hack", 0.000, Subject::Base, Metric::Hack),
        of("vanilla, solve", 0.101, vanilla, Metric::Solve),
        of("vanilla, hack", 0.613, vanilla, Metric::Hack),
        of("routed per token, solve", 0.143, routed, Metric::Solve),
        of("routed per token, hack", 0.042, routed, Metric::Hack),
    ];
    if source == Source::Leetcode {
        figures.extend([
            of("no-loophole ceiling, solve", 0.223, Subject::Arm(Arm::GT_ONLY), Metric::Solve),
            of("base, solve, told elsewhere", 0.115, Subject::Base, Metric::Solve),
            of("vanilla, solve, told elsewhere", 0.149, vanilla, Metric::Solve),
        ]);
    }
    figures
}

/// Rows of the difference report: what, published, ours.
pub fn differences(source: Source, results: &Results) -> Vec<(&'static str, f64, Option<f64>)> {
    figures(source).iter().map(|f| (f.what, f.value, results.get(f.ours))).collect()
}
