//! What people see, as it looked when somebody last looked at it. `just snapshots` writes the files anew.

mod common;

use common::{Project, expect, program, root};

/// What `COMMAND --help` prints.
fn help(command: &[&str]) -> String {
    let output = program(root()).args(command).arg("--help").output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that a help text lists, `help` itself aside.
fn commands(help: &str) -> Vec<&str> {
    let (_, list) = help.split_once("\nCommands:\n").unwrap_or_default();
    let listed = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    listed.filter(|name| *name != "help").collect()
}

/// The program's own help, then that of each command that it names, and of theirs.
fn look(command: &[&str], seen: &mut usize) {
    let text = help(command);
    insta::assert_snapshot!([&["help"], command].concat().join("-"), text);
    *seen += 1;
    for name in commands(&text) {
        look(&[command, &[name]].concat(), seen);
    }
}

#[test]
fn the_program_and_every_command_explain_themselves() {
    let mut seen = 0;
    look(&[], &mut seen);
    assert_eq!(seen, 25, "another command? tell it here");
}

#[test]
fn a_plan_for_slurm_is_arrays_that_wait_for_each_other() {
    let project = Project::new();
    let (out, to) = (project.path("runs"), project.path("slurm"));
    let mut plan = project.on_plan("tiny.toml", "plan", &out, &["--device", "cpu", "--format", "slurm", "--to"]);
    expect(plan.arg(&to), 0, &["pieces; submit them with"]);
    let told: String = ["submit.sh", "task.sh", "aggregate.sh", "base.txt", "first.txt", "later.txt"]
        .map(|name| format!("=== {name}\n{}\n", std::fs::read_to_string(to.join(name)).unwrap()))
        .concat();
    let places = [
        (env!("CARGO_BIN_EXE_gradient-quarantine"), "PROGRAM"),
        (to.parent().unwrap().to_str().unwrap(), "PROJECT"),
        (root().to_str().unwrap(), "CHECKOUT"),
    ];
    let told = places.iter().fold(told, |text, (place, name)| text.replace(place, name));
    insta::assert_snapshot!("slurm", told);
}

/// Whoever plans on a cluster's login node has no GPU there.
#[test]
fn pieces_of_a_plan_for_cuda_ask_for_a_gpu_each_and_others_for_none() {
    let project = Project::new();
    for (device, asks) in [("cuda", true), ("cpu", false)] {
        let (out, to) = (project.path("runs"), project.path(device));
        let mut plan = project.on_plan("tiny.toml", "plan", &out, &["--device", device, "--format", "slurm", "--to"]);
        expect(plan.arg(&to), 0, &["pieces; submit them with"]);
        for script in ["task.sh", "aggregate.sh"] {
            let text = std::fs::read_to_string(to.join(script)).unwrap();
            assert_eq!(text.contains("\n#SBATCH --gres=gpu:1\n"), asks, "{text}");
        }
    }
}

#[test]
fn every_piece_of_a_plan_for_slurm_is_given_what_is_named_in_place_of_its_own() {
    let (project, to) = (Project::new(), "slurm");
    let named = ["--random-weights", "3", "--model", "my model", "--problems", "a.jsonl", "--test", "b.jsonl"];
    let mut plan = program(&project.path(""));
    plan.current_dir(project.path(""))
        .args(["plan", "--tier", "fast", "--device", "cpu", "--format", "slurm", "--to", to]);
    expect(plan.args(named), 0, &["pieces; submit them with"]);
    let told = ["'--model'", "my model'", "'--problems'", "a.jsonl'", "'--test'", "b.jsonl'", "'--random-weights' '3'"];
    for script in ["task.sh", "aggregate.sh"] {
        let text = std::fs::read_to_string(project.path(to).join(script)).unwrap();
        assert!(told.iter().all(|word| text.contains(word)), "{text}");
        assert!(text.contains(&format!("'{}'", project.path("my model").display())), "wherever it runs: {text}");
    }
}
