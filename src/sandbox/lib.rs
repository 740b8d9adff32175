//! Runs untrusted Python and brings back plain values. It never learns what the right answer would be, so nothing
//! that runs inside can forge a verdict: it can only return values, print, write into its own folder, or die.
//!
//! | module | what it holds |
//! |---|---|
//! | [`python`] | finding a usable CPython |
//! | [`confine`] | what a response may read (Landlock) and ask of the kernel (seccomp) |
//! | [`layers`] | every layer of isolation, and whether it holds here |
//! | `zygote` | the process that isolates itself and forks one child per response |
//! | `conversation` | what parent and child say to each other, and how a child's end is understood |
//! | [`pool`] | zygotes on all cores, jobs in order, retries |
//! | [`step`] | the named points of a grading, for whoever watches |
//! | [`value`] | Python's plain values and `==` |
//! | [`marshal`] | those values as bytes |
//!
//! `zygote.py` and `child.py` are the two programs that run inside.

pub mod confine;
mod conversation;
pub mod layers;
pub mod marshal;
pub mod pool;
pub mod python;
pub mod step;
pub mod value;
mod zygote;

pub use confine::Files;
pub use layers::{Layer, Layers};
pub use pool::Pool;
pub use python::Python;
pub use value::Value;

use failure::Kind;
use std::path::PathBuf;
use std::time::Duration;

/// One response to run: source text, the calls of its tests, and what to look at afterwards.
#[derive(Clone, Debug, Default)]
pub struct Job {
    pub source: String,
    /// Code that a data set wants before the response, run in the same namespace.
    pub setup: String,
    pub calls: Vec<Call>,
    /// Tests that cannot be written as calls: each runs in a process of its own that the response's code never enters,
    /// against a stand-in whose method calls this response answers.
    pub judged: Vec<String>,
    pub probe: Option<Probe>,
    pub files: Files,
}

/// `Solution().method(arguments)`; the arguments are Python source, evaluated beside the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    pub arguments: String,
    /// Whether the arguments as the call left them are wanted too.
    pub report: bool,
}

/// A look at the response after its calls. Printed text and written files are always reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Is this attribute of a fresh `Solution()` truthy?
    Attribute(String),
    /// Does this function of the module, or method of its `Solution`, return while `Solution` and the method's object are
    /// a stub that has nothing but the problem's method, which returns `None`?
    WithStub { function: String, method: String },
    /// Does everything that the calls returned claim to equal an object it has never seen?
    EqualsAnything,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It answered everything, or left by itself (see [`Observed::left`]).
    Graded,
    /// Its CPU time, or the far longer wall-clock backstop, ran out.
    Timeout,
    Memory,
    /// A signal ended it, or it broke the harness that runs it.
    Crashed,
    /// Nothing can be said about the response: what runs it failed, again and again.
    InfraFailed,
}

/// What a call gave back.
#[derive(Clone, Debug)]
pub struct Returned {
    pub value: Value,
    /// Positional, then named arguments as the call left them, if they were wanted.
    pub arguments: Vec<Value>,
}

/// What a job left behind. Values are `None` where the call raised, was never reached or returned no plain value.
#[derive(Clone, Debug)]
pub struct Observed {
    pub ending: Ending,
    pub compiles: bool,
    pub values: Vec<Option<Returned>>,
    /// Whether each judged test held.
    pub judged: Vec<bool>,
    /// What the probe found, if it was reached.
    pub probe: Option<bool>,
    /// The exit status, if the process left before it had answered everything.
    pub left: Option<i32>,
    pub stdout: String,
    /// Files in the job's folder when it ended: name and the text's beginning, by name.
    pub files: Vec<(String, String)>,
    /// CPU time of the response's process, and wall time of the whole job.
    pub cpu_seconds: f64,
    pub seconds: f64,
    /// How often it was tried and what failed last, if nothing can be said about the response.
    pub failure: Option<String>,
}

impl Observed {
    pub(crate) fn nothing(ending: Ending, job: &Job) -> Self {
        Self {
            ending,
            compiles: false,
            values: vec![None; job.calls.len()],
            judged: vec![false; job.judged.len()],
            probe: None,
            left: None,
            stdout: String::new(),
            files: vec![],
            cpu_seconds: 0.0,
            seconds: 0.0,
            failure: None,
        }
    }

    pub(crate) fn infra_failed(job: &Job, failure: String) -> Self {
        Self { failure: Some(failure), ..Self::nothing(Ending::InfraFailed, job) }
    }
}

/// Ceilings for one job.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What decides a timeout, so that a loaded machine grades as an idle one does.
    pub cpu_seconds: u64,
    /// The backstop for a response that sleeps: in each stretch of this length it has to use a fifth of its CPU time.
    pub wall: Duration,
    pub memory_bytes: u64,
    pub file_bytes: u64,
    pub descriptors: u64,
    /// How much printed text is kept; the rest is read and dropped.
    pub stdout_bytes: usize,
    /// How much a response may answer in all.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_seconds: 10,
            wall: Duration::from_secs(60),
            memory_bytes: 512 << 20,
            file_bytes: 64 << 10,
            descriptors: 16,
            stdout_bytes: 64 << 10,
            answer_bytes: 64 << 20,
        }
    }
}

/// Whether untrusted code may run when a mandatory layer is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    #[default]
    Required,
    /// The user lifted the rule by name: every report says which layers were missing.
    Lifted,
}

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("no Python found: {tried}. Install CPython 3.9 or newer, or set GQ_PYTHON to its path")]
    NoPython { tried: String },
    #[error("{path} is Python {found}, but 3.9 or newer is needed; set GQ_PYTHON to a newer one")]
    OldPython { path: PathBuf, found: String },
    #[error(
        "the isolation layer `{layer}` does not hold here: {reason}. Untrusted code does not run without it; use a kernel that has it, or pass --unsafe-sandbox to run all the same, which every report will say"
    )]
    Layer { layer: &'static str, reason: String },
    #[error("cannot prepare the sandbox: {0}; check that the temporary folder is writable")]
    Folder(std::io::Error),
    #[error("cannot prepare the sandbox's rules: {0}")]
    Rules(String),
    #[error("{python} does not start inside the sandbox: {reason}; run `gradient-quarantine doctor`")]
    Start { python: PathBuf, reason: String },
}

impl SandboxError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoPython { .. }
            | Self::OldPython { .. }
            | Self::Layer { .. }
            | Self::Folder(_)
            | Self::Rules(_)
            | Self::Start { .. } => Kind::Input,
        }
    }
}

pub type Result<T> = std::result::Result<T, SandboxError>;
