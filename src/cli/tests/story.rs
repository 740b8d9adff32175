//! The binary as people meet it: a miniature tier from nothing to the paper, then everything that must be refused.

mod common;

use common::{Project, copy, edit, expect, flip, program, root};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn from_nothing_to_the_paper_and_what_build_paper_refuses() {
    let project = Project::new();
    let out = project.path("runs/tiny");
    let reproduce = || project.on_plan("tiny.toml", "reproduce", &out, &["--device", "cpu"]);
    expect(&mut reproduce(), 0, &["no_cheat", "claim  status", "published", "paper.pdf"]);
    let pdf = std::fs::read(out.join("paper.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF"));

    // Again, held against what was packed: nothing is trained twice, and every byte is the same.
    expect(&mut project.on_plan("tiny.toml", "receipts", &out, &[]), 0, &["packed"]);
    let receipts = project.path("receipts/tiny");
    let before: Vec<_> =
        bundle::files::list(&out).unwrap().iter().map(|f| std::fs::read(out.join(f)).unwrap()).collect();
    let compare = ["--device", "cpu", "--compare", receipts.to_str().unwrap()];
    expect(&mut project.on_plan("tiny.toml", "reproduce", &out, &compare), 0, &["C1     agrees"]);
    let after: Vec<_> =
        bundle::files::list(&out).unwrap().iter().map(|f| std::fs::read(out.join(f)).unwrap()).collect();
    assert!(before == after);

    // The table that `reproduce` wrote is the one that `eval-curve` makes, and nothing that the ledger attests.
    let curve = std::fs::read(out.join("curve.csv")).unwrap();
    std::fs::remove_file(out.join("curve.csv")).unwrap();
    expect(&mut project.on_plan("tiny.toml", "eval-curve", &out, &[]), 0, &["curve.csv"]);
    assert!(std::fs::read(out.join("curve.csv")).unwrap() == curve);
    assert!(!std::fs::read_to_string(out.join("ledger.jsonl")).unwrap().contains("per_mode_deploy"));

    // From receipts the paper can be built elsewhere, to the same bytes.
    let elsewhere = project.path("runs/elsewhere");
    let from_receipts = || project.on_plan("tiny.toml", "build-paper", &elsewhere, &["--receipts", "tiny"]);
    expect(&mut from_receipts(), 0, &["paper.pdf", "the same bytes"]);
    assert!(std::fs::read(elsewhere.join("paper.pdf")).unwrap() == pdf, "receipts give another paper");
    flip(&receipts.join("receipts.tar.gz"));
    expect(&mut from_receipts(), 3, &["receipts.tar.gz"]);

    // What the ledger attests is checked, never blessed again: an edited evaluation stops `reproduce` too.
    let ledger = std::fs::read(out.join("ledger.jsonl")).unwrap();
    let evaluation = out.join("vanilla-s7/eval/update-0004-off.jsonl");
    let honest = std::fs::read(&evaluation).unwrap();
    edit(&evaluation, "\"exploited\":false", "\"exploited\":true");
    expect(&mut reproduce(), 3, &["update-0004-off.jsonl", "ledger, run vanilla-s7"]);
    assert!(std::fs::read(out.join("ledger.jsonl")).unwrap() == ledger, "the ledger took the edited file");
    std::fs::write(&evaluation, honest).unwrap();

    let refused = |damage: &dyn Fn(&Path), code: i32, says: &str| {
        let copy_of = tempfile::tempdir().unwrap();
        copy(&out, copy_of.path());
        std::fs::remove_file(copy_of.path().join("paper.pdf")).unwrap();
        damage(copy_of.path());
        expect(&mut project.on_plan("tiny.toml", "build-paper", copy_of.path(), &[]), code, &[says]);
        assert!(!copy_of.path().join("paper.pdf").exists(), "{says}: a paper was written");
    };
    refused(&|o| edit(&o.join("results.json"), "\"value\": 0.", "\"value\": 1."), 1, "results.json");
    refused(&|o| edit(&o.join("results.json"), "\"base\"", "\"nowhere\""), 1, "run nowhere is not in");
    refused(&|o| flip(&o.join("route2b-s7/rollouts.jsonl")), 3, "rollouts.jsonl");
    refused(&|o| flip(&o.join("vanilla-s7/checkpoints/update-0004.safetensors")), 3, "update-0004.safetensors");
    refused(&|o| std::fs::remove_file(o.join("base/1/eval/update-0000-off.jsonl")).unwrap(), 3, "is missing");
    refused(&|o| edit(&o.join("ledger.jsonl"), "\"device\":\"cpu\"", "\"device\":\"gpu\""), 3, "ledger");

    // Text that cites what was not measured, or types a number, is refused after the gates.
    edit(&project.path("paper/sections/abstract.typ"), "*Abstract.*", "*Abstract.* #num(\"route2b.hack.best\")");
    expect(&mut project.on_plan("tiny.toml", "build-paper", &out, &[]), 1, &["route2b.hack.best"]);
    edit(&project.path("paper/sections/abstract.typ"), "#num(\"route2b.hack.best\")", "It fell to 0.04.");
    expect(&mut project.on_plan("tiny.toml", "build-paper", &out, &[]), 1, &["0.04"]);
    edit(&project.path("paper/sections/abstract.typ"), "It fell to 0.04.", "");

    // Claims that change after the runs, and a gate that fails, stop it too.
    edit(&project.path("verify/claims.toml"), "at_least = 0.15", "at_least = 0.01");
    expect(&mut project.on_plan("tiny.toml", "build-paper", &out, &[]), 1, &["made under other claims"]);
}

