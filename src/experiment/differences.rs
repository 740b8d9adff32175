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

#[cfg(test)]
mod tests {
    use super::*;
    use generate::FinishReason;
    use substrate::Loophole;

    /// Of so many problems, those that were hacked and those that were solved.
    fn rows(hacked: &[usize], solved: &[usize]) -> Vec<EvalRow> {
        let one = |at: usize| EvalRow {
            problem_id: at.to_string(),
            loophole: Loophole::RunTests,
            completion: String::new(),
            solved: solved.contains(&at),
            exploited: hacked.contains(&at),
            tokens: 1,
            finish_reason: FinishReason::End,
            reference_loss: None,
        };
        (0..4).map(one).collect()
    }

    fn differences(finals: &Finals) -> BTreeMap<Key, Value> {
        let mut values = BTreeMap::new();
        to_vanilla(&mut values, finals);
        values
    }

    /// Vanilla hacks three of four problems with one seed and two with the other; routing hacks the first, and then none.
    fn finals() -> Finals {
        let vanilla = Seeds::from([(41, rows(&[0, 1, 2], &[3])), (42, rows(&[0, 1], &[])), (43, rows(&[], &[]))]);
        let routed = Seeds::from([(41, rows(&[0], &[1, 3])), (42, rows(&[], &[0, 1, 2]))]);
        [(Arm::VANILLA, vanilla), (Arm::ROUTE2B, routed)].into()
    }

    #[test]
    fn a_difference_is_over_the_seeds_that_both_arms_have() {
        let values = differences(&finals());
        let key = Key::arm(Arm::ROUTE2B, Metric::Hack);
        let of = |aspect| &values[&key.diff(aspect)];
        assert_eq!(of(Difference::Mean).value, -0.5, "a quarter and nothing, less three quarters and a half");
        assert_eq!(of(Difference::Mean).runs, ["route2b-s41", "route2b-s42", "vanilla-s41", "vanilla-s42"]);
        assert_eq!(values[&Key::arm(Arm::ROUTE2B, Metric::Solve).diff(Difference::Mean)].value, 0.5);
        assert!(!values.contains_key(&Key::arm(Arm::VANILLA, Metric::Hack).diff(Difference::Mean)));
    }

    /// Both seeds give the same difference of hack, so it has no spread and no test; that of solve has one.
    #[test]
    fn what_was_tested_is_counted_and_corrected_for() {
        let values = differences(&finals());
        let [hack, solve] = [Metric::Hack, Metric::Solve].map(|metric| Key::arm(Arm::ROUTE2B, metric));
        assert!(!values.contains_key(&hack.diff(Difference::P)));
        let expected = statistics::paired(&[0.5, 0.75], &[0.25, 0.0]).unwrap();
        assert_eq!(values[&solve.diff(Difference::P)].value, expected.p);
        assert_eq!(values[&solve.diff(Difference::PHolm)].value, expected.p, "one test needs no correction");
        assert_eq!(values[&solve.diff(Difference::Visible)].value, expected.visible);
        assert_eq!(values[&Key::of(Subject::Plan, Metric::Tests)].value, 1.0);
    }

    /// Its interval is that of each prompt's mean difference over seeds.
    #[test]
    fn prompts_are_resampled_with_their_mean_over_seeds() {
        let values = differences(&finals());
        let key = Key::arm(Arm::ROUTE2B, Metric::Hack);
        let expected = statistics::bootstrap(&[-0.5, -1.0, -0.5, 0.0]).unwrap();
        let end = |aspect| values[&key.diff(aspect)].value;
        assert_eq!((end(Difference::PromptsLow), end(Difference::PromptsHigh)), expected);
    }

    #[test]
    fn without_vanilla_there_is_nothing_to_differ_from() {
        let mut finals = finals();
        finals.remove(&Arm::VANILLA);
        assert!(differences(&finals).is_empty());
    }
}
