//! A plan over several devices, which on the CPU are processes: the bytes of one device, whatever becomes of the others.

mod common;

use common::{Project, expect, root};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A project with a plan of four pieces.
struct Plan {
    project: Project,
    plan: PathBuf,
}

impl Plan {
    fn new() -> Self {
        let project = Project::new();
        let plan = project.path("pieces.toml");
        let mut text: toml::Table =
            std::fs::read_to_string(root().join("src/cli/tests/tiny.toml")).unwrap().parse().unwrap();
        text.insert("arms".into(), vec!["vanilla", "route2b"].into());
        text.insert("seeds".into(), vec![7, 8].into());
        text.remove("relearn");
        std::fs::write(&plan, text.to_string()).unwrap();
        Self { project, plan }
    }

    fn run(&self, out: &str, more: &[&str]) -> Command {
        self.call("run", out, more)
    }

    fn call(&self, command: &str, out: &str, more: &[&str]) -> Command {
        let mut run = self.project.program();
        run.args([command, "--device", "cpu", "--jobs", "1"]).args(more).arg("--plan").arg(&self.plan);
        run.arg("--out").arg(self.project.path(out));
        run
    }

    fn on_two(&self, out: &str) -> Command {
        self.run(out, &["--devices", "0,1"])
    }

    /// On two devices, each of which is at work on a run; and their processes, in order.
    fn at_work(&self, out: &str) -> (Child, Vec<u32>) {
        let mut running = self.on_two(out).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        loop {
            let (owners, workers) = (self.owners(out), workers(running.id()));
            if workers.len() == 2 && workers.iter().all(|worker| owners.contains(&format!("process {worker} on"))) {
                return (running, workers);
            }
            assert_eq!(running.try_wait().unwrap(), None, "it ended before both devices were at work");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Who is at work in the runs' folders, in words.
    fn owners(&self, out: &str) -> String {
        let runs = std::fs::read_dir(self.project.path(out)).into_iter().flatten().flatten();
        runs.filter_map(|run| std::fs::read_to_string(run.path().join("log/lock")).ok()).collect()
    }

    /// Every file but what depends on the clock.
    fn bytes(&self, out: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.project.path(out);
        let timed = |file: &Path| file.components().any(|part| part.as_os_str() == train::state::LOG);
        let files = bundle::files::list(&folder).unwrap().into_iter().filter(|file| !timed(file));
        files.map(|file| (file.clone(), std::fs::read(folder.join(file)).unwrap())).collect()
    }
}

/// The processes that one has at work.
fn workers(of: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut found: Vec<u32> = numbers.filter(|&one| parent(one) == Some(of) && is_worker(one)).collect();
    found.sort_unstable();
    found
}

fn ends(running: Child, code: i32) -> String {
    let output = running.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

fn parent(process: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

fn is_worker(process: u32) -> bool {
    let words = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).any(|word| word == b"worker")
}

fn signal(process: u32, name: &str) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
}

/// Waits until none of them is there, which a process that nobody has waited for is not either.
fn are_gone(workers: &[u32]) {
    for _ in 0..600 {
        if !workers.iter().any(|&worker| is_worker(worker)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{workers:?} are still at work");
}

#[test]
fn two_devices_give_the_bytes_of_one_whatever_becomes_of_them() {
    let plan = Plan::new();
    expect(&mut plan.run("one", &[]), 0, &[]);
    expect(&mut plan.on_two("two"), 0, &["cpu devices 0, 1, 1 at a time on each", "16 of 16 updates"]);
    assert!(plan.bytes("one") == plan.bytes("two"), "two devices give other bytes");

    // Nobody else begins in its folder meanwhile. Told to end: in order, and nobody is left.
    let (running, workers) = plan.at_work("stopped");
    let owner = format!("process {} on", running.id());
    for command in ["run", "reproduce"] {
        expect(&mut plan.call(command, "stopped", &[]), 2, &["is at work there", &owner]);
    }
    signal(running.id(), "-TERM");
    let text = ends(running, 5);
    assert!(text.contains("interrupted; run the same command again to go on from update"), "{text}");
    assert!(!text.contains("FAILED"), "{text}");
    are_gone(&workers);

    // Killed: nobody is left either.
    let (mut running, workers) = plan.at_work("stopped");
    running.kill().unwrap();
    running.wait().unwrap();
    are_gone(&workers);

    // All workers are killed, and each is named.
    let (running, workers) = plan.at_work("stopped");
    workers.iter().for_each(|&worker| signal(worker, "-KILL"));
    let text = ends(running, 4);
    assert!(text.contains("error: no device is left"), "{text}");
    for device in ["0", "1"] {
        assert!(text.contains(&format!("{device}: its process ended (signal: 9 (SIGKILL))")), "{text}");
    }

    // One is killed: the other takes up its run, and the end is that of one device.
    let (running, workers) = plan.at_work("stopped");
    signal(workers[1], "-KILL");
    let text = ends(running, 0);
    assert!(text.contains("device 1 FAILED: its process ended (signal: 9 (SIGKILL))"), "{text}");
    assert!(text.contains("16 of 16 updates"), "an update was counted twice:\n{text}");
    assert!(plan.bytes("one") == plan.bytes("stopped"), "the device that was left gives other bytes");

    // A power cut leaves files that never got their name, in pieces that are finished too: the next call removes them.
    let whole = plan.bytes("one");
    for (out, mut again) in [("one", plan.run("one", &[])), ("two", plan.on_two("two"))] {
        for folder in ["", "figures", "base", "base/1/eval", "vanilla-s7", "vanilla-s7/eval", "route2b-s8/log"] {
            let folder = plan.project.path(out).join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(".tmpVK7jYJ"), "half a row").unwrap();
        }
        expect(&mut again, 0, &["results.json"]);
        assert!(plan.bytes(out) == whole, "{out} has other files");
        assert!(!plan.project.path(out).join("route2b-s8/log/.tmpVK7jYJ").exists());
    }
}

#[test]
fn a_failure_that_is_no_devices_ends_the_plan_on_all_of_them() {
    let plan = Plan::new();
    let run = plan.project.path("out/vanilla-s7");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(run.join("state.safetensors"), "of nobody").unwrap();
    expect(&mut plan.on_two("out"), 3, &["error: device ", "state.safetensors holds no usable adapter"]);
}

#[test]
fn devices_that_mean_nothing_are_refused_before_any_work() {
    let plan = Plan::new();
    for (devices, says) in [("0,0", "0 is there twice"), ("first", "numbers such as 0,1"), ("all", "--devices 0,1")] {
        expect(&mut plan.run("out", &["--devices", devices]), 2, &[says]);
    }
    assert!(!plan.project.path("out").exists());
}
