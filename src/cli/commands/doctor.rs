//! `doctor`: what this machine has of what the program needs.

use crate::args::ExperimentArgs;
use crate::commands::{fetch, plan};
use crate::format::Format;
use ::fetch::Wanted;
use anyhow::{Result, anyhow, bail};
use backend::{Backend, DeviceChoice};
use bundle::Pins;
use experiment::Manifest;
use failure::Failure;
use sandbox::{Isolation, IsolationLayer, Limits, Pool, Python, SandboxJob};
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn run(root: &Path, isolation: Isolation, format: Format) -> Result<()> {
    let mut missing = None;
    let mut line = |name: &str, needed: bool, found: Result<String>| match found {
        Ok(text) => {
            format.say(|| format!("{name:<14} ok       {text}"), "check", || checked(name, needed, true, &text))
        }
        Err(error) => {
            let (word, text) = (if needed { "MISSING" } else { "absent" }, error.to_string());
            format.say(|| format!("{name:<14} {word:<8} {text}"), "check", || checked(name, needed, false, &text));
            if needed {
                missing.get_or_insert(error);
            }
        }
    };
    line("python", true, Python::find().map(|p| interpreter(&p)).map_err(Into::into));
    let pool = Pool::new(1, Limits::default(), isolation);
    line("sandbox", true, pool.map_err(Into::into).and_then(|pool| sandbox(&pool)));
    // Started without a rule, so that every layer is shown, also when one is missing.
    if let Ok(open) = Pool::new(1, Limits::default(), Isolation::Lifted) {
        for layer in IsolationLayer::ALL {
            let found = open.layers().fault(layer).map_or(Ok(layer.purpose().into()), |why| Err(anyhow!("{why}")));
            line(&format!("  {}", layer.name()), layer.is_mandatory() && isolation == Isolation::Required, found);
        }
    }
    for (choice, needed) in [(DeviceChoice::Cpu, true), (DeviceChoice::Wgpu, false), (DeviceChoice::Cuda, false)] {
        line(choice.name(), needed, Backend::open(choice).map(|_| "computes".into()).map_err(Into::into));
    }
    let pins = Pins::load(&root.join(bundle::pins::FILE)).and_then(|p| p.verify(root, Path::new("data")));
    line("data", true, pins.map(|n| format!("{n} shipped files have their pinned bytes")).map_err(Into::into));
    for tier in Manifest::tiers() {
        let chosen = ExperimentArgs { tier: tier.into(), plan: None, out: None };
        let (manifest, _) = plan::open(root, &chosen)?;
        if manifest.fetched().next().is_some() {
            line(&format!("tier {tier}"), false, fetched(root, &manifest));
        }
    }
    match missing {
        // Its type says which exit code the first missing thing has.
        Some(error) => Err(error.context("not ready")),
        None => {
            format.remark(|| "\nReady: `gradient-quarantine reproduce` will run.".into());
            Ok(())
        }
    }
}

fn checked(name: &str, needed: bool, ok: bool, text: &str) -> Value {
    json!({ "name": name.trim(), "needed": needed, "ok": ok, "text": text })
}

/// Whether what a tier reads and is not shipped is there. To look into gigabytes is left to who reads them.
fn fetched(root: &Path, manifest: &Manifest) -> Result<String> {
    let files = fetch::files(root, manifest)?;
    let there = |file: &&Wanted| {
        file.path.metadata().is_ok_and(|about| about.is_file() && file.bytes.is_none_or(|bytes| bytes == about.len()))
    };
    let (found, all) = (files.iter().filter(there).count(), files.len());
    match files.iter().find(|file| !there(file)) {
        None => Ok(format!("{all} fetched files are there and as long as they should be")),
        Some(first) => bail!(Failure::check(format!(
            "{found} of {all} fetched files are there and whole; the first that is not: {}; `gradient-quarantine fetch --tier {}` \
             brings them",
            first.path.display(),
            manifest.name
        ))),
    }
}

fn interpreter(python: &Python) -> String {
    let packages =
        if python.packages.is_empty() { String::new() } else { format!(", and {}", python.packages.join(", ")) };
    format!("{} {}{packages}", python.path.display(), python.version)
}

/// Runs one harmless job.
fn sandbox(pool: &Pool) -> Result<String> {
    let job = SandboxJob { source: "print('here')".into(), ..SandboxJob::default() };
    let seen = pool.run(&job);
    if seen.stdout != "here\n" {
        bail!(Failure::check(format!("a test job ended as {:?} and printed {:?}", seen.ending, seen.stdout)))
    }
    Ok(match pool.layers().missing().as_slice() {
        [] => "a process per grading behind every mandatory layer".into(),
        missing => {
            let names: Vec<&str> = missing.iter().map(|l| l.name()).collect();
            format!("UNSAFE: lifted by --unsafe-sandbox, without {}", names.join(", "))
        }
    })
}
