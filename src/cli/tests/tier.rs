//! The benchmark's tier in miniature, as a user meets it: from a server to the paper, what must stop it, and a crash in the middle.

mod common;

use common::miniature::{CONFIG, Miniature, PLAN, SETTINGS, TEST, TOKENIZER, TRAIN, WEIGHTS};
use common::pdf::{Beside, pages, squeezed};
use common::{expect, flip, root};
use experiment::Manifest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

fn reproduce(miniature: &Miniature, out: &Path) -> Command {
    let mut reproduce = miniature.command("reproduce");
    reproduce.args(["--device", "cpu", "--out"]).arg(out);
    reproduce
}

fn paper(out: &Path) -> Vec<String> {
    pages(std::fs::read(out.join("paper.pdf")).unwrap())
}

#[test]
fn from_a_loopback_fetch_to_the_paper_and_through_a_crash_to_the_same_bytes() {
    let miniature = Miniature::fetched();
    let out = miniature.project.path("runs/leetcode");
    expect(&mut reproduce(&miniature, &out), 0, &["4 of 4 fetched files match", "no-loophole ceiling", "paper.pdf"]);
    the_paper_is_of_what_was_read(&miniature, &paper(&out));
    the_paper_stands_alone(&out);
    a_checkpoint_is_scored_on_the_problems_that_it_was_trained_on(&miniature, &out.join("route2b-s41"));
    a_flipped_byte_stops_every_command(&miniature, &out.join("route2b-s41"));
    a_crash_costs_no_byte(&miniature, &out);
}

fn the_paper_is_of_what_was_read(miniature: &Miniature, pages: &[String]) {
    let text = pages.concat();
    for told in [
        "The model is own/tinymodel, revision 0abc; it has the architecture of Qwen3",
        "8 of them to test on",
        "is graded by a result file that your code writes, NAME by name, which has to say PASS",
        "In training all problems of a mode disclose one name",
        "Every file that was read has its pinned digest",
        "The runs read these files beside those that ship with this artifact, on cpu.",
        "base, solve, told elsewhere",
    ] {
        assert!(text.contains(&squeezed(told)), "the paper does not say `{told}`");
    }
    for file in [TRAIN, TEST, WEIGHTS, TOKENIZER, SETTINGS, CONFIG] {
        let bytes = std::fs::read(miniature.project.path("fetched").join(file)).unwrap();
        assert!(text.contains(&squeezed(file)), "{file}");
        assert!(text.contains(&bundle::Sha256::of(&bytes).to_string()), "{file}");
    }
    for of_another in ["under one million parameters", "organism", "shown_tests", "made of"] {
        assert!(!text.to_lowercase().contains(&squeezed(of_another)), "the paper says `{of_another}`");
    }
}

/// The twelve of its training file, though nothing in the plan evaluates those.
fn a_checkpoint_is_scored_on_the_problems_that_it_was_trained_on(miniature: &Miniature, run: &Path) {
    let scores = miniature.project.path("scores");
    let mut eval = miniature.command("eval");
    eval.args(["--device", "cpu", "--split", "train", "--markers", "train", "--views", "whole"]);
    expect(eval.arg("--run").arg(run).arg("--out").arg(&scores), 0, &["rows are in"]);
    let rows = std::fs::read_to_string(scores.join("update-0002/whole-train-train-markers.jsonl")).unwrap();
    let id = |row: &str| serde_json::from_str::<serde_json::Value>(row).unwrap()["problem_id"].to_string();
    let scored: std::collections::BTreeSet<String> = rows.lines().map(id).collect();
    assert_eq!(scored, (101..113).map(|id| format!("\"{id}\"")).collect());
}

/// PDF/A-3a and PDF/UA-1: its numbers are in it, and who hears it hears what its figures show.
fn the_paper_stands_alone(out: &Path) {
    let beside = Beside::of(std::fs::read(out.join("paper.pdf")).unwrap());
    for level in ["<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"] {
        assert!(beside.metadata.contains(level), "{level}");
    }
    let numbers = std::fs::read(out.join("results.json")).unwrap();
    let origin = beside.attached.iter().find(|bytes| **bytes != numbers).expect("where it comes from is attached");
    assert!(beside.attached.contains(&numbers) && beside.attached.len() == 2);
    assert!(String::from_utf8_lossy(origin).contains(&bundle::Sha256::of(&numbers).to_string()));
    assert_eq!(beside.wordless, 0);
    let results: serde_json::Value = serde_json::from_slice(&numbers).unwrap();
    let last = results["updates"].as_array().unwrap().last().unwrap();
    let ends = results["values"][format!("route2b.hack.u{last}.mean")]["value"].as_f64().unwrap();
    let told = format!("Hack rate of the deployed model, after {last} updates: ");
    let figure = beside.words.iter().find(|words| words.starts_with(&told)).expect("the first figure's words");
    assert!(figure.contains(&format!("route2b {ends:.3}")), "{figure}");
}

