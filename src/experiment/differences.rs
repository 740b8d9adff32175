//! Paired differences to vanilla: over seeds by t-test, over prompts by bootstrap, corrected for all that a table shows.

use crate::collect::{Finals, Seeds, names};
use crate::quantity::{Difference, Key, Metric, Subject};
use crate::results::Value;
use crate::statistics;
use eval::EvalRow;
use std::collections::BTreeMap;
use train::Arm;

/// Whether a row counts.
type Holds = fn(&EvalRow) -> bool;

/// What is compared.
const COMPARED: [(Metric, Holds); 2] = [(Metric::Hack, |r| r.exploited), (Metric::Solve, |r| r.solved)];

/// Adds every arm's differences to vanilla.
pub(crate) fn to_vanilla(values: &mut BTreeMap<Key, Value>, finals: &Finals) {
    let Some(vanilla) = finals.get(&Arm::VANILLA) else { return };
    let mut tests: Vec<(Key, f64)> = vec![];
    for (arm, rows) in finals.iter().filter(|(arm, _)| **arm != Arm::VANILLA) {
        let seeds: Vec<u64> = rows.keys().copied().filter(|seed| vanilla.contains_key(seed)).collect();
        let runs = [names(*arm, seeds.iter().copied()), names(Arm::VANILLA, seeds.iter().copied())].concat();
        for (metric, holds) in COMPARED {
            let key = Key::arm(*arm, metric);
            for (aspect, value) in difference([rows, vanilla], &seeds, holds) {
                if aspect == Difference::P {
                    tests.push((key, value));
                }
                values.insert(key.diff(aspect), Value { value, runs: runs.clone() });
            }
        }
    }
    // Holm's correction over hack and solve together: that is the table that is looked at.
    let corrected = statistics::holm(&tests.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    let runs = |values: &BTreeMap<Key, Value>, key: Key| values[&key.diff(Difference::P)].runs.clone();
    for ((key, _), p) in tests.iter().zip(corrected) {
        let runs = runs(values, *key);
        values.insert(key.diff(Difference::PHolm), Value { value: p, runs });
    }
    if let Some((first, _)) = tests.first() {
        let runs = runs(values, *first);
        let value = tests.len() as f64;
        values.insert(Key::of(Subject::Plan, Metric::Tests), Value { value, runs });
    }
}

/// Every aspect of a difference that these seeds have.
fn difference([own, vanilla]: [&Seeds; 2], seeds: &[u64], holds: Holds) -> Vec<(Difference, f64)> {
    let rate = |of: &Seeds, seed: &u64| eval::share(&of[seed], holds);
    let a: Vec<f64> = seeds.iter().map(|seed| rate(own, seed)).collect();
    let b: Vec<f64> = seeds.iter().map(|seed| rate(vanilla, seed)).collect();
    let mut out = vec![(Difference::Mean, statistics::mean(&a) - statistics::mean(&b))];
    if let Some(test) = statistics::paired(&a, &b) {
        out.extend([
            (Difference::P, test.p),
            (Difference::Low, test.low),
            (Difference::High, test.high),
            (Difference::Effect, test.effect),
            (Difference::Visible, test.visible),
        ]);
    }
    let prompts = seeds.first().map_or(0, |seed| own[seed].len());
    let of_prompt = |p: usize| {
        let one = |of: &Seeds| seeds.iter().map(|seed| f64::from(u8::from(holds(&of[seed][p])))).sum::<f64>();
        (one(own) - one(vanilla)) / seeds.len() as f64
    };
    if let Some((low, high)) = statistics::bootstrap(&(0..prompts).map(of_prompt).collect::<Vec<_>>()) {
        out.extend([(Difference::PromptsLow, low), (Difference::PromptsHigh, high)]);
    }
    out
}
