//! Runs untrusted Python and brings back plain values. It never learns what the right answer would be, so nothing
//! that runs inside can forge a verdict: it can only return values, print, write into its own folder, or die.
//!
//! | module | what it holds |
//! |---|---|
//! | [`python`] | finding a usable CPython |
//! | [`pool`] | the zygotes and the gradings they fork |
//! | [`value`] | Python's plain values: the literal parser and `==` |
//!
//! Layers: a separate process per job in a session of its own, an empty environment, a private folder, limits on CPU
//! time, memory, file size and descriptors, a wall-clock backstop, and a kill of the whole process group.

pub mod pool;
pub mod python;
pub mod value;

pub use pool::Pool;
pub use python::Python;
pub use value::Value;

use std::path::PathBuf;
use std::time::Duration;

/// One response to run: source text, the calls of its test, and what to look at afterwards.
#[derive(Clone, Debug, Default)]
pub struct Job {
    pub source: String,
    /// Code that a data set wants before the response, run in the same namespace.
    pub setup: String,
    pub calls: Vec<Call>,
    pub probe: Option<Probe>,
}

/// `Solution().method(arguments)`; the arguments are Python source made of literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    pub arguments: String,
}

/// A look at the response's namespace after its calls. Printed text and written files are always reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The value of an attribute of a fresh `Solution()`.
    Attribute(String),
    /// Calls a module-level function while `Solution` is a stub whose methods all return `None`;
    /// the value is `True` if it returned normally.
    WithStub(String),
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Graded,
    Timeout,
    Memory,
    Crashed,
    InfraFailed,
}

/// What a job left behind. Values are `None` where the call raised, was never reached or returned no plain value.
#[derive(Clone, Debug)]
pub struct Observed {
    pub ending: Ending,
    pub compiles: bool,
    pub values: Vec<Option<Value>>,
    pub probe: Option<Value>,
    pub stdout: String,
    /// Files in the job's folder when it ended: name and text, by name.
    pub files: Vec<(String, String)>,
    pub seconds: f64,
}

impl Observed {
    pub(crate) fn nothing(ending: Ending, calls: usize) -> Self {
        Self {
            ending,
            compiles: false,
            values: vec![None; calls],
            probe: None,
            stdout: String::new(),
            files: vec![],
            seconds: 0.0,
        }
    }
}

/// Ceilings for one job.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub cpu_seconds: u64,
    pub wall: Duration,
    pub memory_bytes: u64,
    /// Also the most that is read back of standard output and of each file.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpu_seconds: 10, wall: Duration::from_secs(60), memory_bytes: 512 << 20, file_bytes: 64 << 10 }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("no Python found: {tried}. Install CPython 3.9 or newer, or set GQ_PYTHON to its path")]
    NoPython { tried: String },
    #[error("{path} is Python {found}, but 3.9 or newer is needed; set GQ_PYTHON to a newer one")]
    OldPython { path: PathBuf, found: String },
    #[error("cannot prepare the sandbox folder: {0}; check that the temporary folder is writable")]
    Folder(std::io::Error),
}
