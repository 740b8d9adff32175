//! What a command runs on: device, interpreter, program, inputs. All of it goes into the ledger.

use anyhow::Result;
use backend::DeviceChoice;
use bundle::{Pins, Sha256};
use experiment::manifest::Source;
use experiment::{Manifest, Provenance};
use sandbox::pool::cores;
use sandbox::{Isolation, Limits, Pool, Python};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The device is one of so many that share this machine's cores; `jobs` are asked for on each.
pub(super) fn describe(
    root: &Path,
    manifest: &Manifest,
    (device, devices): (DeviceChoice, usize),
    jobs: Option<usize>,
    isolation: Isolation,
) -> Result<Provenance> {
    let cores = (cores() / devices).max(1);
    let default = match (device, manifest.source) {
        (DeviceChoice::Cpu, _) => cores,
        // Small models share a GPU: more than four at a time gained nothing (docs/measurements/organism-tier.md).
        (_, Source::Organism) => 4,
        (_, Source::Leetcode | Source::Tasks) => 1,
    };
    let jobs = jobs.unwrap_or(default).clamp(1, manifest.runs().len().div_ceil(devices));
    // Starting it says which layers hold here, before any work is done.
    let pool = Pool::new(1, Limits::default(), isolation)?;
    let python = pool.python();
    let mut versions = BTreeMap::from([
        ("gradient-quarantine".into(), env!("CARGO_PKG_VERSION").into()),
        // Every library's version and digest, in one.
        ("Cargo.lock".into(), Sha256::of(include_bytes!("../../../Cargo.lock")).to_string()),
        ("python".into(), python.version.clone()),
        ("python program".into(), interpreter(python)?),
        ("sandbox".into(), pool.layers().to_string()),
    ]);
    if !python.packages.is_empty() {
        versions.insert("python packages".into(), python.packages.join(", "));
    }
    Ok(Provenance {
        device: device.name().into(),
        code: commit(root),
        program: Sha256::of_file(&std::env::current_exe()?)?.0,
        versions,
        inputs: inputs(root)?,
        unsafe_without: pool.layers().missing().into_iter().map(|l| l.name().into()).collect(),
        jobs,
        threads: (cores / jobs).max(1),
    })
}

/// The digest of the interpreter's executable and, where it is a shared library, of that.
fn interpreter(python: &Python) -> Result<String> {
    let digests = python.program.iter().map(|f| Ok(Sha256::of_file(f)?.0.to_string())).collect::<Result<Vec<_>>>()?;
    Ok(digests.join(" "))
}

/// The commit that `root` is a checkout of, marked when files differ from it. Outside a checkout (a Nix store, an
/// archive) the program's own digest, which is always recorded, stands for the code.
fn commit(root: &Path) -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    match (git(&["rev-parse", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        (None, _) => "not a checkout".into(),
    }
}

/// Every shipped input and the claims, with their digests as they are now.
fn inputs(root: &Path) -> Result<BTreeMap<PathBuf, Sha256>> {
    let pins = Pins::load(&root.join(bundle::pins::FILE))?;
    let mut paths: Vec<PathBuf> = pins.shipped().map(|p| p.path.clone()).collect();
    paths.push(verify::claims::FILE.into());
    paths
        .into_iter()
        .map(|path| {
            let full = root.join(&path);
            Ok((path, Sha256::of_file(&full)?.0))
        })
        .collect()
}
