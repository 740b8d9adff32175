//! A finished tier as one folder that describes itself: what the paper stands on in formats that other people's tools read, and a page
//! on which every number can be followed down to what a model wrote.
//!
//! | module | what it holds |
//! |---|---|
//! | [`folder`] | which files there are, and where they come from |
//! | [`crate_metadata`] | `ro-crate-metadata.json`: a Provenance Run Crate (RO-Crate 1.1, Workflow Run 0.5) |
//! | [`croissant`] | the shipped problems and pairs, described for data tools (Croissant 1.1) |
//! | [`sbom`] | every library of the program (CycloneDX 1.6) |
//! | [`swhid`] | Software Heritage's ids, which are git's |
//! | [`audit`] | the page and its data |
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("file"), "hello\n")?;
//! // What `git hash-object` and `git write-tree` say of it.
//! assert_eq!(publish::swhid::content(b"hello\n"), "swh:1:cnt:ce013625030ba8dba906f756967f9e9ca394464a");
//! assert_eq!(publish::swhid::folder(folder.path())?, "swh:1:dir:fb5a86199f63243160ee5b463d2cd5c36fafeb6d");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod audit;
pub mod crate_metadata;
pub mod croissant;
pub mod folder;
pub mod sbom;
pub mod swhid;

pub use folder::{Finished, Shown, audit_page, publish};

use failure::Kind;
use std::path::PathBuf;

/// Why a tier is not published.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum PublishError {
    #[error(transparent)]
    File(#[from] bundle::BundleError),
    #[error(transparent)]
    Experiment(#[from] experiment::ExperimentError),
    #[error("{path}: {reason}")]
    Format { path: PathBuf, reason: String },
}

impl PublishError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(e) => e.kind(),
            Self::Experiment(e) => e.kind(),
            Self::Format { .. } => Kind::Input,
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, PublishError>;
