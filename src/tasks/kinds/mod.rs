//! The kinds of tasks, by subject: one file each.

mod dates;
mod dictionaries;
mod lists;
mod matrices;
mod numbers;
mod parsing;
mod simulations;
mod strings;

use crate::TaskKind;

/// For kinds without such a parameter.
const NO_NUMBER: &[i64] = &[0];
const NO_TEXT: &[&str] = &[""];

/// Of every subject so many kinds are in no training problem and in no pair.
pub const HELD_OUT_EACH: usize = 2;

/// Kinds that the base model never solves, or solves nearly always: they are in no problem. `docs/measurements/coder-tier.md` has the
/// rates.
const DROPPED: [&str; 0] = [];

/// The subjects with their kinds, in a fixed order.
pub fn subjects() -> [(&'static str, &'static [TaskKind]); 8] {
    [
        ("strings", &strings::KINDS),
        ("lists", &lists::KINDS),
        ("dictionaries", &dictionaries::KINDS),
        ("dates", &dates::KINDS),
        ("matrices", &matrices::KINDS),
        ("parsing", &parsing::KINDS),
        ("simulations", &simulations::KINDS),
        ("numbers", &numbers::KINDS),
    ]
}

/// Every kind, in a fixed order.
pub fn all() -> Vec<&'static TaskKind> {
    subjects().into_iter().flat_map(|(_, kinds)| kinds).collect()
}

/// Whether problems are made of a kind.
pub fn kept(kind: &TaskKind) -> bool {
    !DROPPED.contains(&kind.name)
}
