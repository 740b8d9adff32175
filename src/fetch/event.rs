//! What is told while files are brought, and where each was had from.

use crate::FetchError;
use bundle::Sha256;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is told while files are brought.
#[derive(Debug)]
pub enum Event<'a> {
    /// What was found out before the first byte: so much is to be brought, so much of it an earlier call received.
    Planned {
        /// Of sizes that are known.
        bytes: u64,
        /// Of those, what lies in parts.
        received: u64,
    },
    /// A file's size was not known before: so much more is to be brought.
    Learned {
        /// More than planned.
        bytes: u64,
    },
    /// Bytes came.
    Received {
        /// How many.
        bytes: u64,
    },
    /// Bytes that had come were of no use.
    Dropped {
        /// How many.
        bytes: u64,
    },
    /// A try failed, and another will be made.
    Retry {
        /// The file.
        path: &'a Path,
        /// What was wrong.
        reason: &'a str,
        /// Before the next try.
        wait: Duration,
    },
    /// Nothing comes from a file's address: its packages are asked.
    Turned {
        /// The file.
        path: &'a Path,
        /// What was wrong with the address.
        error: &'a FetchError,
    },
    /// A package is asked for.
    Package {
        /// The file that it has a piece of.
        path: &'a Path,
        /// Its name and version.
        package: &'a str,
    },
    /// Another fetch is bringing this file; it is waited for.
    Waiting {
        /// The file.
        path: &'a Path,
    },
    /// A file is in its place.
    Placed(&'a Placed),
    /// A file will not come; the others go on.
    Failed {
        /// The file.
        path: &'a Path,
        /// Why.
        error: &'a FetchError,
    },
}

/// Who hears of it.
pub trait Progress: Sync {
    /// Called from several threads.
    fn tell(&self, event: Event);
}

/// Where a file was had from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was in its place.
    There,
    /// This file of the same machine.
    Copy(PathBuf),
    /// The web.
    Web(String),
    /// Its Python packages.
    Packages,
}

/// A file in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where it is.
    pub path: PathBuf,
    /// What it is, also where the pin has another digest.
    pub sha256: Sha256,
    /// Where it was had from.
    pub source: Source,
}