fn a_flipped_byte_stops_every_command(miniature: &Miniature, run: &Path) {
    let more = |name: &str| {
        let mut command = miniature.command(name);
        command.args(["--device", "cpu"]);
        command
    };
    let commands = || {
        let out = miniature.project.path("other");
        let (mut piece, mut train, mut eval, mut export) = (more("train"), more("train"), more("eval"), more("export"));
        // As each task of a Slurm array does.
        piece.args(["--job", "vanilla-s41", "--out"]).arg(&out);
        train.args(["--arm", "route2b", "--seed", "41", "--out"]).arg(&out);
        eval.arg("--run").arg(run).arg("--out").arg(&out);
        export.arg("--run").arg(run).args(["--format", "hf", "--out"]).arg(&out);
        let (mut plan, reproduce) = (more("run"), reproduce(miniature, &out));
        plan.arg("--out").arg(&out);
        [reproduce, plan, piece, train, eval, export]
    };
    for file in [TRAIN, TEST, WEIGHTS, TOKENIZER, SETTINGS, CONFIG] {
        let path = miniature.project.path("fetched").join(file);
        flip(&path);
        for mut command in commands() {
            expect(&mut command, 3, &[file, "expected", "found"]);
        }
        flip(&path);
    }
    assert!(!miniature.project.path("other").exists(), "something began on other bytes");
}

/// The same plan elsewhere, killed where a run is half trained.
fn a_crash_costs_no_byte(miniature: &Miniature, undisturbed: &Path) {
    let out = miniature.project.path("runs/killed");
    let mut running = reproduce(miniature, &out).stdout(Stdio::null()).spawn().unwrap();
    while !out.join("vanilla-s42/metrics.jsonl").exists() {
        assert_eq!(running.try_wait().unwrap(), None, "it ended before its last runs");
        std::thread::sleep(Duration::from_millis(5));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(!out.join("results.json").exists());
    expect(&mut reproduce(miniature, &out), 0, &["paper.pdf"]);
    let (whole, resumed) = (results(undisturbed), results(&out));
    assert_eq!(whole.keys().collect::<Vec<_>>(), resumed.keys().collect::<Vec<_>>());
    for (file, bytes) in whole {
        assert!(resumed[&file] == bytes, "{} differs", file.display());
    }
}

/// Every file of a results folder; clocks are in `log/` alone.
fn results(out: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = bundle::files::list(out).unwrap().into_iter();
    let files = files.filter(|file| !file.iter().any(|part| part == "log"));
    files.map(|file| (file.clone(), std::fs::read(out.join(file)).unwrap())).collect()
}

#[test]
fn a_paper_of_random_weights_says_so_on_every_page() {
    let miniature = Miniature::fetched();
    let (out, model) = (miniature.project.path("runs/random"), miniature.project.path("fetched/model"));
    let random = |name: &str| {
        let mut command = miniature.command(name);
        command.args(["--arms", "vanilla,route2b", "--seeds", "41", "--random-weights", "3", "--model"]).arg(&model);
        command.arg("--out").arg(&out);
        command
    };
    expect(random("run").args(["--device", "cpu"]), 0, &["results.json"]);
    expect(&mut random("build-paper"), 0, &["UNPINNED: fetched/model is not what is trained", "paper.pdf"]);
    for page in paper(&out) {
        assert!(page.contains(&squeezed("made of random weights of seed 3")), "{page}");
    }
}

/// Weeks on a GPU must not end at a number that the paper cites and no arm of the tier makes.
#[test]
fn the_paper_can_be_typeset_of_every_arm_that_full_or_fast_runs() {
    let miniature = Miniature::fetched();
    for tier in ["full", "fast"] {
        let mut plan: toml::Table = std::fs::read_to_string(root().join(PLAN)).unwrap().parse().unwrap();
        let arms = Manifest::tier(tier).unwrap().unwrap().arms;
        plan.insert("arms".into(), arms.iter().map(|arm| arm.name()).collect::<Vec<_>>().into());
        plan.insert("seeds".into(), vec![41].into());
        let (path, out) = (miniature.project.path("arms.toml"), miniature.project.path(&format!("runs/{tier}")));
        std::fs::write(&path, plan.to_string()).unwrap();
        let on_plan = |name: &str| {
            let mut command = miniature.on_plan(&path, name);
            command.arg("--out").arg(&out);
            command
        };
        expect(on_plan("run").args(["--device", "cpu"]), 0, &["results.json"]);
        expect(&mut on_plan("build-paper"), 0, &["paper.pdf"]);
        let text = paper(&out).concat();
        arms.iter().for_each(|arm| assert!(text.contains(&squeezed(arm.name())), "{tier}: nothing of {}", arm.name()));
    }
}
