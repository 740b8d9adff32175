//! `checksums/pins.toml`: the size and digest of every input, where it came from and under which licence.

use crate::{BundleError, Result, Sha256, Swhid, files};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The pin file, relative to the project.
pub const FILE: &str = "checksums/pins.toml";

/// One pinned file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Relative to the project for shipped files, to the fetch folder for others.
    pub path: PathBuf,
    /// The file's size; absent where nobody has stated it.
    pub bytes: Option<u64>,
    /// Digest of the whole file; absent only where there is a `swhid` instead.
    pub sha256: Option<Sha256>,
    /// For files whose upstream publishes a git object but no SHA-256.
    pub swhid: Option<Swhid>,
    /// Absent for files that this repository ships.
    pub url: Option<String>,
    /// The upstream commit that `url` is of.
    pub revision: Option<String>,
    /// The licence's usual short name, or words where upstream states none.
    pub licence: String,
    /// Who made the file, and how its digest is known, in words.
    pub origin: String,
    /// The smallest tier that needs it.
    pub tier: String,
}

/// The pin file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// In the order of the file.
    #[serde(rename = "pin")]
    pub pins: Vec<Pin>,
}

impl Pins {
    /// Reads the file; every pin in it must have a `sha256` or a `swhid`.
    pub fn load(path: &Path) -> Result<Self> {
        let text = files::read_text(path)?;
        let wrong = |reason: String| BundleError::Format { path: path.into(), reason };
        let pins: Self = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        match pins.pins.iter().find(|p| p.sha256.is_none() && p.swhid.is_none()) {
            Some(pin) => Err(wrong(format!("{} has neither sha256 nor swhid", pin.path.display()))),
            None => Ok(pins),
        }
    }

    /// The pins of files that the repository ships.
    pub fn shipped(&self) -> impl Iterator<Item = &Pin> {
        self.pins.iter().filter(|p| p.url.is_none())
    }

    /// The pins of a folder's files, as the pins call it.
    pub fn of<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Pin> {
        self.pins.iter().filter(move |pin| pin.path.parent() == Some(folder))
    }

    /// Checks the pinned files of a fetched folder, wherever a copy of it lies.
    pub fn verify_copy(&self, of: &Path, copy: &Path) -> Result<()> {
        if self.of(of).next().is_none() {
            return Err(BundleError::Extra { path: copy.into() });
        }
        self.of(of).try_for_each(|pin| pin.verify_copy(copy))
    }

    /// Checks a file that is pinned in a fetched folder, wherever it lies.
    pub fn verify_file(&self, of: &Path, file: &Path) -> Result<()> {
        let name = file.file_name().unwrap_or_default();
        match self.pins.iter().find(|p| p.path == of.join(name)) {
            Some(pin) => pin.verify_copy(file.parent().unwrap_or(Path::new(""))),
            None => Err(BundleError::Extra { path: file.into() }),
        }
    }

    /// Checks every shipped file below `root`, and that `folder` holds no file without a pin.
    pub fn verify(&self, root: &Path, folder: &Path) -> Result<usize> {
        for pin in self.shipped() {
            pin.verify(root)?;
        }
        for file in files::list(&root.join(folder))? {
            let path = folder.join(&file);
            if !self.shipped().any(|p| p.path == path) {
                return Err(BundleError::Extra { path });
            }
        }
        Ok(self.shipped().count())
    }
}

impl Pin {
    /// Checks size and digests of this file below `root`.
    pub fn verify(&self, root: &Path) -> Result<()> {
        self.verify_at(root.join(&self.path))
    }

    /// Checks a copy of this file, in whichever folder that lies.
    pub fn verify_copy(&self, folder: &Path) -> Result<()> {
        self.verify_at(folder.join(self.path.file_name().unwrap_or_default()))
    }

    fn verify_at(&self, path: PathBuf) -> Result<()> {
        if !path.is_file() {
            let hint = match &self.url {
                Some(url) => format!("run `gradient-quarantine fetch`, or download {url} to there"),
                None => "it is shipped with the project: git checkout it".into(),
            };
            return Err(BundleError::Missing { path, hint });
        }
        let (digest, size) = Sha256::of_file(&path)?;
        let differs =
            |expected: String, found: String| Err(BundleError::Digest { path: path.clone(), expected, found });
        if let Some(expected) = self.bytes.filter(|&b| b != size) {
            return differs(format!("{expected} bytes"), format!("{size} bytes"));
        }
        if let Some(expected) = self.sha256.filter(|&d| d != digest) {
            return differs(format!("sha256 {expected}"), format!("sha256 {digest}"));
        }
        if let Some(expected) = &self.swhid {
            let found = Swhid::of_file(&path)?;
            if found != *expected {
                return differs(expected.to_string(), found.to_string());
            }
        }
        Ok(())
    }
}
