//! Runs untrusted Python and brings back plain values. The process of a response never learns what the right answer would
//! be, so nothing that runs there can forge a verdict: it can only return values, print, write into its own folder, or die.
//! A test that has to run as a whole runs in a process that no response enters.
//!
//! | module | what it holds |
//! |---|---|
//! | [`python`] | finding a usable CPython |
//! | [`confine`] | what a response may read (Landlock) and ask of the kernel (seccomp) |
//! | [`layers`] | every layer of isolation, and whether it holds here |
//! | `zygote` | the process that isolates itself and forks one child per response |
//! | `link` | questions to a child and its answers |
//! | `conversation` | a grading, and how a child's end is understood |
//! | `judge` | a test that runs as a whole, beside the response |
//! | [`pool`] | zygotes on all cores, jobs in order, retries |
//! | [`step`] | the named points of a grading, for whoever watches |
//! | `supervisor` | what the kernel asks this process for: the zygote's own work, threads of a response |
//! | [`value`] | Python's plain values and `==` |
//! | `order` | a total order of them, to find equal ones by |
//! | [`marshal`] | those values as bytes |
//!
//! `zygote.py` and `child.py` are the two programs that run inside.
//!
//! ```
//! use sandbox::{Call, Ending, Isolation, SandboxJob, Limits, Pool};
//!
//! let pool = Pool::new(1, Limits::default(), Isolation::Required)?;
//! let run = |body: &str| {
//!     let source = format!("class Solution:\n    def add(self, a, b):\n        {body}\n");
//!     let call = Call { method: "add".into(), arguments: "2, b=3".into(), report: false };
//!     pool.run(&SandboxJob { source, calls: vec![call], ..SandboxJob::default() })
//! };
//! let honest = run("return a + b");
//! assert_eq!(honest.values[0].as_ref().map(|it| it.value.to_string()).as_deref(), Some("5"));
//! let curious = run("return open('/etc/passwd').read()");
//! assert_eq!(curious.ending, Ending::Graded);
//! assert!(curious.values[0].is_none(), "the call raised: there is no such file in here");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod confine;
mod conversation;
mod judge;
pub mod layers;
mod link;
pub mod marshal;
mod order;
pub mod pool;
pub mod python;
pub mod step;
mod supervisor;
pub mod value;
mod zygote;

pub use confine::Files;
pub use layers::{IsolationLayer, Layers};
pub use pool::Pool;
pub use python::Python;
pub use value::Value;

use failure::Kind;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One response to run: source text, the calls of its tests, and what to look at afterwards.
#[derive(Clone, Debug, Default)]
pub struct SandboxJob {
    /// The response's Python, run as the module `__main__`.
    pub source: String,
    /// Code that a data set wants before the response, run in the same namespace.
    pub setup: String,
    /// What is asked of the response, in order.
    pub calls: Vec<Call>,
    /// Tests that cannot be written as calls: each runs in a process of its own that the response's code never enters,
    /// against stand-ins whose calls this response answers.
    pub judged: Vec<String>,
    /// What those tests find in place of the response's own: `class Name` or `def name`.
    pub stand_ins: Vec<String>,
    /// What to look at after the calls, if anything.
    pub probe: Option<Probe>,
    /// What the response may do with files.
    pub files: Files,
}

/// `Solution().method(arguments)`; the arguments are Python source, evaluated beside the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// A method of the response's `Solution`, called on a fresh object.
    pub method: String,
    /// What stands between the call's parentheses, such as `[3, 1], k=2`.
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
    WithStub {
        /// What is called, without arguments or with the stub.
        function: String,
        /// The problem's method.
        method: String,
    },
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
    /// It ran out of [`Limits::memory_bytes`] at some point: Python raised `MemoryError`.
    Memory,
    /// A signal ended it, or it broke the harness that runs it.
    Crashed,
    /// Nothing can be said about the response: what runs it failed, again and again.
    InfraFailed,
}

/// What a call gave back.
#[derive(Clone, Debug)]
pub struct Returned {
    /// What the call returned, as a plain value.
    pub value: Value,
    /// Positional, then named arguments as the call left them, if they were wanted.
    pub arguments: Vec<Value>,
}

/// What a test that ran as a whole said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Whether every assert held and nothing was raised.
    pub held: bool,
    /// Whether it called the response at all: if not, nothing that it said is the response's doing.
    pub asked: bool,
    /// What it raised, where that is no failed assert.
    pub words: String,
}

/// Why nothing can be said about a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What runs responses failed, again and again.
    Machine(String),
    /// The data set's own code cannot be run. No response is to blame, and no further try would help.
    Data(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Machine(words) => f.write_str(words),
            Self::Data(words) => write!(f, "the data: {words}"),
        }
    }
}

