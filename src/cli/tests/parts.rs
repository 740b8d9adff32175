//! A part of a plan: what it costs, what it says of itself, and what is refused.

mod common;

use common::{Project, expect, program, root};
use std::path::Path;

#[test]
fn a_plan_says_what_it_costs_and_a_part_of_it_less() {
    let hours = |more: &[&str]| {
        let output = program(root()).args(["plan", "--tier", "full"]).args(more).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (before, _) = text.split_once(" GPU-hours").unwrap_or_else(|| panic!("no hours in\n{text}"));
        assert!(text.contains("disk") && text.contains("memory"), "{text}");
        (before.rsplit(' ').next().unwrap().parse::<f64>().unwrap(), text)
    };
    let (whole, _) = hours(&[]);
    let (part, text) = hours(&["--arms", "vanilla,route2b", "--seeds", "41"]);
    assert!(whole > 50.0 && part < whole / 10.0, "{whole} and {part}");
    assert!(text.contains("full, a part of it: arms vanilla, route2b; seeds 41"), "{text}");
    assert!(text.contains("route2b-s41") && !text.contains("s42") && !text.contains("erase"), "{text}");
}

#[test]
fn arms_and_seeds_that_the_plan_has_not_are_usage_errors_before_anything_is_run() {
    let project = Project::new();
    let out = project.path("runs");
    let refused = |command: &str, more: &[&str], says: &str| {
        expect(&mut project.on_plan("tiny.toml", command, &out, more), 2, &[says]);
        assert!(!out.exists());
    };
    refused("run", &["--arms", "erase"], "it has no arm erase: it has vanilla, route2b, random-v, placebo-pairs");
    refused("plan", &["--seeds", "7,8"], "it has no seed 8: it has 7");
    refused("reproduce", &["--arms", "vanilla,sideways"], "sideways");
    refused("reproduce", &["--device", "cpu", "--arms", "vanilla"], "route2b is not in the plan");
    let slurm =
        program(root()).args(["plan", "--tier", "full", "--arms", "vanilla,random-v-matched"]).output().unwrap();
    assert_eq!(slurm.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&slurm.stderr).contains("random-v-matched needs route2b"));
}

#[test]
fn a_part_has_a_paper_that_says_so_and_the_rest_is_run_later_beside_it() {
    let project = Project::new();
    let out = project.path("runs/tiny");
    let part = ["--arms", "vanilla,route2b"];
    let mut reproduce = project.on_plan("tiny.toml", "reproduce", &out, &["--device", "cpu"]);
    expect(reproduce.args(part), 0, &["tiny, a part of it: arms vanilla, route2b; seeds 7", "not run", "paper.pdf"]);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    assert!(read(&out.join("results.json")).contains("\"restricted\": true"));
    assert!(!out.join("placebo-pairs-s7").exists());

    // Whoever names another part, or none, is told; who names the same has the same paper.
    let paper = std::fs::read(out.join("paper.pdf")).unwrap();
    let build = |more: &[&str]| project.on_plan("tiny.toml", "build-paper", &out, more);
    expect(&mut build(&[]), 1, &["is of arms vanilla, route2b; seeds 7", "give the --arms and --seeds"]);
    expect(&mut build(&part), 0, &["paper.pdf"]);
    assert!(std::fs::read(out.join("paper.pdf")).unwrap() == paper);

    // The rest: what is there is not made again, and nothing says any more that it is a part.
    let before = read(&out.join("route2b-s7/metrics.jsonl"));
    expect(&mut project.on_plan("tiny.toml", "run", &out, &["--device", "cpu"]), 0, &["results.json"]);
    assert_eq!(read(&out.join("route2b-s7/metrics.jsonl")), before);
    let results = read(&out.join("results.json"));
    assert!(!results.contains("restricted") && results.contains("placebo-pairs.hack"));
}

/// Three updates with a checkpoint after every second: the third is what is deployed.
#[test]
fn a_curve_has_its_last_point_however_many_updates_there_are() {
    let project = Project::new();
    let (plan, out) = (project.path("odd.toml"), project.path("runs"));
    let mut text: toml::Table =
        std::fs::read_to_string(root().join("src/cli/tests/tiny.toml")).unwrap().parse().unwrap();
    text.insert("arms".into(), vec!["vanilla", "route2b"].into());
    text["train"].as_table_mut().unwrap().insert("updates".into(), 3.into());
    text.insert("relearn".into(), toml::toml! { updates = 1 arms = ["vanilla"] }.into());
    std::fs::write(&plan, text.to_string()).unwrap();
    let mut run = project.program();
    run.args(["run", "--device", "cpu", "--plan"]).arg(&plan).arg("--out").arg(&out);
    expect(&mut run, 0, &["results.json"]);
    let results: serde_json::Value = serde_json::from_slice(&std::fs::read(out.join("results.json")).unwrap()).unwrap();
    assert_eq!(results["updates"], serde_json::json!([0, 2, 3]));
    let keys = [
        "vanilla.hack.u3.mean",
        "route2b.routed_mass.u3.mean",
        "relearn.vanilla.hack.u1.mean",
        "relearn.base.hack.u1.mean",
    ];
    for key in keys {
        assert!(results["values"][key]["value"].is_number(), "{key}");
    }
    let beyond: Vec<&String> =
        results["values"].as_object().unwrap().keys().filter(|key| key.contains(".u4.")).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    any_run_is_scored_on_any_problems(&plan, &project, &out);
}

/// A run that learned again, on problems that were trained on and under their markers: none of it is in the plan.
fn any_run_is_scored_on_any_problems(plan: &Path, project: &Project, runs: &Path) {
    let (run, scores) = (runs.join("relearn-vanilla-s7"), project.path("scores"));
    let mut eval = project.program();
    eval.args(["eval", "--device", "cpu", "--split", "train", "--markers", "train", "--only", "8", "--plan"]).arg(plan);
    expect(eval.arg("--run").arg(&run).arg("--out").arg(&scores), 0, &["deployed", "rows are in"]);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let rows = read(&scores.join("update-0001/deployed-train-train-markers-only-8.jsonl"));
    let trained_on = read(&root().join("data/organism/train.jsonl"));
    assert_eq!(rows.lines().count(), 8);
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        assert!(trained_on.contains(&format!("\"problem_id\":{}", row["problem_id"])), "{row}");
    }
}
