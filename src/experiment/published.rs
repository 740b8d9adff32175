//! The published endpoint figures (Qwen3-4B, n = 119, one seed), for the difference report. They are quoted, not
//! measured here, and the paper marks them so.

use crate::Results;

/// One published figure and the key of ours that stands beside it.
pub struct Published {
    pub what: &'static str,
    pub value: f64,
    pub ours: &'static str,
}

/// From the published work's endpoint table, as `design.md` section 7 records it.
pub const FIGURES: [Published; 6] = [
    Published { what: "base, solve", value: 0.126, ours: "base.solve" },
    Published { what: "base, hack", value: 0.000, ours: "base.hack" },
    Published { what: "vanilla, solve", value: 0.101, ours: "vanilla.solve.mean" },
    Published { what: "vanilla, hack", value: 0.613, ours: "vanilla.hack.mean" },
    Published { what: "routed, solve", value: 0.143, ours: "route2b.solve.mean" },
    Published { what: "routed, hack", value: 0.042, ours: "route2b.hack.mean" },
];

/// Rows of the difference report: what, published, ours, difference.
pub fn differences(results: &Results) -> Vec<(&'static str, f64, Option<f64>)> {
    FIGURES.iter().map(|f| (f.what, f.value, results.get(f.ours))).collect()
}
