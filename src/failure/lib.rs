//! What kinds of failure there are. Every error says its kind where it is defined; the program's exit code follows from it
//! here, in one match.
//!
//! ```
//! use failure::{Failure, Kind};
//!
//! let refused = Failure::usage("no arm is called `rout2b`; did you mean `route2b`?");
//! assert_eq!(refused.kind, Kind::Usage);
//! assert_eq!(refused.kind.exit_code(), 2);
//! assert_eq!(refused.to_string(), "no arm is called `rout2b`; did you mean `route2b`?");
//! ```

use serde::{Deserialize, Serialize};

/// What an error means for whoever ran the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A gate or a check does not hold: not an accident, a verdict.
    Check,
    /// Words on the command line, or a folder named there, that do not fit.
    Usage,
    /// An input is missing or is not what it should be.
    Input,
    /// No usable device.
    NoDevice,
    /// A device that was usable and failed at its work; the same command goes on, on another one too.
    DeviceFailed,
    /// Work that is not whole; the same command goes on with it.
    Resumable,
    /// A fault of the program's own.
    Bug,
}

impl Kind {
    /// The program's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Check => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::NoDevice => 4,
            Self::DeviceFailed | Self::Resumable => 5,
            Self::Bug => 70,
        }
    }
}

/// A failure that is told in words and has no type of its own.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct Failure {
    /// What it means for whoever ran the program.
    pub kind: Kind,
    words: String,
}

impl Failure {
    /// A check that does not hold.
    pub fn check(words: impl Into<String>) -> Self {
        Self { kind: Kind::Check, words: words.into() }
    }

    /// An input that is missing or is not what it should be.
    pub fn input(words: impl Into<String>) -> Self {
        Self { kind: Kind::Input, words: words.into() }
    }

    /// Words on the command line that mean nothing.
    pub fn usage(words: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, words: words.into() }
    }

    /// Work that is not whole.
    pub fn resumable(words: impl Into<String>) -> Self {
        Self { kind: Kind::Resumable, words: words.into() }
    }
}
