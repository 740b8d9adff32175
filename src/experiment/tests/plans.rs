//! The tiers as they are written down: settings, and what can be answered with them.

use experiment::{Manifest, RunId, claims};
use std::path::Path;
use train::{Arm, TrainConfig};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap()
}

fn tier(name: &str) -> Manifest {
    Manifest::tier(name).unwrap().unwrap()
}

fn config(name: &str) -> TrainConfig {
    tier(name).config(RunId { arm: Arm::ROUTE2B, seed: 41 }).unwrap()
}

#[test]
fn full_and_fast_have_the_settings_of_their_sources() {
    for (name, lr, betas) in [("full", 1e-3, None), ("fast", 3e-3, Some([0.5, 0.9]))] {
        let (c, eval) = (config(name), tier(name).eval);
        assert_eq!((c.lr, c.lr_floor, c.betas, c.deploy_fraction), (lr, 0.0, betas, 0.25));
        assert_eq!((c.temperature, c.top_p, c.top_k), (0.7, Some(0.95), None));
        assert_eq!((eval.temperature, eval.monitor), (0.7, 64));
        assert_eq!(c.deployed_rows(1) * 4, c.group, "a quarter of a group is a whole number of rollouts");
    }
    let teacher = config("fast").teacher.unwrap();
    assert_eq!((teacher.until, teacher.share), (30, 0.125));
}

#[test]
fn every_claim_can_be_answered_on_full() {
    let arms: Vec<&str> = tier("full").arms.iter().map(|arm| arm.name()).collect();
    for claim in claims::load(&root().join("verify/claims.toml")).unwrap() {
        for key in claim.conditions.iter().flat_map(|c| [Some(c.quantity), c.minus]).flatten() {
            let subject = key.to_string().split('.').next().unwrap().to_string();
            // Held-out loopholes are over arms: together they must leave out every one.
            assert!(arms.contains(&subject.as_str()) || subject == "route2b-known", "{} needs {subject}", claim.id);
        }
    }
    let held: Vec<_> = tier("full").arms.iter().filter(|a| a.name().starts_with("route2b-known")).copied().collect();
    let left_out = |loophole| held.iter().any(|arm| arm.held_out().contains(loophole));
    assert!(substrate::Loophole::LINES.iter().all(left_out));
}

#[test]
fn settings_that_mean_nothing_are_refused_by_name() {
    let text = std::fs::read_to_string(root().join("src/cli/tests/tiny.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.toml");
    let with = |table: &str, line: &str| {
        std::fs::write(&path, text.replacen(&format!("[{table}]"), &format!("[{table}]\n{line}"), 1)).unwrap();
        Manifest::load(&path)
    };
    for (table, line, says) in [
        ("train", "top_p = 0.0", "train.top_p is 0"),
        ("train", "top_p = 1.5", "train.top_p is 1.5"),
        ("eval", "top_p = nan", "eval.top_p is NaN"),
        ("eval", "top_k = 0", "eval.top_k is 0"),
        ("train", "betas = [0.9, 1.0]", "train.betas has 1"),
        ("train", "betas = [0.9]", "length"),
    ] {
        let error = with(table, line).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("plan.toml"), "{error}");
    }
    let benchmark = std::fs::read_to_string(root().join("src/cli/tests/leetcode.toml")).unwrap();
    std::fs::write(&path, format!("validation = true\n{benchmark}")).unwrap();
    let error = Manifest::load(&path).unwrap_err().to_string();
    assert!(error.contains("validation is for problems of ours"), "{error}");
    let cut = with("train", "top_k = 20\ntop_p = 0.9\nbetas = [0.5, 0.9]").unwrap();
    let c = cut.config(cut.runs()[0]).unwrap();
    assert_eq!((c.top_k, c.top_p, c.betas), (Some(20), Some(0.9), Some([0.5, 0.9])));
}

/// Receipts hold the digests of configurations: what a plan does not say leaves no trace in them.
#[test]
fn settings_that_a_plan_leaves_out_are_not_in_a_runs_configuration() {
    let organism = tier("organism");
    let text = serde_json::to_string(&organism.config(organism.runs()[0]).unwrap()).unwrap();
    let eval = serde_json::to_string(&organism.eval).unwrap();
    for name in ["top_p", "top_k", "betas"] {
        assert!(!text.contains(name) && !eval.contains(name), "{text} {eval}");
    }
}
