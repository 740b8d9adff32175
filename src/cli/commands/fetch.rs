//! `fetch`: what a tier reads and the project does not ship, brought to where the tier looks for it.

use crate::args::{ExperimentArgs, Fetch as Args};
use crate::commands::{plan, reproduce};
use crate::progress::Transfer;
use anyhow::{Result, bail};
use bundle::{BundleError, Pins, pins};
use experiment::Manifest;
use experiment::manifest::Source as Data;
use failure::Failure;
use fetch::{Digest, Fetch, Placed, Settings, Source, Wanted, wanted};
use std::path::{Path, PathBuf};

pub(super) fn run(root: &Path, args: &Args) -> Result<()> {
    let chosen = ExperimentArgs { tier: args.tier.clone(), plan: args.plan.clone(), out: None };
    let (manifest, _) = plan::open(root, &chosen)?;
    if manifest.source == Data::Organism {
        println!("tier {}: everything that it reads is shipped, there is nothing to fetch", manifest.name);
        return Ok(());
    }
    let mut settings = Settings::from_env(|name| std::env::var(name).ok())?;
    settings.offline |= args.offline;
    let mirror = args.from.as_deref().filter(|from| from.starts_with("http://") || from.starts_with("https://"));
    if let Some(mirror) = mirror.filter(|_| settings.offline) {
        bail!(Failure::usage(format!("--from {mirror} and --offline (or HF_HUB_OFFLINE) contradict each other")));
    }
    let folders: Vec<PathBuf> = args.from.iter().filter(|_| mirror.is_none()).map(PathBuf::from).collect();
    let files = files(root, args.to.as_deref(), &manifest, mirror)?;
    println!("tier {}: {} files; what of them is on this machine is found first", manifest.name, files.len());
    let stop = reproduce::stop_flag("stopping; Ctrl-C again stops at once")?;
    let progress = Transfer::new();
    let placed = Fetch { settings: &settings, folders: &folders, progress: &progress, stop: &stop }.all(&files);
    progress.finish();
    tell(&files, &placed?);
    Ok(())
}

/// The files of every folder that the manifest names, each by its pin.
pub(super) fn files(root: &Path, to: Option<&Path>, manifest: &Manifest, mirror: Option<&str>) -> Result<Vec<Wanted>> {
    let pins = Pins::load(&root.join(pins::FILE))?;
    let mut files = vec![];
    for folder in manifest.fetched() {
        let name = Path::new(folder.file_name().unwrap_or_default());
        let to = to.map_or_else(|| root.join(folder), |to| to.join(name));
        let of_folder = wanted(&pins, name, &to, mirror);
        if of_folder.is_empty() {
            bail!(BundleError::Extra { path: folder.clone() });
        }
        files.extend(of_folder);
    }
    Ok(files)
}

fn tell(files: &[Wanted], placed: &[Placed]) {
    let count = |is: fn(&Source) -> bool| placed.iter().filter(|file| is(&file.source)).count();
    let there = count(|source| *source == Source::There);
    let copied = count(|source| matches!(source, Source::Copy(_)));
    let came = placed.len() - there - copied;
    println!(
        "{there} files were there, {copied} come from this machine, {came} were downloaded; all have their pinned bytes"
    );
    for (file, placed) in files.iter().zip(placed).filter(|(file, _)| matches!(file.digest, Digest::Git(_))) {
        println!(
            "{}: sha256 {}, which upstream does not publish; checked by {} and written down beside it",
            placed.path.display(),
            placed.sha256,
            file.digest
        );
    }
}
