//! What the runs read that is not shipped, as the ledger recorded it, beside the pins: which model, which problems, and whether
//! they are the pinned ones.

use bundle::{Ledger, Pin, Pins, Sha256};
use experiment::Manifest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a paper says of its inputs.
#[derive(Serialize)]
pub(crate) struct Inputs {
    /// The pinned model by its publisher's name, and the revision.
    pub model: Option<[String; 2]>,
    /// Every file that is not shipped.
    pub files: Vec<File>,
    /// What of them is not what is pinned, in words; it stands on every page.
    pub unpinned: BTreeSet<String>,
}

/// One file that was read.
#[derive(Serialize)]
pub(crate) struct File {
    name: String,
    sha256: Sha256,
    origin: String,
    licence: String,
}

impl Inputs {
    /// Of all runs of a plan.
    pub(crate) fn of(manifest: &Manifest, pins: &Pins, ledger: &Ledger) -> Self {
        let mut inputs = Self {
            model: manifest.model.as_deref().and_then(|folder| model(folder, pins)),
            files: vec![],
            unpinned: BTreeSet::new(),
        };
        let shipped: BTreeSet<&Path> =
            pins.shipped().map(|pin| pin.path.as_path()).chain([Path::new(verify::claims::FILE)]).collect();
        let read: BTreeMap<&PathBuf, &Sha256> = ledger.entries().iter().flat_map(|entry| &entry.inputs).collect();
        // A plan that fetches nothing reads what is shipped, and gates hold that against its pins.
        let fetches = manifest.fetched().next().is_some();
        for (path, digest) in read.into_iter().filter(|(path, _)| fetches && !shipped.contains(path.as_path())) {
            let pin = pin(manifest, pins, path, digest);
            if pin.is_none() {
                inputs.unpinned.insert(unpinned(path));
            }
            inputs.files.push(File::of(path, digest, pin));
        }
        inputs
    }
}

impl File {
    fn of(path: &Path, digest: &Sha256, pin: Option<&Pin>) -> Self {
        let first = |words: &str| words.split(';').next().unwrap_or_default().trim().to_string();
        // Where a file of one's own lies is nobody's business.
        let name = pin.map_or(path.file_name().unwrap_or_default().as_ref(), |pin| pin.path.as_path());
        Self {
            name: name.display().to_string(),
            sha256: *digest,
            origin: pin.map_or("not pinned".into(), |pin| first(&pin.origin)),
            licence: pin.map_or(String::new(), |pin| first(&pin.licence)),
        }
    }
}

/// The pin that a file has, by its bytes. Of a file with git's id alone the place says it: it was checked when it was read.
fn pin<'a>(manifest: &Manifest, pins: &'a Pins, path: &Path, digest: &Sha256) -> Option<&'a Pin> {
    let named = |pin: &&Pin| pin.path.file_name() == path.file_name();
    manifest.fetched().find_map(|folder| {
        let there = |pin: &&Pin| pin.sha256.map_or(path.parent() == Some(folder), |pinned| pinned == *digest);
        pins.pins.iter().filter(named).filter(|pin| pin.path.parent() == folder.file_name().map(Path::new)).find(there)
    })
}

/// A file that is not pinned, in words.
fn unpinned(path: &Path) -> String {
    match path.extension().and_then(|extension| extension.to_str()) {
        // Weights that were drawn have words for a name.
        None => path.display().to_string(),
        Some("safetensors") => "weights that are not pinned".into(),
        Some("jsonl") => "problems that are not pinned".into(),
        Some(_) => "model settings that are not pinned".into(),
    }
}

/// The model of a pinned folder, by the address that its files, or what they are made of, have at the hub.
fn model(folder: &Path, pins: &Pins) -> Option<[String; 2]> {
    let name = Path::new(folder.file_name()?);
    let made_of = |pin: &Pin| pins.pins.iter().find(|of| pin.made_of.as_ref() == Some(&of.path))?.url.as_ref();
    let url = pins.of(name).find_map(|pin| pin.url.as_ref().or_else(|| made_of(pin)))?;
    let (repository, revision) = url.strip_prefix("https://huggingface.co/")?.split_once("/resolve/")?;
    Some([repository.into(), revision.split('/').next()?.chars().take(12).collect()])
}
