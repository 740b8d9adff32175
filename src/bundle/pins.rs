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
    /// Absent for files that this repository ships, and for those that are made here.
    pub url: Option<String>,
    /// Of a file that is made here: the pinned file that `import` makes it of.
    pub made_of: Option<PathBuf>,
    /// The upstream commit that `url` is of.
    pub revision: Option<String>,
    /// The licence's usual short name, or words where upstream states none.
    pub licence: String,
    /// Who made the file, and how its digest is known, in words.
    pub origin: String,
    /// The smallest tier that needs it.
    pub tier: String,
    /// Where else it is to be had: in pieces, in this order.
    #[serde(rename = "package", default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Package>,
}

/// A Python package with a piece of a file in it. It is data: nothing of it is ever imported or run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// As pip knows it.
    pub name: String,
    /// The one version.
    pub version: String,
    /// The package itself, a wheel.
    pub wheel: Content,
    /// Where in the wheel the piece lies.
    pub file: String,
    /// The piece.
    pub holds: Content,
}

/// What bytes must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// How many.
    pub bytes: u64,
    /// Their digest.
    pub sha256: Sha256,
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
        if let Some(pin) = pins.pins.iter().find(|p| p.sha256.is_none() && p.swhid.is_none()) {
            return Err(wrong(format!("{} has neither sha256 nor swhid", pin.path.display())));
        }
        let is_of = |pin: &Pin, path: &PathBuf| pin.path == *path && pin.url.is_some();
        let made = |pin: &&Pin| pin.made_of.as_ref().is_some_and(|of| !pins.pins.iter().any(|other| is_of(other, of)));
        match pins.pins.iter().find(made) {
            Some(pin) => Err(wrong(format!("{} is made of a file that no pin brings", pin.path.display()))),
            None => Ok(pins),
        }
    }

    /// The pins of files that the repository ships.
    pub fn shipped(&self) -> impl Iterator<Item = &Pin> {
        self.pins.iter().filter(|p| p.url.is_none() && p.made_of.is_none())
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
            let hint = match (&self.url, &self.made_of) {
                (Some(url), _) => format!("run `gradient-quarantine fetch`, or download {url} to there"),
                (None, Some(of)) => format!("run `gradient-quarantine fetch`, which makes it of {}", of.display()),
                (None, None) => "it is shipped with the project: git checkout it".into(),
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
