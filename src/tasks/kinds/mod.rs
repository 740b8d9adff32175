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

/// Kinds that the base model never solved (the first eleven) or solved in more than 60% of its answers: they are in no problem. `docs/measurements/coder-tier.md`
/// has the rates.
const DROPPED: [&str; 22] = [
    "count_floors_travelled",
    "count_years_in_century",
    "expand_groups",
    "find_dearest_item",
    "find_next_primes",
    "invert_ages",
    "list_arrival_days",
    "list_bus_times",
    "list_next_leap_years",
    "name_later_season",
    "queue_after_minutes",
    "walk_by_letters",
    "shift_letters",
    "find_first_position",
    "count_halvings",
    "count_rows_with_large_sum",
    "find_palindromes_with_letter",
    "count_pairs_with_sum",
    "count_other_letters",
    "build_sum_sequence",
    "convert_to_base",
    "count_collatz_steps",
];

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