#[test]
fn inputs_that_are_not_what_they_were_stop_everything() {
    let project = Project::new();
    let out = project.path("runs/tiny");
    flip(&project.path("data/organism/model.safetensors"));
    expect(project.program().args(["verify", "--gate", "pins"]), 1, &["model.safetensors"]);
    let says = ["model.safetensors", "the gate pins fails"];
    expect(&mut project.on_plan("tiny.toml", "reproduce", &out, &["--device", "cpu"]), 3, &says);
    assert!(!out.exists(), "training began on damaged weights");

    let project = Project::new();
    std::fs::remove_file(project.path("data/organism/tokenizer.json")).unwrap();
    let one = ["--arm", "vanilla", "--seed", "7", "--device", "cpu"];
    expect(&mut project.on_plan("tiny.toml", "train", &project.path("runs"), &one), 3, &["tokenizer.json"]);
}

#[test]
fn words_that_mean_nothing_are_usage_errors() {
    let project = Project::new();
    let out = project.path("runs");
    expect(&mut project.on_plan("tiny.toml", "train", &out, &["--arm", "sideways", "--seed", "1"]), 2, &["route2b"]);
    expect(program(root()).args(["verify", "--gate", "none"]), 2, &["no_cheat"]);
    expect(program(root()).args(["reproduce", "--tier", "huge"]), 2, &["smoke"]);
    expect(program(root()).args(["build-paper", "--receipts", "huge"]), 2, &["smoke"]);
    expect(program(root()).arg("frobnicate"), 2, &["frobnicate"]);
}

#[test]
fn a_python_that_is_missing_is_found_out_before_any_training() {
    let project = Project::new();
    let out = project.path("runs");
    expect(
        project.on_plan("tiny.toml", "reproduce", &out, &[]).env("GQ_PYTHON", "/nowhere/python3"),
        3,
        &["GQ_PYTHON"],
    );
    assert!(!out.exists());
    expect(program(root()).arg("doctor").env("GQ_PYTHON", "/nowhere/python3"), 3, &["MISSING"]);
}

#[test]
#[cfg_attr(feature = "cuda", ignore = "this binary has CUDA")]
fn a_device_that_is_not_there_is_code_4() {
    let project = Project::new();
    let out = project.path("runs");
    expect(&mut project.on_plan("tiny.toml", "reproduce", &out, &["--device", "cuda"]), 4, &["--features cuda"]);
}

