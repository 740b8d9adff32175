//! What must be brought, from the pins alone.

use bundle::pins::Package;
use bundle::{Pin, Pins, Sha256, Swhid};
use std::fmt;
use std::path::{Path, PathBuf};

/// What a file's bytes must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Digest {
    /// The SHA-256 of the file.
    Sha256(Sha256),
    /// Git's id of the file, where upstream publishes nothing else.
    Git(Swhid),
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Sha256(digest) => write!(f, "sha256 {digest}"),
            Self::Git(id) => id.fmt(f),
        }
    }
}

impl Digest {
    /// The digits alone, for a file's name.
    pub(crate) fn hex(&self) -> String {
        match self {
            Self::Sha256(digest) => digest.to_string(),
            Self::Git(id) => id.hex().into(),
        }
    }
}

/// One file to bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is to be.
    pub path: PathBuf,
    /// Where it is to be had; of a file that is made here, in words.
    pub url: String,
    /// Its size, where that is pinned.
    pub bytes: Option<u64>,
    /// What it must be.
    pub digest: Digest,
    /// Where it is to be had in pieces, if nothing comes from its address.
    pub packages: Vec<Package>,
}

impl Wanted {
    /// A pinned file that the web has, placed in `to`; none if it is shipped or made. With a mirror, a folder of the web that is
    /// laid out as the pins are, it is to be had there and not where the pin says.
    pub fn of(pin: &Pin, to: &Path, mirror: Option<&str>) -> Option<Self> {
        let url = pin.url.as_ref()?;
        match mirror {
            Some(mirror) => {
                let url = format!("{}/{}", mirror.trim_end_matches('/'), pin.path.display());
                Self::at(pin, to, url, vec![])
            }
            None => Self::at(pin, to, url.clone(), pin.packages.clone()),
        }
    }

    /// A pinned file that is made here, placed in `to`; none if it is not.
    pub fn made(pin: &Pin, to: &Path) -> Option<Self> {
        let of = pin.made_of.as_ref()?;
        Self::at(pin, to, format!("an import of {}", of.display()), vec![])
    }

    fn at(pin: &Pin, to: &Path, url: String, packages: Vec<Package>) -> Option<Self> {
        let digest = pin.sha256.map(Digest::Sha256).or(pin.swhid.clone().map(Digest::Git))?;
        Some(Self { path: to.join(pin.path.file_name()?), url, bytes: pin.bytes, digest, packages })
    }
}

/// The pinned files of `folder`, as the pins call it, that the web has; placed in `to`.
pub fn wanted(pins: &Pins, folder: &Path, to: &Path, mirror: Option<&str>) -> Vec<Wanted> {
    pins.of(folder).filter_map(|pin| Wanted::of(pin, to, mirror)).collect()
}
