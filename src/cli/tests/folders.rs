//! Whose a results folder is: one process at a time, gone on with only from what it was made from, whole after a crash.

mod common;

use common::{Project, expect, root};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ONE_RUN: [&str; 6] = ["--arm", "route2b", "--seed", "7", "--device", "cpu"];

/// A project with the tiny plan made longer.
struct Long {
    project: Project,
    plan: PathBuf,
    out: PathBuf,
}

impl Long {
    fn new(updates: usize) -> Self {
        let project = Project::new();
        let (plan, out) = (project.path("long.toml"), project.path("runs"));
        let text = std::fs::read_to_string(root().join("src/cli/tests/tiny.toml")).unwrap();
        std::fs::write(&plan, text.replace("updates = 4", &format!("updates = {updates}"))).unwrap();
        Self { project, plan, out }
    }

    fn command(&self, name: &str, more: &[&str]) -> Command {
        let mut command = self.project.program();
        command.arg(name).arg("--plan").arg(&self.plan).args(more);
        command
    }

    fn train(&self) -> Command {
        let mut train = self.command("train", &["--train-only"]);
        train.args(ONE_RUN).arg("--out").arg(&self.out);
        train
    }

    fn run(&self) -> PathBuf {
        self.out.join("route2b-s7")
    }

    /// Trains, and returns while it is at work, after so many updates.
    fn at_work(&self, updates: usize) -> Child {
        let mut running = self.train().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while rows(&self.run().join("metrics.jsonl")).len() < updates {
            assert_eq!(running.try_wait().unwrap(), None, "it ended before update {updates}");
            std::thread::sleep(Duration::from_millis(10));
        }
        running
    }
}

fn rows(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(String::from).collect()
}

fn kill(mut running: Child) {
    running.kill().unwrap();
    running.wait().unwrap();
}

/// The updates that an event file shows, by its records' lengths; nothing after a record that is not whole.
fn events(path: &Path) -> Vec<u64> {
    let bytes = std::fs::read(path).unwrap();
    let (mut at, mut found) = (0, vec![]);
    while let Some(length) = bytes.get(at..at + 8) {
        let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
        let Some(event) = bytes.get(at + 12..at + 12 + length) else { break };
        // The wall time of an event is its update.
        found.push(f64::from_le_bytes(event[1..9].try_into().unwrap()) as u64);
        at += length + 16;
    }
    found
}

#[test]
fn a_second_process_is_turned_away_and_a_crash_releases_the_folder() {
    let long = Long::new(40);
    let running = long.at_work(1);
    let owner = format!("process {}", running.id());
    let nothing_made = tempfile::tempdir().unwrap();
    expect(long.train().env("GQ_STATE", nothing_made.path()), 2, &["is at work there", &owner]);
    let made = std::fs::read_dir(nothing_made.path()).unwrap().count();
    assert_eq!(made, 0, "it is turned away before singular bases are made");
    let mut export = long.command("export", &["--device", "cpu", "--format", "hf", "--run"]);
    export.arg(long.run()).arg("--out").arg(long.project.path("hf"));
    expect(&mut export, 2, &["is at work there"]);
    kill(running);
    kill(long.at_work(3));
}

#[test]
fn every_log_is_whole_after_a_crash_and_shows_every_update() {
    const UPDATES: u64 = 8;
    let long = Long::new(UPDATES as usize);
    kill(long.at_work(3));
    let log = long.run().join("log");
    let event_file = log.join("events.out.tfevents.0.run");
    for (path, lost) in [(&event_file, 7), (&log.join("timings.jsonl"), 9)] {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() - lost]).unwrap();
    }
    let metrics = long.run().join("metrics.jsonl");
    let text = std::fs::read_to_string(&metrics).unwrap() + "{\"update\": 99, \"rew";
    std::fs::write(&metrics, text).unwrap();
    expect(&mut long.train(), 0, &["route2b-s7 is in"]);
    assert_eq!(events(&event_file), (0..=UPDATES).collect::<Vec<_>>());
    for name in ["metrics.jsonl", "rollouts.jsonl", "log/timings.jsonl"] {
        let rows = rows(&long.run().join(name));
        assert!(rows.iter().all(|row| serde_json::from_str::<serde_json::Value>(row).is_ok()), "{name}");
    }
    assert_eq!(rows(&metrics).len() as u64, UPDATES);
}

#[test]
fn a_run_goes_on_only_from_what_it_was_made_from() {
    let long = Long::new(6);
    expect(&mut long.train(), 0, &[]);
    // Other sampling at evaluation: what lies there was not made with it.
    let text = std::fs::read_to_string(&long.plan).unwrap();
    std::fs::write(&long.plan, text.replace("temperature = 0.7", "temperature = 0.9")).unwrap();
    expect(&mut long.train(), 2, &["was made from other inputs", "evaluation settings"]);
    std::fs::write(&long.plan, text).unwrap();
    expect(&mut long.train(), 0, &[]);

    // Other weights of the base that seed 7 stands for: neither trained on nor merged into.
    let identity = long.run().join("identity.json");
    let mut parts: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(&identity).unwrap()).unwrap();
    parts.insert("weights of base 2".into(), "00".repeat(32).into());
    std::fs::write(&identity, serde_json::to_string_pretty(&parts).unwrap() + "\n").unwrap();
    expect(&mut long.train(), 2, &["its weights of base 2 were 000000000000"]);
    let mut export = long.command("export", &["--device", "cpu", "--format", "hf", "--run"]);
    export.arg(long.run()).arg("--out").arg(long.project.path("hf"));
    expect(&mut export, 2, &["its weights of base 2 were 000000000000"]);
    std::fs::remove_file(&identity).unwrap();
    expect(&mut long.train(), 2, &["no identity.json"]);
}

#[test]
fn data_that_is_not_pinned_is_never_trained_on() {
    let long = Long::new(2);
    let problems = long.project.path("data/organism/train.jsonl");
    let text = std::fs::read_to_string(&problems).unwrap();
    std::fs::write(&problems, text.replacen('1', "2", 1)).unwrap();
    expect(&mut long.train(), 3, &["train.jsonl", "expected sha256"]);
    assert!(!long.out.exists());
}

#[test]
fn fresh_removes_results_and_nothing_else() {
    let long = Long::new(2);
    std::fs::create_dir_all(&long.out).unwrap();
    std::fs::write(long.out.join("thesis.tex"), "years of work").unwrap();
    let mut fresh = long.project.on_plan("tiny.toml", "run", &long.out, &["--device", "cpu", "--fresh"]);
    expect(&mut fresh, 2, &["holds no results of this program"]);
    assert!(long.out.join("thesis.tex").exists());
}

/// Output that overwrites the base that it is made from.
#[test]
fn an_export_into_its_own_base_is_refused() {
    let long = Long::new(2);
    expect(&mut long.train(), 0, &[]);
    let base = long.project.path("data/organism");
    let before = std::fs::read(base.join("config.json")).unwrap();
    let mut export = long.command("export", &["--device", "cpu", "--format", "hf", "--run"]);
    expect(export.arg(long.run()).arg("--out").arg(&base), 2, &["is not empty"]);
    assert_eq!(std::fs::read(base.join("config.json")).unwrap(), before);
}
