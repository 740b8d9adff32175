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

/// Every kind, in a fixed order.
pub fn all() -> Vec<&'static TaskKind> {
    let subjects = [
        &strings::KINDS[..],
        &lists::KINDS,
        &dictionaries::KINDS,
        &dates::KINDS,
        &matrices::KINDS,
        &parsing::KINDS,
        &simulations::KINDS,
        &numbers::KINDS,
    ];
    subjects.into_iter().flatten().collect()
}
