//! The benchmark of the full tier: published problems, shown through the model's own chat template. The contrastive pairs are
//! shipped: written by hand, for problems of our own, which no published file has.

use super::chat::{Chat, PUBLISHED, base_model, last};
use super::published::{self, loophole, problems};
use super::{Dataset, Prompter};
use crate::manifest::Source;
use crate::{ExperimentError, Manifest, Result};
use bundle::{Pins, pins};
use model::{Tokenizer, Weights};
use std::path::{Path, PathBuf};
use substrate::{Contrast, Loophole, MarkerFamily, Pair, Problem, PromptedProblem};
use train::{Disclosure, PairTokens};

/// The shipped pairs, relative to the project. Their prompts are what a user says, not yet a chat.
pub const PAIRS: &str = "data/leetcode/pairs.jsonl";

/// The files with the problems to train on and to test on, digests checked where they are the published ones.
///
/// # Errors
/// A published file that is missing or has other bytes.
pub fn problem_files(root: &Path, manifest: &Manifest) -> Result<[PathBuf; 2]> {
    let (pins, files) = (Pins::load(&root.join(pins::FILE))?, published::files(root, manifest));
    for (file, own) in files.iter().zip([&manifest.own.train, &manifest.own.test]) {
        if own.is_none() {
            pins.verify_file(last(&manifest.data), file)?;
        }
    }
    Ok(files)
}

/// The benchmark as it was read.
pub struct Leetcode {
    weights: Weights,
    chat: Chat,
    /// In the order that modes are shared out in, as the test problems are.
    train: Vec<Problem>,
    pairs: Vec<Pair>,
    test: Vec<Problem>,
    problem_files: [PathBuf; 2],
    files: Vec<PathBuf>,
    cap: usize,
}

impl Leetcode {
    /// Reads the problems to train on and to test on.
    ///
    /// # Errors
    /// A file that is missing or not of this form, published or shipped files with other digests, too few problems.
    pub fn load(root: &Path, manifest: &Manifest) -> Result<Self> {
        let (model, weights) = base_model(root, manifest)?;
        let problem_files = problem_files(root, manifest)?;
        let [train, test] = &problem_files;
        let chat = Chat::load(&model, &weights)?;
        // The phrase that a mode's hint replaces is still in the rendered chat.
        let rendered = |path: &Path| problems(path, |turns| Ok(chat.template.prompt(turns)?));
        let (trained, tested) = (rendered(train)?, rendered(test)?);
        let wanted = Loophole::LINES.len();
        if trained.len() < wanted {
            let reason = format!("{} has {} problems, at least {wanted} are needed", train.display(), trained.len());
            return Err(ExperimentError::Manifest { path: train.clone(), reason });
        }
        let shipped = root.join(PAIRS);
        Pins::load(&root.join(pins::FILE))?.verify_file(Path::new(PAIRS).parent().unwrap_or(root), &shipped)?;
        let mut pairs = Pair::load(&shipped)?;
        pairs.iter_mut().try_for_each(|pair| chat.render(PUBLISHED, &mut pair.problem))?;
        let mut files = chat.settings.clone();
        files.extend(problem_files.clone());
        Ok(Self {
            weights,
            chat,
            train: trained,
            pairs,
            test: tested,
            problem_files,
            files,
            cap: manifest.eval.prompt_cap,
        })
    }

    fn prompter(&self) -> Prompter<'_> {
        Prompter { tokenizer: &self.chat.tokenizer, cap: self.cap }
    }

    fn shown(&self, problems: &[Problem], family: MarkerFamily) -> Result<Vec<PromptedProblem>> {
        problems.iter().enumerate().map(|(i, p)| self.prompter().problem(p, loophole(i), family)).collect()
    }
}

impl Dataset for Leetcode {
    fn bases(&self) -> &[Weights] {
        std::slice::from_ref(&self.weights)
    }

    fn tokenizer(&self) -> &Tokenizer {
        &self.chat.tokenizer
    }

    fn template(&self) -> &str {
        self.chat.template.source()
    }

    fn training(&self, disclosure: Disclosure) -> Result<Vec<PromptedProblem>> {
        match disclosure {
            Disclosure::Shown => self.shown(&self.train, MarkerFamily::Train),
            Disclosure::Invited => Err(super::no_invitation(Source::Leetcode)),
            Disclosure::None => self.prompter().without_loopholes(&self.train, MarkerFamily::Train),
        }
    }

    fn test(&self, markers: MarkerFamily) -> Result<Vec<PromptedProblem>> {
        self.shown(&self.test, markers)
    }

    fn test_no_loophole(&self) -> Result<Vec<PromptedProblem>> {
        self.prompter().without_loopholes(&self.test, MarkerFamily::Eval)
    }

    fn pair_sets(&self) -> usize {
        1
    }

    fn pairs(&self, contrast: Contrast, _set: usize) -> Result<Vec<PairTokens>> {
        self.pairs.iter().map(|pair| self.prompter().pair(pair, contrast)).collect()
    }

    fn problem_files(&self) -> &[PathBuf] {
        &self.problem_files
    }

    fn files(&self) -> Vec<PathBuf> {
        self.files.clone()
    }
}
