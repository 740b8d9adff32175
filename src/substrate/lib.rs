//! The environment: problems, the loopholes of their graders, and the reward that training is paid.
//!
//! | module | what it holds |
//! |---|---|
//! | [`modes`] | a file for each loophole: its hint, marker families, exploit channel and sample hack |
//! | [`problem`] | problems, read from JSONL |
//! | [`asserts`] | their tests, taken apart into calls for the sandbox and what must hold of the answers |
//! | [`partition`] | which problem shows which mode |
//! | [`grading`] | running a response and paying for it |
//! | [`verdict`] | the reward that training sees and the sealed verdict that it cannot |

pub mod asserts;
pub mod grading;
pub mod modes;
pub mod partition;
pub mod problem;
pub mod verdict;

pub use grading::{Graded, Grader, Isolation, Submission};
pub use modes::{Family, Mode};
pub use partition::Partition;
pub use problem::{Problem, PromptedProblem};
pub use verdict::{Reward, Sealed, Verdict};

use failure::Kind;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum SubstrateError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}, line {line}: {reason}")]
    Row { path: PathBuf, line: usize, reason: String },
    #[error("{path}: {reason}")]
    Partition { path: PathBuf, reason: String },
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
}

impl SubstrateError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Read { .. } | Self::Row { .. } | Self::Partition { .. } => Kind::Input,
            Self::Sandbox(e) => e.kind(),
        }
    }
}

pub type Result<T> = std::result::Result<T, SubstrateError>;
