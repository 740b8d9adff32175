//! What must be brought, from the pins alone.

use bundle::{Pins, Sha256, Swhid};
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
    /// Where it is to be had.
    pub url: String,
    /// Its size, where that is pinned.
    pub bytes: Option<u64>,
    /// What it must be.
    pub digest: Digest,
}

/// The pinned files of `folder`, as the pins call it, that are not shipped; placed in `to`. With a mirror, a folder of the web
/// that is laid out as the pins are, they are to be had there and not where the pins say.
pub fn wanted(pins: &Pins, folder: &Path, to: &Path, mirror: Option<&str>) -> Vec<Wanted> {
    let each = pins.of(folder).filter_map(|pin| {
        let digest = pin.sha256.map(Digest::Sha256).or(pin.swhid.clone().map(Digest::Git))?;
        let url = match mirror {
            Some(mirror) => format!("{}/{}", mirror.trim_end_matches('/'), pin.path.display()),
            None => pin.url.clone()?,
        };
        pin.url.as_ref()?;
        Some(Wanted { path: to.join(pin.path.file_name()?), url, bytes: pin.bytes, digest })
    });
    each.collect()
}
