//! A signature over every file of a folder, in formats that other people's tools check: one in-toto statement, in a DSSE envelope signed
//! with ed25519, and in a Sigstore bundle signed with ECDSA P-256, which `model_signing verify key` reads (it knows no ed25519).
//!
//! | module | what it holds |
//! |---|---|
//! | [`statement`] | what is signed: every file with its digest |
//! | [`keys`] | the author's two keys |
//! | [`envelope`] | the two files that hold signatures |
//!
//! ```
//! use sign::{Keys, PublicKeys, envelope};
//!
//! let (folder, home) = (tempfile::tempdir()?, tempfile::tempdir()?);
//! std::fs::write(folder.path().join("results.json"), "{}")?;
//! let keys = Keys::make(&home.path().join("keys"))?;
//! envelope::sign(folder.path(), "example", &keys)?;
//!
//! let author = PublicKeys::load(&home.path().join("keys"))?;
//! assert_eq!(envelope::verify(folder.path(), &author)?, 1);
//! std::fs::write(folder.path().join("results.json"), "{ }")?;
//! let refused = envelope::verify(folder.path(), &author).unwrap_err();
//! assert!(refused.to_string().contains("results.json"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod envelope;
pub mod keys;
pub mod statement;

pub use keys::{Keys, PublicKeys};

use failure::Kind;
use std::path::PathBuf;

/// Why a folder is not signed, or its signature does not hold.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum SignError {
    #[error(transparent)]
    File(#[from] bundle::BundleError),
    #[error("{path}: {what}; a signature covers plain files: take it away")]
    Odd { path: PathBuf, what: &'static str },
    #[error("{path}: {reason}")]
    Key { path: PathBuf, reason: String },
    #[error("{path}: {reason}")]
    Broken { path: PathBuf, reason: String },
    #[error("{path} is not what was signed: {found}")]
    Differs { path: PathBuf, found: String },
    #[error("{0} is unsigned: it has no {name}", name = envelope::ATTESTATION)]
    Unsigned(PathBuf),
}

impl SignError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(e) => e.kind(),
            Self::Odd { .. } | Self::Key { .. } => Kind::Input,
            Self::Broken { .. } | Self::Differs { .. } | Self::Unsigned(_) => Kind::Check,
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, SignError>;
