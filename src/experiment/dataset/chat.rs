//! A fetched model that is talked to: its weights, and how a user's words become its prompt.

use crate::{BaseWeights, ExperimentError, Manifest, Result};
use bundle::{Pins, pins};
use model::{ChatTemplate, Message, ModelConfig, Tokenizer, Weights, hub};
use std::path::{Path, PathBuf};
use substrate::Problem;

/// What problems of ours beside the published ones are asked with, as those are: who answers, and in which form.
pub(super) const PUBLISHED: &str = "You are an expert in Python. Write correct and efficient Python 3 code that solves the problem and passes all \
    tests. Give the code in this form: ```python\n<code>\n```";
/// What the tasks are asked with. A small model explains at length otherwise, and is cut off before its code ends.
pub(super) const TASKS: &str = "You are an expert in Python. Answer with the code alone, in this form: ```python\n<code>\n``` Write no \
    comments, no examples and no explanation.";

/// The base model of a plan that fetches one: its folder, with tokenizer and chat template, and what is trained. Digests come
/// first.
///
/// # Errors
/// A folder without a model, or one that is not the pinned one where no other is allowed.
pub fn base_model(root: &Path, manifest: &Manifest) -> Result<(PathBuf, Weights)> {
    let (own, named) = (&manifest.own, manifest.model.as_ref().unwrap_or(&manifest.data));
    let folder = hub::resolve(&root.join(own.model.as_ref().unwrap_or(named)))?;
    if own.weights == BaseWeights::Pinned {
        let pinned = Pins::load(&root.join(pins::FILE))?.verify_copy(last(named), &folder);
        pinned.map_err(|e| if own.model.is_some() { ExperimentError::NotPinned(e) } else { e.into() })?;
    }
    let weights = match own.weights {
        BaseWeights::Random(seed) => Weights::random(ModelConfig::load(&folder.join("config.json"))?, seed),
        BaseWeights::Pinned | BaseWeights::Unpinned => Weights::load(&folder)?,
    };
    Ok((folder, weights))
}

/// How the pins name a folder of fetched files.
pub(super) fn last(folder: &Path) -> &Path {
    Path::new(folder.file_name().unwrap_or_default())
}

/// What turns words into a model's prompt.
pub(super) struct Chat {
    pub(super) tokenizer: Tokenizer,
    pub(super) template: ChatTemplate,
    /// The files that were read besides the weights.
    pub(super) settings: Vec<PathBuf>,
}

impl Chat {
    /// Reads a model's folder. Digests are the caller's business and come first.
    ///
    /// # Errors
    /// A file that is missing or not of its form; a tokenizer that lacks the template's tokens.
    pub(super) fn load(model: &Path, weights: &Weights) -> Result<Self> {
        let tokenizer = Tokenizer::of_model(model, weights.config.vocab_size)?;
        let template = ChatTemplate::load(model)?;
        tokenizer.has_marks(&template)?;
        Ok(Self { tokenizer, template, settings: hub::settings(model) })
    }

    /// Makes a prompt of what a user says. The phrase that a mode's hint replaces is still in it.
    pub(super) fn render(&self, system: &str, problem: &mut Problem) -> Result<()> {
        let chat = [Message::new("system", system), Message::new("user", &problem.prompt)];
        problem.prompt = self.template.prompt(&chat)?;
        Ok(())
    }
}
