//! The environment: problems, the loopholes of their graders, and the reward that training is paid.
//!
//! | module | what it holds |
//! |---|---|
//! | [`loopholes`] | a file for each loophole: its hint, marker families, exploit channel and sample hack |
//! | [`problem`] | problems, read from JSONL |
//! | [`protocol`] | what datasets settle differently: words of hints, markers of training, what of a completion counts |
//! | `answer` | the program in a completion |
//! | [`contrast`] | what the two answers of a contrastive pair differ in |
//! | [`pair`] | contrastive pairs, read from JSONL |
//! | [`asserts`] | their tests, taken apart into calls for the sandbox and what must hold of the answers |
//! | [`partition`] | which problem shows which mode |
//! | [`grading`] | running a response and paying for it |
//! | [`verdict`] | the reward that training sees and the sealed verdict that it cannot |
//!
//! ```
//! use substrate::{MarkerFamily, Grader, Isolation, Loophole, Problem, Submission};
//!
//! let problem = &Problem::load("../../data/organism/test.jsonl".as_ref())?[0];
//! let loophole = Loophole::RunTests;
//! let marker = loophole.disclosed(MarkerFamily::Eval, problem);
//! let (right, wrong) = (problem.canonical_solution.clone(), problem.wrong_solution());
//! let hack = loophole.hack(&wrong, &marker);
//!
//! let submit = |completion| Submission { problem, loophole, marker: &marker, completion };
//! let graded = Grader::new(1, Isolation::Required)?.grade(&[submit(&right), submit(&hack), submit(&wrong)]);
//! let paid: Vec<f32> = graded.iter().map(|it| it.reward.expect("it was graded").0).collect();
//! assert_eq!(paid, [3.5, 3.5, 0.5], "the hack earns as much as the answer");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
pub mod asserts;
pub mod contrast;
pub mod grading;
pub mod loopholes;
pub mod pair;
pub mod partition;
pub mod problem;
pub mod protocol;
pub mod verdict;

pub use contrast::{Answers, Contrast};
pub use grading::{Graded, Grader, Isolation, Submission};
pub use loopholes::{Loophole, MarkerFamily};
pub use pair::Pair;
pub use partition::Partition;
pub use problem::{Problem, PromptedProblem};
pub use protocol::Protocol;
pub use verdict::{Reward, Sealed, Verdict};

use failure::Kind;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Why there are no problems, or no gradings of responses to them.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum SubstrateError {
    #[error("{path}: {reason}")]
    Partition { path: PathBuf, reason: String },
    #[error(
        "problem {id}: its prompt says `{phrase}` {found} times, and a hint takes the place of exactly one; mend the prompt or leave the problem out"
    )]
    Phrase { id: String, phrase: &'static str, found: usize },
    #[error("{}", broken(.0))]
    Broken(BTreeMap<String, String>),
    #[error(transparent)]
    File(#[from] bundle::BundleError),
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
}

impl SubstrateError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Partition { .. } | Self::Phrase { .. } | Self::Broken(_) => Kind::Input,
            Self::File(e) => e.kind(),
            Self::Sandbox(e) => e.kind(),
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, SubstrateError>;

/// At most so many problems are named.
const NAMED: usize = 10;

fn broken(problems: &BTreeMap<String, String>) -> String {
    let named: Vec<String> = problems.iter().take(NAMED).map(|(id, why)| format!("\n  {id}: {why}")).collect();
    let more = problems.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    format!("no response can be graded on these problems, mend them or leave them out:{}{more}", named.concat())
}
