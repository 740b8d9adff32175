//! Bytes that can be trusted: digests, pins, safe writes and the run ledger. No machine learning in here.
//!
//! | module | what it holds |
//! |---|---|
//! | [`digest`] | SHA-256 and SWHID as types, so that a wrong string cannot pass for one |
//! | [`files`] | writes that are whole or not there, never over what is not ours |
//! | [`finished`] | what a run in progress has finished |
//! | [`jsonl`] | rows, read as other programs write them |
//! | [`folder`] | what a folder was made from, and which process is at work in it |
//! | [`pins`] | `checksums/pins.toml`: what every input must be |
//! | [`scratch`] | temporary folders, those of killed processes removed |
//! | [`ledger`] | the append-only, hash-chained record of every run |
//!
//! ```
//! use bundle::{Identity, Sha256};
//!
//! let folder = tempfile::tempdir()?;
//! let made_from = |plan: &str| Identity::new([("plan", Sha256::of(plan.as_bytes()))]);
//!
//! made_from("updates = 40").claim(folder.path())?; // an empty folder is marked,
//! made_from("updates = 40").claim(folder.path())?; // and the same inputs may go on in it,
//! let refused = made_from("updates = 80").claim(folder.path()).unwrap_err(); // but no others.
//! assert!(refused.to_string().contains("made from other inputs: its plan"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod digest;
pub mod files;
pub mod finished;
pub mod folder;
pub mod jsonl;
pub mod ledger;
pub mod pins;
pub mod scratch;

pub use digest::{Sha256, Swhid};
pub use files::{Staged, write_atomic};
pub use finished::Finished;
pub use folder::{Identity, Owner};
pub use ledger::{Ledger, LedgerEntry};
pub use pins::{Pin, Pins};
pub use scratch::Scratch;

use failure::Kind;
use std::path::PathBuf;

/// Everything here is about an input or an output file; the message names it and the next step.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum BundleError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {path}: {source}; {}", advice(.source))]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{path} is missing; {hint}")]
    Missing { path: PathBuf, hint: String },
    #[error("{path}: expected {expected}, found {found}; restore the file (git checkout) or fetch it again")]
    Digest { path: PathBuf, expected: String, found: String },
    #[error("{path} is not pinned in checksums/pins.toml; remove it, or pin it if it belongs")]
    Extra { path: PathBuf },
    #[error("{path}, line {line}: {reason}")]
    Row { path: PathBuf, line: usize, reason: String },
    #[error(
        "{path} is a Git LFS pointer, not the file itself: run `git lfs pull` in its repository, or download the file"
    )]
    Pointer { path: PathBuf },
    #[error("{out} is the input {input}: it would be overwritten; choose another output")]
    Overwrites { out: PathBuf, input: PathBuf },
    #[error("{folder} is not empty: choose a new folder")]
    Occupied { folder: PathBuf },
    #[error(
        "{folder} was made from other inputs: {differs}, as identity.json says there; choose another --out, or remove it"
    )]
    OtherInputs { folder: PathBuf, differs: String },
    #[error("{folder}: {owner} is at work there; wait for its end, or stop it")]
    Owned { folder: PathBuf, owner: String },
    #[error("{path}: {reason}")]
    Format { path: PathBuf, reason: String },
    #[error(
        "ledger {path}, entry {line}: {reason}; the record was edited or cut, run `reproduce --fresh` to start anew"
    )]
    Chain { path: PathBuf, line: usize, reason: String },
}

fn advice(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull => "free some space or choose another folder: what is there stays as it was",
        _ => "choose a file in a folder that this user may write into",
    }
}

impl BundleError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            // A full disk stops a run where it can be resumed.
            Self::Write { .. } => Kind::Resumable,
            Self::Overwrites { .. } | Self::Occupied { .. } | Self::OtherInputs { .. } | Self::Owned { .. } => {
                Kind::Usage
            }
            Self::Read { .. }
            | Self::Row { .. }
            | Self::Pointer { .. }
            | Self::Missing { .. }
            | Self::Digest { .. }
            | Self::Extra { .. }
            | Self::Format { .. }
            | Self::Chain { .. } => Kind::Input,
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, BundleError>;
