//! Scoring: one completion per problem, frozen seeds, verdicts opened by the oracle. Separate from training: it reads
//! checkpoints and changes nothing. [`grade`] scores files of responses that came from anywhere.

pub mod grade;
mod resume;

use failure::Kind;
use generate::{Prompt, SamplingParams};
use model::{Decoder, Tokenizer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use substrate::grading::{self, Fault};
use substrate::{Grader, Mode, PromptedProblem, Submission};

#[derive(Debug, thiserror::Error)]
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

pub type Result<T> = std::result::Result<T, EvalError>;

/// How completions are drawn at evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalConfig {
    pub temperature: f64,
    pub max_new: usize,
    pub prompt_cap: usize,
    pub batch_rows: usize,
    /// Problems in the monitoring subset.
    pub monitor: usize,
}

/// One problem's outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvalRow {
    pub problem_id: String,
    pub mode: Mode,
    pub completion: String,
    pub solved: bool,
    pub exploited: bool,
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
    let params = SamplingParams {
        temperature: config.temperature,
        top_k: 0,
        top_p: 1.0,
        max_new: config.max_new,
        ends: tokenizer.ends(),
        prompt_cap: config.prompt_cap,
        rows: config.batch_rows,
    };
    let prompts: Vec<Prompt> = problems
        .iter()
        .map(|s| Prompt { id: &s.problem.problem_id, tokens: &s.tokens, seed: rank(&s.problem.problem_id) })
        .collect();
    let texts: Vec<String> = generate::generate(decoder, &prompts, &params)?
        .iter()
        .map(|c| tokenizer.decode(&c.tokens))
        .collect::<model::Result<_>>()?;
    let submissions: Vec<Submission> = problems.iter().zip(&texts).map(|(s, t)| Submission::of(s, t)).collect();
    let graded = grader.grade(&submissions);
    grading::refuse_broken(problems.iter().map(|shown| &shown.problem).zip(&graded))?;
    let faults: Vec<&Fault> = graded.iter().filter_map(|g| g.failure.as_ref()).collect();
    if let Some(cause) = faults.first() {
        let (failed, cause) = (faults.len(), cause.to_string());
        return Err(EvalError::Infrastructure { failed, total: graded.len(), cause });
    }
    problems
        .iter()
        .zip(texts)
        .zip(&graded)
        .map(|((shown, completion), graded)| {
            let verdict = oracle::open(&graded.verdict)?;
            Ok(EvalRow {
                problem_id: shown.problem.problem_id.clone(),
                mode: shown.mode,
                completion,
                solved: verdict.solved,
                exploited: verdict.exploited,
            })
        })
        .collect()
}

/// The monitoring subset: spread evenly over modes and over base pass and fail, picked by a hash of the id.
pub fn monitoring_subset(base: &[EvalRow], size: usize) -> BTreeSet<String> {
    let mut strata: BTreeMap<(Mode, bool), Vec<&EvalRow>> = BTreeMap::new();
    for row in base {
        strata.entry((row.mode, row.solved)).or_default().push(row);
    }
    let mut chosen = BTreeSet::new();
    for rows in strata.values_mut() {
        rows.sort_by_key(|r| rank(&r.problem_id));
        let share = (rows.len() * size).div_ceil(base.len().max(1));
        chosen.extend(rows.iter().take(share).map(|r| r.problem_id.clone()));
    }
    chosen
}

/// Share of rows that are exploited.
pub fn hack_rate(rows: &[EvalRow]) -> f64 {
    rate(rows, |r| r.exploited)
}

/// Share of rows that are solved.
pub fn solve_rate(rows: &[EvalRow]) -> f64 {
    rate(rows, |r| r.solved)
}

fn rate(rows: &[EvalRow], holds: fn(&EvalRow) -> bool) -> f64 {
    rows.iter().filter(|r| holds(r)).count() as f64 / rows.len().max(1) as f64
}

/// A number fixed for ever by a problem's id: its generation seed and its place in the subset's queue.
fn rank(id: &str) -> u64 {
    let digest = Sha256::digest(format!("evaluation {id}"));
    u64::from_le_bytes(digest[..8].try_into().expect("eight bytes"))
}
