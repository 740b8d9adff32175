//! `doctor`: what this machine has of what the program needs.

use crate::exit::CheckFailed;
use anyhow::{Result, bail};
use bundle::Pins;
use model::DeviceChoice;
use sandbox::{Job, Limits, Pool, Python};
use std::path::Path;

pub fn run(root: &Path) -> Result<()> {
    let mut missing = None;
    let mut line = |name: &str, needed: bool, found: Result<String>| match found {
        Ok(text) => println!("{name:<10} ok       {text}"),
        Err(error) => {
            println!("{name:<10} {:<8} {error}", if needed { "MISSING" } else { "absent" });
            if needed {
                missing.get_or_insert(error);
            }
        }
    };
    line("python", true, Python::find().map(|p| format!("{} {}", p.path.display(), p.version)).map_err(Into::into));
    line("sandbox", true, sandbox());
    for (choice, needed) in [(DeviceChoice::Cpu, true), (DeviceChoice::Wgpu, false), (DeviceChoice::Cuda, false)] {
        line(choice.name(), needed, choice.open().map(|_| "computes".into()).map_err(Into::into));
    }
    let pins = Pins::load(&root.join(bundle::pins::FILE)).and_then(|p| p.verify(root, Path::new("data")));
    line("data", true, pins.map(|n| format!("{n} shipped files have their pinned bytes")).map_err(Into::into));
    match missing {
        // Its type says which exit code the first missing thing has.
        Some(error) => Err(error.context("not ready")),
        None => {
            println!("\nReady: `gradient-quarantine reproduce` will run.");
            Ok(())
        }
    }
}

/// Runs one harmless job and says which layers of isolation this version has.
fn sandbox() -> Result<String> {
    let pool = Pool::new(1, Limits::default())?;
    let job = Job { source: "print('here')".into(), ..Job::default() };
    let seen = pool.run(&[job]);
    match seen.first() {
        Some(seen) if seen.stdout == "here\n" => Ok(
            "process per grading, session kill, private folder, limits on CPU, memory, files; no seccomp or Landlock yet".into(),
        ),
        Some(seen) => {
            bail!(CheckFailed(format!("a test job ended as {:?} and printed {:?}", seen.ending, seen.stdout)))
        }
        None => bail!(CheckFailed("a test job gave no result".into())),
    }
}
