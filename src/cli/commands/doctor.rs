//! `doctor`: what this machine has of what the program needs.

use anyhow::{Result, bail};
use bundle::Pins;
use model::DeviceChoice;
use sandbox::{Job, Limits, Pool, Python};
use std::path::Path;

use crate::exit::CheckFailed;

pub fn run(root: &Path) -> Result<()> {
    let mut missing = vec![];
    let mut line = |name: &str, needed: bool, found: Result<String, String>| {
        let (mark, text) = match &found {
            Ok(text) => ("ok", text),
            Err(text) => (if needed { "MISSING" } else { "absent" }, text),
        };
        println!("{name:<10} {mark:<8} {text}");
        if found.is_err() && needed {
            missing.push(name.to_string());
        }
    };
    line(
        "python",
        true,
        Python::find().map(|p| format!("{} {}", p.path.display(), p.version)).map_err(|e| e.to_string()),
    );
    line("sandbox", true, sandbox());
    for (choice, needed) in [(DeviceChoice::Cpu, true), (DeviceChoice::Wgpu, false), (DeviceChoice::Cuda, false)] {
        line(choice.name(), needed, choice.open().map(|_| "computes".into()).map_err(|e| e.to_string()));
    }
    let pins = Pins::load(&root.join("checksums/pins.toml")).and_then(|p| p.verify(root, Path::new("data")));
    line("data", true, pins.map(|n| format!("{n} shipped files have their pinned bytes")).map_err(|e| e.to_string()));
    if missing.is_empty() {
        println!("\nReady: `gradient-quarantine reproduce` will run.");
        return Ok(());
    }
    // The typed errors carry the exit code of the first thing that is needed and not there.
    Python::find()?;
    DeviceChoice::Cpu.open()?;
    Pins::load(&root.join("checksums/pins.toml"))?.verify(root, Path::new("data"))?;
    bail!(CheckFailed(format!("not ready: {}", missing.join(", "))))
}

/// Runs one harmless job and says which layers of isolation this version has.
fn sandbox() -> Result<String, String> {
    let pool = Pool::new(1, Limits::default()).map_err(|e| e.to_string())?;
    let job = Job { source: "print('here')".into(), ..Job::default() };
    let seen = pool.run(&[job]);
    match seen.first() {
        Some(seen) if seen.stdout == "here\n" => Ok(
            "process per grading, session kill, private folder, limits on CPU, memory, files; no seccomp or Landlock yet".into(),
        ),
        Some(seen) => Err(format!("a test job ended as {:?} and printed {:?}", seen.ending, seen.stdout)),
        None => Err("a test job gave no result".into()),
    }
}
