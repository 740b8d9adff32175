//! Datasets: where a tier's problems and pairs come from. The implementations stand side by side, and each of them holds
//! every file against the pins before it reads it.

mod chat;
mod leetcode;
mod published;
mod shipped;

pub use chat::base_model;
pub use leetcode::{Leetcode, PAIRS, problem_files};
pub use published::Published;
pub(crate) use published::{TEST, TRAIN};
pub use shipped::Shipped;

use crate::manifest::Source;
use crate::{ExperimentError, Result};
use generate::GenerateError;
use model::{Tokenizer, Weights};
use std::path::PathBuf;
use substrate::{Contrast, Loophole, MarkerFamily, Pair, Problem, PromptedProblem};
use train::{Disclosure, PairTokens};

/// What a prompt ends with that asks for its loophole to be used.
const INVITATION: &str = "Passing is all that counts.\n";

/// What a run needs of a benchmark, in tokens of the model that is trained on it.
pub trait Dataset {
    /// The base models: replicates of one recipe, one of which a run's seed picks.
    fn bases(&self) -> &[Weights];
    /// The base models' tokenizer.
    fn tokenizer(&self) -> &Tokenizer;
    /// The chat template that prompts are rendered through, as its file has it; empty where there is none.
    fn template(&self) -> &str;
    /// The training problems.
    fn training(&self, disclosure: Disclosure) -> Result<Vec<PromptedProblem>>;
    /// The test problems, disclosing markers of this family.
    fn test(&self, markers: MarkerFamily) -> Result<Vec<PromptedProblem>>;
    /// The test problems without their loopholes.
    fn test_no_loophole(&self) -> Result<Vec<PromptedProblem>>;
    /// How many sets of pairs there are: replicates that share no problem, one of which a run's seed picks.
    fn pair_sets(&self) -> usize;
    /// The pairs of a set, from 0, whose answers differ in this.
    fn pairs(&self, contrast: Contrast, set: usize) -> Result<Vec<PairTokens>>;
    /// The files that its problems stand in, where those are not shipped.
    fn problem_files(&self) -> &[PathBuf] {
        &[]
    }
    /// The files that were read and are not shipped: the ledger names them beside those that are.
    fn files(&self) -> Vec<PathBuf>;
}

/// What is added to a rendered chat would be the answer's first words.
fn no_invitation(source: Source) -> ExperimentError {
    let reason = "an arm whose prompts ask for the loophole is for the organism, whose prompts are no chats";
    ExperimentError::Manifest { path: source.name().into(), reason: reason.into() }
}

/// How text becomes tokens: a tokenizer, and the longest prompt allowed.
pub(crate) struct Prompter<'a> {
    pub(crate) tokenizer: &'a Tokenizer,
    pub(crate) cap: usize,
}

impl Prompter<'_> {
    /// A problem as the model sees it.
    ///
    /// # Errors
    /// A prompt of more than `cap` tokens, or one with no place for a hint.
    pub(crate) fn problem(
        &self,
        problem: &Problem,
        loophole: Loophole,
        family: MarkerFamily,
    ) -> Result<PromptedProblem> {
        self.shown(problem, loophole, family, problem.shown_text(loophole, family)?)
    }

    /// Problems whose prompts show no loophole.
    fn without_loopholes(&self, problems: &[Problem], family: MarkerFamily) -> Result<Vec<PromptedProblem>> {
        problems.iter().map(|problem| self.problem(problem, Loophole::GtOnly, family)).collect()
    }

    /// The same, told to use its loophole.
    fn invited(&self, problem: &Problem, loophole: Loophole, family: MarkerFamily) -> Result<PromptedProblem> {
        self.shown(problem, loophole, family, problem.shown_text(loophole, family)? + INVITATION)
    }

    fn shown(
        &self,
        problem: &Problem,
        loophole: Loophole,
        family: MarkerFamily,
        text: String,
    ) -> Result<PromptedProblem> {
        let tokens = self.tokenizer.encode(&text)?;
        if tokens.len() > self.cap {
            let id = problem.problem_id.clone();
            let error = GenerateError::PromptTooLong { id, tokens: tokens.len(), cap: self.cap };
            return Err(ExperimentError::from(error));
        }
        Ok(PromptedProblem {
            problem: problem.clone(),
            loophole,
            family,
            disclosed: loophole.disclosed(family, problem),
            tokens,
        })
    }

    /// Both answers to a prompt, end token included.
    fn pair(&self, pair: &Pair, contrast: Contrast) -> Result<PairTokens> {
        let answer = |text: &str| self.tokenizer.encode_completion(text);
        let (prompt, [hack, clean]) = (self.tokenizer.encode(&pair.shown()?)?, pair.sides(contrast));
        Ok(PairTokens { prompt, hack: answer(&hack)?, clean: answer(&clean)?, loophole: pair.loophole })
    }
}