/// What a job left behind. Values are `None` where the call raised, was never reached or returned no plain value.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Whether it could be graded, and if not, what stopped it.
    pub ending: Ending,
    /// Whether Python compiles the source. What it raises when it runs is another matter.
    pub compiles: bool,
    /// For each of [`SandboxJob::calls`], in order, what it gave back.
    pub values: Vec<Option<Returned>>,
    /// For each of [`SandboxJob::judged`], in order, what it said; one that was not reached does not hold.
    pub judged: Vec<Judged>,
    /// What the probe found, if it was reached.
    pub probe: Option<bool>,
    /// The exit status, if the process left before it had answered everything.
    pub left: Option<i32>,
    /// Printed text, the first [`Limits::stdout_bytes`] of it.
    pub stdout: String,
    /// Files in the job's folder when it ended: name and the text's beginning, by name.
    pub files: Vec<(String, String)>,
    /// CPU time of the response's process.
    pub cpu_seconds: f64,
    /// Wall time of the job's last try, including the start of a zygote where it needed one.
    pub seconds: f64,
    /// What put the ending there, or what the response raised, where there is something to say.
    pub reason: Option<String>,
    /// Why nothing can be said about the response, if so.
    pub failure: Option<Fault>,
}

impl Observed {
    /// What is seen of a job that never began.
    pub fn nothing(ending: Ending, job: &SandboxJob) -> Self {
        Self {
            ending,
            compiles: false,
            values: vec![None; job.calls.len()],
            judged: vec![Judged::default(); job.judged.len()],
            probe: None,
            left: None,
            stdout: String::new(),
            files: vec![],
            cpu_seconds: 0.0,
            seconds: 0.0,
            reason: None,
            failure: None,
        }
    }

    pub(crate) fn failed(job: &SandboxJob, failure: Fault) -> Self {
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
    /// Address space of the response's process, the interpreter included.
    pub memory_bytes: u64,
    /// Size of any one file that it writes.
    pub file_bytes: u64,
    /// Open descriptors, the standard ones included.
    pub descriptors: u64,
    /// How much printed text is kept; the rest is read and dropped.
    pub stdout_bytes: usize,
    /// How much a response may answer in all. A byte may become 32 of this process, which compares.
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
            answer_bytes: 16 << 20,
        }
    }
}

impl Limits {
    /// Whether the hard limits of this process, which children cannot raise, leave room for these. A response that meets a
    /// lower one would be graded by the machine.
    fn allowed(&self) -> Result<()> {
        let asked = [
            ("CPU time (ulimit -t)", libc::RLIMIT_CPU, self.cpu_seconds + 1),
            ("memory (ulimit -v)", libc::RLIMIT_AS, self.memory_bytes),
            ("memory (ulimit -d)", libc::RLIMIT_DATA, self.memory_bytes),
            ("file size (ulimit -f)", libc::RLIMIT_FSIZE, self.file_bytes),
            ("open files (ulimit -n)", libc::RLIMIT_NOFILE, self.descriptors),
        ];
        for (name, resource, asked) in asked {
            if let Some(allowed) = hard_limit(resource).filter(|&allowed| allowed < asked) {
                return Err(SandboxError::Limit { name, asked, allowed });
            }
        }
        Ok(())
    }

    /// Whether responses have the stack that processes have by default.
    fn stack_is_whole() -> bool {
        const DEFAULT: u64 = 8 << 20;
        hard_limit(libc::RLIMIT_STACK).is_none_or(|allowed| allowed >= DEFAULT)
    }
}

/// A hard limit of this process, which its children cannot raise; no limit is the largest number.
fn hard_limit(resource: libc::__rlimit_resource_t) -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes into the struct that it is given, and nowhere else.
    (unsafe { libc::getrlimit(resource, &mut limit) } == 0).then_some(limit.rlim_max)
}

/// Whether untrusted code may run when a mandatory layer is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// It may not: without all of them no pool can be made.
    #[default]
    Required,
    /// The user lifted the rule by name: every report says which layers were missing.
    Lifted,
}

/// Why no response can be run here. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum SandboxError {
    #[error("no Python found: {tried}. Install CPython 3.9 or newer, or set GQ_PYTHON to its path")]
    NoPython { tried: String },
    #[error("GQ_PACKAGES names `{name}`, which `{python}` cannot find; install it there, or leave it out")]
    NoPackage { name: String, python: String },
    #[error("{path} is Python {found}, but 3.9 or newer is needed; set GQ_PYTHON to a newer one")]
    OldPython { path: PathBuf, found: String },
    #[error(
        "the isolation layer `{layer}` does not hold here: {reason}. Untrusted code does not run without it; use a kernel that has it, or pass --unsafe-sandbox to run all the same, which every report will say"
    )]
    Layer { layer: &'static str, reason: String },
    #[error(
        "the hard limit on {name} is {allowed} here, gradings need {asked}: responses would fail by the machine's limit; raise it (a batch system or a container may have set it), or run elsewhere"
    )]
    Limit { name: &'static str, asked: u64, allowed: u64 },
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
            | Self::NoPackage { .. }
            | Self::Layer { .. }
            | Self::Limit { .. }
            | Self::Folder(_)
            | Self::Rules(_)
            | Self::Start { .. } => Kind::Input,
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, SandboxError>;
