//! Plans, claims and results that were edited or damaged.

use damage::{Damaged, cases, damaged, survive};
use experiment::quantity::Metric;
use experiment::results::Value;
use experiment::{Key, Manifest, Results, claims};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use train::Arm;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn results(value: f64) -> Results {
    let key = |arm| Key::arm(arm, Metric::Hack).mean();
    let number = |value| Value { value, runs: vec!["vanilla-s7".into(), "route2b-s7".into()] };
    Results {
        tier: "tiny".into(),
        restricted: false,
        arms: vec![Arm::VANILLA, Arm::ROUTE2B],
        seeds: vec![7, u64::MAX],
        updates: vec![0, 2],
        values: [(key(Arm::VANILLA), number(value)), (key(Arm::ROUTE2B), number(-value / 3.0))].into(),
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_damaged_plan_is_refused_with_its_name_or_can_be_run(Damaged { bytes, .. } in damaged(vec![file("src/cli/tests/tiny.toml")])) {
        let (_folder, path) = written("plan.toml", &bytes);
        match survive(|| Manifest::load(&path)) {
            Err(error) => prop_assert!(error.to_string().contains("plan.toml"), "{error}"),
            Ok(manifest) => {
                for job in survive(|| manifest.jobs()) {
                    let config = manifest.job_config(job).unwrap();
                    prop_assert!(config.group > 0 && (0.0..=1.0).contains(&config.deploy_fraction));
                }
                survive(|| (manifest.longest().unwrap(), manifest.updates().unwrap()));
            }
        }
    }

    /// A claim that could not fail is none.
    #[test]
    fn damaged_claims_are_refused_with_their_name_or_can_fail(Damaged { bytes, .. } in damaged(vec![file("verify/claims.toml")])) {
        let (_folder, path) = written("claims.toml", &bytes);
        match survive(|| claims::load(&path)) {
            Err(error) => prop_assert!(error.to_string().contains("claims.toml"), "{error}"),
            Ok(claims) => {
                prop_assert!(claims.iter().all(|claim| !claim.conditions.is_empty()));
                survive(|| claims::judge(&claims, &results(0.5)));
            }
        }
    }

    /// The reader of JSON may miss a number by a unit in its last place: that is why `attest` compares texts.
    #[test]
    fn results_are_read_as_they_were_written_but_for_a_last_place(value in -1e3f64..1e3) {
        let written = results(value);
        let read: Results = serde_json::from_str(&written.to_json()).unwrap();
        prop_assert!(read.values.keys().eq(written.values.keys()));
        for (found, was) in read.values.values().zip(written.values.values()) {
            prop_assert_eq!(&found.runs, &was.runs);
            prop_assert!((found.value - was.value).abs() <= f64::EPSILON * was.value.abs());
        }
    }

    #[test]
    fn damaged_results_are_no_results_or_have_names_and_numbers(Damaged { bytes, .. } in damaged(vec![results(0.25).to_json().into_bytes()])) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Ok(read) = survive(|| serde_json::from_str::<Results>(&text)) {
            let back: Results = serde_json::from_str(&survive(|| read.to_json())).unwrap();
            prop_assert!(back.values.keys().eq(read.values.keys()));
            prop_assert!(read.values.values().all(|number| number.value.is_finite()));
        }
    }
}