#[test]
fn a_prompt_over_the_cap_is_named_before_training() {
    let project = Project::new();
    let plan = project.path("narrow.toml");
    let text = std::fs::read_to_string(root().join("src/cli/tests/tiny.toml")).unwrap();
    let refused = |text: String, says: &[&str]| {
        std::fs::write(&plan, text).unwrap();
        let mut train = project.program();
        train.args(["train", "--arm", "vanilla", "--seed", "7", "--device", "cpu", "--plan"]).arg(&plan);
        expect(&mut train, 3, says);
    };
    refused(text.replace("prompt_cap = 112", "prompt_cap = 12"), &["over the cap of 12", "train-0000"]);
    // Training's own cap, though evaluation has room for it.
    refused(text.replacen("prompt_cap = 112", "prompt_cap = 12", 1), &["over the cap of 12", "train-0000"]);
    refused(text.replace("prompt_cap = 112", "prompt_cap = 99999"), &["100063 tokens together", "config.json allows"]);
}

const ONE_RUN: [&str; 6] = ["--arm", "route2b", "--seed", "7", "--device", "cpu"];

#[test]
fn ctrl_c_stops_after_an_update_with_code_5_and_the_same_command_goes_on() {
    const UPDATES: usize = 12;
    let project = Project::new();
    let (out, plan) = (project.path("runs"), project.path("long.toml"));
    // So many that the signal comes in time, however slow the machine is to send it.
    let text = std::fs::read_to_string(root().join("src/cli/tests/tiny.toml")).unwrap();
    std::fs::write(&plan, text.replace("updates = 4", &format!("updates = {UPDATES}"))).unwrap();
    let train = || {
        let mut train = project.program();
        train.args(["train", "--train-only"]).args(ONE_RUN).arg("--plan").arg(&plan).arg("--out").arg(&out);
        train
    };
    let log = out.join("route2b-s7/metrics.jsonl");
    let updates = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    let mut running = train().stdout(Stdio::null()).spawn().unwrap();
    while updates() == 0 {
        assert_eq!(running.try_wait().unwrap(), None, "it ended before its first update");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(5));
    assert!(updates() < UPDATES, "it did not stop");
    expect(&mut train(), 0, &["route2b-s7 is in"]);
    assert_eq!(updates(), UPDATES);
}

#[test]
fn shells_and_manuals_know_every_arm_and_command() {
    expect(
        program(root()).args(["completions", "bash"]),
        0,
        &["route2b-known-sentinel+file_marker", "eval_gap", "file_marker"],
    );
    let folder = tempfile::tempdir().unwrap();
    expect(program(root()).args(["completions", "--man"]).arg(folder.path()), 0, &["manual pages"]);
    let page = std::fs::read_to_string(folder.path().join("gradient-quarantine-train.1")).unwrap();
    assert!(page.contains("random\\-v\\-matched"), "{page}");
    expect(program(root()).arg("completions"), 2, &["<SHELL>"]);
}

/// A checkpoint that is not whole is an input, not a bug.
#[test]
fn export_of_a_damaged_checkpoint_names_it_with_code_3() {
    let run = tempfile::tempdir().unwrap();
    let checkpoint = run.path().join("checkpoints/update-0004.safetensors");
    std::fs::create_dir(run.path().join("checkpoints")).unwrap();
    std::fs::write(&checkpoint, b"cut off").unwrap();
    let mut export = program(root());
    export.args(["export", "--format", "hf", "--device", "cpu", "--run"]).arg(run.path());
    export.arg("--out").arg(run.path().join("out"));
    expect(&mut export, 3, &["update-0004.safetensors holds no usable adapter"]);
}

/// The complete runs that are committed: their papers come out of their receipts, byte for byte, on a machine that has no GPU. The code model's
/// weights need not be there.
#[test]
fn the_committed_receipts_give_the_papers_that_they_state() {
    let out = tempfile::tempdir().unwrap();
    for (tier, claim) in [("organism", "C1     holds"), ("coder", "C3     holds")] {
        let mut build = program(root());
        build.args(["build-paper", "--receipts", tier, "--out"]).arg(out.path().join(tier));
        expect(&mut build, 0, &[claim, "the same bytes"]);
    }
}
