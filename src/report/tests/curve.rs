//! The table of evaluations against what figures are drawn from, on the complete run that is committed.

use experiment::curve::{self, ALL_MODES, Curve, Point};
use experiment::quantity::{Metric, Part, Subject};
use experiment::{CheckpointView, Key, Manifest, Results, statistics};
use report::receipts::unpack;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use substrate::Loophole;
use train::Arm;

/// The table, and a rate's mean over seeds in it.
struct Table(Curve);

/// What is averaged of a row.
type Rate = fn(&Point) -> f64;

/// A row's place but for its seed.
type Place<'a> = (&'a str, usize, CheckpointView, &'a str, &'a str);

impl Table {
    fn mean(&self, (arm, updates, view, split, mode): Place, rate: Rate) -> f64 {
        let at = |p: &&Point| {
            (p.arm.as_str(), p.updates, p.view, p.split, p.mode) == (arm, updates, view.label(), split, mode)
        };
        statistics::mean(&self.0.points.iter().filter(at).map(rate).collect::<Vec<_>>())
    }
}

/// One rounding apart at most: numbers of results.json are read without `float_roundtrip`.
fn same(results: &Results, key: Key, found: f64) {
    let drawn = results.get(key.mean()).unwrap_or_else(|| panic!("{key} is not measured"));
    assert!((drawn - found).abs() <= 2.0 * f64::EPSILON, "{key} is {drawn}, the table's mean is {found}");
}

#[test]
fn the_points_of_every_figure_of_rates_are_means_over_seeds_of_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    unpack(&root.join("receipts/organism"), &out).unwrap();
    let manifest = Manifest::tier("organism").unwrap().unwrap();
    let table = Table(Curve::collect(&manifest, &out).unwrap());
    let results: Results = serde_json::from_str(&std::fs::read_to_string(out.join("results.json")).unwrap()).unwrap();
    let rates: [(Metric, Rate); 2] = [(Metric::Hack, |p| p.hack), (Metric::Solve, |p| p.solve)];
    let last = *results.updates.last().unwrap();
    for (metric, rate) in rates {
        for &arm in &results.arms {
            let key = Key::arm(arm, metric);
            for &view in CheckpointView::of_checkpoint(arm) {
                for &update in &results.updates {
                    let place = (arm.name(), update, view, "monitor", ALL_MODES);
                    same(&results, key.on(view.part()).at(update), table.mean(place, rate));
                }
            }
            for view in CheckpointView::of_last(&manifest, arm) {
                same(&results, key.on(view.part()), table.mean((arm.name(), last, view, "test", ALL_MODES), rate));
            }
            for loophole in Loophole::ORGANISM {
                let place = (arm.name(), last, CheckpointView::Deployed, "test", loophole.name());
                same(&results, key.on(Part::Loophole(loophole)), table.mean(place, rate));
            }
        }
        let relearning = manifest.relearn.as_ref().unwrap();
        for of in relearning.origins() {
            let arm = format!("relearn-{}", of.map_or("base", Arm::name));
            let place = (arm.as_str(), relearning.updates, CheckpointView::Deployed, "monitor", ALL_MODES);
            same(&results, Key::of(Subject::Relearn(of), metric).at(relearning.updates), table.mean(place, rate));
        }
    }
}

/// Of the code model's runs, whose tasks are of kinds: every kind of the test problems, and together they are the whole.
#[test]
fn the_rates_of_kinds_are_the_runs_rates_taken_apart() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    unpack(&root.join("receipts/coder"), &out).unwrap();
    let manifest = Manifest::tier("coder").unwrap().unwrap();
    assert!(curve::write(&root, &manifest, &out).unwrap().is_empty());
    let read = |name: &str| {
        let text = std::fs::read_to_string(out.join("route2b-s81").join(name)).unwrap();
        serde_json::from_str::<BTreeMap<String, Value>>(&text).unwrap()
    };
    let (kinds, modes) = (read("per_kind_deploy.json"), read("per_mode_deploy.json"));
    assert_eq!(kinds.len(), 66, "{:?}", kinds.keys());
    let whole = |rates: &BTreeMap<String, Value>, rate: &str| {
        rates.values().map(|of| of["n"].as_f64().unwrap() * of[rate].as_f64().unwrap()).sum::<f64>().round()
    };
    assert_eq!(kinds.values().map(|of| of["n"].as_u64().unwrap()).sum::<u64>(), 260);
    for rate in ["hack", "solve"] {
        assert_eq!(whole(&kinds, rate), whole(&modes, rate), "{rate}");
    }
}
