//! What happens where the sandbox is not whole, and that it is the same on every Python.

mod common;

use common::responses::{Files, RIGHT, response};
use common::{Project, expect, program, root};
use seccompiler::{SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};
use serde_json::json;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The command on a kernel where a system call fails, as on one that lacks the feature.
fn lacking(mut command: Command, call: i64, first_argument: Option<u64>) -> Command {
    let rule = first_argument.map(|value| {
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).unwrap();
        SeccompRule::new(vec![condition]).unwrap()
    });
    let rules = [(call, rule.into_iter().collect())].into();
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let missing = SeccompAction::Errno(libc::ENOSYS as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, missing, arch).unwrap();
    let program: seccompiler::BpfProgram = filter.try_into().unwrap();
    // SAFETY: between fork and exec only system calls are made.
    unsafe { command.pre_exec(move || seccompiler::apply_filter(&program).map_err(std::io::Error::other)) };
    command
}

const PR_SET_SECCOMP: u64 = 22;

#[test]
fn a_missing_layer_stops_everything_until_it_is_lifted_by_name_and_then_all_say_so() {
    for (layer, call, argument) in
        [("landlock", libc::SYS_landlock_create_ruleset, None), ("seccomp", libc::SYS_prctl, Some(PR_SET_SECCOMP))]
    {
        let files = Files::new(&[response(json!("double"), "gt_only", RIGHT)]);
        let without = |more: &[&str]| lacking(files.grade(more), call, argument);
        expect(&mut without(&[]), 3, &[&format!("layer `{layer}`"), "--unsafe-sandbox"]);
        assert!(!files.path("out.jsonl").exists());
        expect(
            &mut without(&["--unsafe-sandbox"]),
            0,
            &["correct 1", &format!("UNSAFE: untrusted code ran without {layer}")],
        );
        let doctor = |more: &[&str]| {
            let mut command = program(root());
            command.arg("doctor").args(more);
            lacking(command, call, argument)
        };
        expect(&mut doctor(&[]), 3, &[layer, "MISSING"]);
        expect(&mut doctor(&["--unsafe-sandbox"]), 0, &["UNSAFE", layer]);
    }
}

#[test]
fn a_second_wall_may_be_missing() {
    let files = Files::new(&[response(json!("double"), "gt_only", RIGHT)]);
    let without = |mut command: Command| {
        command.stdout(std::process::Stdio::piped());
        lacking(command, libc::SYS_unshare, None)
    };
    expect(&mut without(files.grade(&[])), 0, &["correct 1"]);
    let mut doctor = program(root());
    doctor.arg("doctor");
    expect(&mut without(doctor), 0, &["namespaces   absent", "Ready"]);
}

#[test]
fn a_paper_made_without_a_layer_says_so() {
    let project = Project::new();
    let out = project.path("runs/tiny");
    let reproduce = |more: &[&str]| {
        let command = project.on_plan("tiny.toml", "reproduce", &out, &[&["--device", "cpu"], more].concat());
        lacking(command, libc::SYS_landlock_create_ruleset, None)
    };
    expect(&mut reproduce(&[]), 3, &["layer `landlock`"]);
    expect(&mut reproduce(&["--unsafe-sandbox"]), 0, &["UNSAFE", "the paper says so", "the attacks were not run"]);
    let ledger = std::fs::read_to_string(out.join("ledger.jsonl")).unwrap();
    assert!(ledger.lines().all(|l| l.contains("\"unsafe_without\":[\"landlock\"]")));
}

/// Every CPython from 3.9 on that this machine has.
#[test]
fn the_fast_attacks_end_the_same_on_every_python() {
    let versions = ["3.9", "3.10", "3.11", "3.12", "3.13"];
    let found: Vec<PathBuf> = versions.iter().filter_map(|v| executable(v)).collect();
    println!("{} of {} versions are here: {found:?}", found.len(), versions.len());
    assert!(!found.is_empty());
    for python in found {
        let mut verify = program(root());
        verify.args(["verify", "--gate", "rewards"]).env("GQ_PYTHON", &python);
        expect(&mut verify, 0, &["holds", "attacks in 5 classes"]);
    }
}

/// A shim may name a version that is not installed, so it is asked.
fn executable(version: &str) -> Option<PathBuf> {
    let name = format!("python{version}");
    let folders =
        std::fs::read_dir(Path::new(&std::env::var_os("HOME")?).join(".pyenv/versions")).into_iter().flatten();
    let installed = folders.flatten().map(|e| e.path().join("bin").join(&name));
    let here = [PathBuf::from(&name)].into_iter().chain(installed);
    here.into_iter().find(|path| Command::new(path).args(["-c", ""]).output().is_ok_and(|o| o.status.success()))
}
