//! What a command runs on: device, interpreter, program, inputs. All of it goes into the ledger.

use anyhow::Result;
use bundle::{Pins, Sha256};
use experiment::{Host, Manifest};
use model::DeviceChoice;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub fn describe(root: &Path, manifest: &Manifest, device: DeviceChoice, jobs: Option<usize>) -> Result<Host> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let default = if device == DeviceChoice::Cpu { cores } else { 1 };
    let jobs = jobs.unwrap_or(default).clamp(1, manifest.runs().len());
    let python = sandbox::Python::find()?;
    let versions = BTreeMap::from([
        ("gradient-quarantine".into(), env!("CARGO_PKG_VERSION").into()),
        ("python".into(), python.version),
    ]);
    Ok(Host {
        device: device.name().into(),
        code: option_env!("GQ_COMMIT").unwrap_or("unrecorded").into(),
        program: Sha256::of_file(&std::env::current_exe()?)?.0,
        versions,
        inputs: inputs(root)?,
        jobs,
        threads: (cores / jobs).max(1),
    })
}

/// Every shipped input and the claims, with their digests as they are now.
fn inputs(root: &Path) -> Result<BTreeMap<PathBuf, Sha256>> {
    let pins = Pins::load(&root.join("checksums/pins.toml"))?;
    let mut paths: Vec<PathBuf> = pins.shipped().map(|p| p.path.clone()).collect();
    paths.push(verify::claims::FILE.into());
    paths
        .into_iter()
        .map(|path| {
            let full = root.join(&path);
            let (digest, _) =
                Sha256::of_file(&full).map_err(|source| bundle::BundleError::Read { path: full, source })?;
            Ok((path, digest))
        })
        .collect()
}
