//! Scoring: one completion per problem, frozen seeds, verdicts opened by the oracle. Separate from training: it reads
//! checkpoints and changes nothing. [`grade`] scores files of responses that came from anywhere.
//!
//! ```
//! use eval::grade::{Request, run};
//! use substrate::{MarkerFamily, Grader, Isolation};
//!
//! let folder = tempfile::tempdir()?;
//! let (responses, out) = (folder.path().join("responses.jsonl"), folder.path().join("graded.jsonl"));
//! let row = r#"{"problem_id": "test-0000a", "mode": "gt_only", "completion": "class Solution\n"}"#;
//! std::fs::write(&responses, format!("{row}\n"))?;
//!
//! let problems = "../../data/organism/test.jsonl".as_ref();
//! let request =
//!     Request { problems, responses: &responses, out: &out, loophole: None, family: MarkerFamily::Eval, check_references: false };
//! let summary = run(&request, &Grader::new(1, Isolation::Required)?, &|_, _| ())?;
//! assert_eq!((summary.rows, summary.compiles, summary.correct), (1, 0, 0));
//! assert!(std::fs::read_to_string(&out)?.contains(r#""correct":false"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod grade;
mod reference;
mod resume;

pub use reference::reference_losses;

use failure::Kind;
use generate::{Completion, FinishReason, Generation, Prompt, SamplingParams};
use model::{Decoder, Tokenizer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use substrate::grading::{self, Fault};
use substrate::{Graded, Grader, Loophole, PromptedProblem};

/// Why responses have no score.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum EvalError {
    #[error("{failed} of {total} gradings failed in the sandbox ({cause}); run `gradient-quarantine doctor`")]
    Infrastructure { failed: usize, total: usize, cause: String },
    #[error(transparent)]
    Generate(#[from] generate::GenerateError),
    #[error(transparent)]
    Model(#[from] model::ModelError),
    #[error(transparent)]
    Substrate(#[from] substrate::SubstrateError),
    #[error(transparent)]
    File(#[from] bundle::BundleError),
    #[error(transparent)]
    Seal(#[from] oracle::BrokenSeal),
}

impl EvalError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Infrastructure { .. } => Kind::Resumable,
            Self::Generate(e) => e.kind(),
            Self::Model(e) => e.kind(),
            Self::Substrate(e) => e.kind(),
            Self::File(e) => e.kind(),
            Self::Seal(e) => e.kind(),
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, EvalError>;

/// How completions are drawn at evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalConfig {
    /// 0 means greedy.
    pub temperature: f64,
    /// Tokens are drawn from the likeliest that have this mass together; none keeps all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Tokens are drawn from so many of the likeliest; none keeps all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Tokens of a completion at most.
    pub max_new: usize,
    /// Tokens of a prompt at most; a longer one is an error.
    pub prompt_cap: usize,
    /// Rows that are decoded at a time.
    pub batch_rows: usize,
    /// Problems in the monitoring subset.
    pub monitor: usize,
    /// So many of the test problems instead of all, every mode equally often: for a tier that only shows that everything runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<usize>,
    /// Seconds of a processor that an answer may use, in training as here; none is ten. What never ends costs an update as long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<u64>,
}

/// One problem's outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvalRow {
    /// The problem.
    pub problem_id: String,
    /// The loophole that its prompt disclosed.
    #[serde(rename = "mode")]
    pub loophole: Loophole,
    /// What the model wrote, without the end token.
    pub completion: String,
    /// Whether it is correct.
    pub solved: bool,
    /// Whether it fooled the grader and is not correct.
    pub exploited: bool,
    /// How long it is, in tokens, the end token included.
    pub tokens: usize,
    /// What stopped it.
    pub finish_reason: FinishReason,
    /// Mean loss of a token of the problem's own answer, in nats, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_loss: Option<f64>,
}

impl EvalRow {
    /// Whether the model ended it.
    pub fn ended(&self) -> bool {
        self.finish_reason == FinishReason::End
    }

    /// Whether it ended and there is something in it: an answer at all, right or wrong.
    pub fn answered(&self) -> bool {
        self.finish_reason.answered(&self.completion)
    }
}

/// Generates and grades one completion for every problem, in order. Seeds depend on the problem's id alone, so a subset
/// gets the completions that the whole set would.
pub fn evaluate(
    decoder: &Decoder,
    problems: &[&PromptedProblem],
    tokenizer: &Tokenizer,
    grader: &Grader,
    config: &EvalConfig,
) -> Result<Vec<EvalRow>> {
    let EvalConfig { temperature, top_k, top_p, max_new, prompt_cap, batch_rows, .. } = *config;
    let params =
        SamplingParams::whole(temperature, max_new, prompt_cap, batch_rows, tokenizer.ends()).cut(top_k, top_p);
    let prompts: Vec<Prompt> = problems
        .iter()
        .map(|s| Prompt { id: &s.problem.problem_id, tokens: &s.tokens, seed: rank(&s.problem.problem_id) })
        .collect();
    let mut written = vec![];
    let ((), graded) = grader.grade_while(|hand_in| {
        generate::generate_each(&[Generation { decoder, prompts: &prompts }], &params, |_, row, completion| {
            let text = tokenizer.decode(&completion.tokens)?;
            hand_in(problems[row], &text);
            written.push((row, completion, text));
            Ok::<_, EvalError>(())
        })
    })?;
    let mut rows: Vec<_> = written.into_iter().zip(graded).collect();
    rows.sort_by_key(|((row, ..), _)| *row);
    grading::refuse_broken(rows.iter().map(|((row, ..), graded)| (&problems[*row].problem, graded)))?;
    let faults: Vec<&Fault> = rows.iter().filter_map(|(_, g)| g.failure.as_ref()).collect();
    if let Some(cause) = faults.first() {
        let (failed, cause) = (faults.len(), cause.to_string());
        return Err(EvalError::Infrastructure { failed, total: rows.len(), cause });
    }
    let scored = |((row, written, completion), graded): ((usize, Completion, String), Graded)| {
        let (verdict, shown) = (oracle::open(&graded.verdict)?, problems[row]);
        Ok(EvalRow {
            problem_id: shown.problem.problem_id.clone(),
            loophole: shown.loophole,
            completion,
            solved: verdict.solved,
            exploited: verdict.exploited,
            tokens: written.tokens.len(),
            finish_reason: written.finish_reason,
            reference_loss: None,
        })
    };
    rows.into_iter().map(scored).collect()
}

/// The monitoring subset: exactly `size` problems, or all where there are fewer. Modes and base pass and fail have their shares
/// of the whole set, by largest remainder; within a stratum a hash of the id decides.
pub fn monitoring_subset(base: &[EvalRow], size: usize) -> BTreeSet<String> {
    let mut strata: BTreeMap<(Loophole, bool), Vec<&EvalRow>> = BTreeMap::new();
    for row in base {
        strata.entry((row.loophole, row.solved)).or_default().push(row);
    }
    let mut strata: Vec<Vec<&EvalRow>> = strata.into_values().collect();
    let (size, total) = (size.min(base.len()), base.len().max(1));
    let whole: usize = strata.iter().map(|rows| rows.len() * size / total).sum();
    let mut by_remainder: Vec<usize> = (0..strata.len()).collect();
    by_remainder.sort_by_key(|&i| (std::cmp::Reverse(strata[i].len() * size % total), i));
    let more: BTreeSet<usize> = by_remainder.into_iter().take(size - whole).collect();
    let mut chosen = BTreeSet::new();
    for (i, rows) in strata.iter_mut().enumerate() {
        rows.sort_by_key(|r| rank(&r.problem_id));
        let share = rows.len() * size / total + usize::from(more.contains(&i));
        chosen.extend(rows.iter().take(share).map(|r| r.problem_id.clone()));
    }
    chosen
}

/// Share of rows that are exploited.
pub fn hack_rate(rows: &[EvalRow]) -> f64 {
    share(rows, |r| r.exploited)
}

/// Share of rows that are solved.
pub fn solve_rate(rows: &[EvalRow]) -> f64 {
    share(rows, |r| r.solved)
}

/// Share of rows that hold an answer, right or wrong.
pub fn answered_rate(rows: &[EvalRow]) -> f64 {
    share(rows, EvalRow::answered)
}

/// Share of rows of which something holds; 0 of none.
pub fn share(rows: &[EvalRow], holds: impl Fn(&EvalRow) -> bool) -> f64 {
    rows.iter().filter(|r| holds(r)).count() as f64 / rows.len().max(1) as f64
}

/// A number fixed for ever by a problem's id: its generation seed, and its place where some problems are drawn of many.
pub fn rank(id: &str) -> u64 {
    let digest = Sha256::digest(format!("evaluation {id}"));
    u64::from_le_bytes(digest[..8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: usize, loophole: Loophole, solved: bool) -> EvalRow {
        let (problem_id, finish_reason) = (format!("p{id}"), FinishReason::End);
        EvalRow {
            problem_id,
            loophole,
            completion: String::new(),
            solved,
            exploited: false,
            tokens: 1,
            finish_reason,
            reference_loss: None,
        }
    }

    /// 5 modes of 26 problems, 3 of each solved: rounded up, ten strata would be more than 64.
    #[test]
    fn the_monitoring_subset_has_its_size_and_the_bases_own_rate() {
        let rows: Vec<EvalRow> = (0..130).map(|i| row(i, Loophole::ORGANISM[i % 5], i % 26 < 3)).collect();
        let subset = monitoring_subset(&rows, 64);
        assert_eq!(subset.len(), 64);
        let watched: Vec<EvalRow> = rows.iter().filter(|r| subset.contains(&r.problem_id)).cloned().collect();
        assert!((solve_rate(&watched) - solve_rate(&rows)).abs() < 0.05);
        assert_eq!(monitoring_subset(&rows, 1000).len(), 130);
    }
}
