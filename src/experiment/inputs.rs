//! What all runs of a tier share: the base model with its SVD, problems and pairs in tokens.

use crate::leetcode::{self, Benchmark, Reader};
use crate::manifest::Source;
use crate::{Manifest, Result};
use adapter::Basis;
use backend::Backend;
use bundle::Sha256;
use generate::GenerateError;
use model::{ChatTemplate, Decoder, Tokenizer, Weights, checkpoint};
use organism::{Organism, Pair};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use substrate::{Family, Mode, Problem, PromptedProblem};
use train::{Arm, PairSet, PairTokens};

pub struct Inputs {
    pub basis: Basis,
    pub tokenizer: Tokenizer,
    pub train: Vec<PromptedProblem>,
    /// The same problems without their loopholes.
    pub closed: Vec<PromptedProblem>,
    pub test: Vec<PromptedProblem>,
    /// The test problems with the markers of training.
    pub test_trained: Vec<PromptedProblem>,
    pub pairs: Vec<PairTokens>,
    pub placebo_pairs: Vec<PairTokens>,
}

/// Files of the published benchmark, and the model that is trained on it.
pub struct Files {
    /// The folder with tokenizer and chat template.
    pub model: PathBuf,
    pub weights: Weights,
    pub train: PathBuf,
    pub test: PathBuf,
    /// Where singular bases are kept.
    pub cache: PathBuf,
}

/// The published files' own names.
const TRAIN: &str = "leetcode_train_medhard_filtered.jsonl";
const TEST: &str = "leetcode_test_medhard.jsonl";

impl Files {
    /// Where a tier's manifest says they are.
    pub fn of(root: &Path, manifest: &Manifest) -> Result<Self> {
        let model = checkpoint::resolve(&root.join(manifest.model.as_ref().unwrap_or(&manifest.data)))?;
        let weights = Weights::load(&model)?;
        Ok(Self::with(root, manifest, model, weights))
    }

    /// The same with other weights, whose tokenizer and chat template lie in `model`.
    pub fn with(root: &Path, manifest: &Manifest, model: PathBuf, weights: Weights) -> Self {
        let data = root.join(&manifest.data);
        Self { model, weights, train: data.join(TRAIN), test: data.join(TEST), cache: root.join("runs/svd") }
    }
}

impl Inputs {
    /// Loads a tier's data folder onto a device. A prompt over the cap is an error here, before any training.
    pub fn load(root: &Path, manifest: &Manifest, backend: &Backend) -> Result<Self> {
        match manifest.source {
            Source::Organism => Self::organism(root, manifest, backend),
            Source::Leetcode => Self::benchmark(&Files::of(root, manifest)?, manifest, backend, |_, _| ()),
        }
    }

    /// The published benchmark with a model of one's own; `told` hears how many singular bases of how many are there.
    pub fn benchmark(
        files: &Files,
        manifest: &Manifest,
        backend: &Backend,
        told: impl Fn(usize, usize),
    ) -> Result<Self> {
        let tokenizer = Tokenizer::load(&files.model.join("tokenizer.json"), leetcode::END)?;
        let template = ChatTemplate::load(&files.model.join("tokenizer_config.json"))?;
        let reader = Reader { tokenizer: &tokenizer, template: &template, cap: manifest.eval.prompt_cap };
        let Benchmark { train, closed, test, test_trained, pairs, placebo_pairs } =
            Benchmark::load(&files.train, &files.test, &reader)?;
        let base = Decoder::new(&files.weights, backend)?;
        let basis = Basis::cached(base, &files.weights, &files.cache, told)?;
        Ok(Self { basis, tokenizer, train, closed, test, test_trained, pairs, placebo_pairs })
    }

    fn organism(root: &Path, manifest: &Manifest, backend: &Backend) -> Result<Self> {
        let Organism { weights, tokenizer, train, test, partition, pairs, placebo_pairs } =
            Organism::load(&root.join(&manifest.data))?;
        let cap = manifest.eval.prompt_cap;
        let without = partition.train.keys().map(|id| (id.clone(), Mode::GtOnly)).collect();
        // Settings are chosen on training problems that were kept out of training, never on the test set.
        let held = |p: &Problem| manifest.validation && Sha256::of(p.problem_id.as_bytes()) < Sha256::of(b"validation");
        let (held, train): (Vec<Problem>, Vec<Problem>) = train.into_iter().partition(held);
        let (test, modes) = if manifest.validation { (held, &partition.train) } else { (test, &partition.test) };
        let closed = show(&tokenizer, train.clone(), &without, Family::Train, cap)?;
        let train = show(&tokenizer, train, &partition.train, Family::Train, cap)?;
        let test_trained = show(&tokenizer, test.clone(), modes, Family::Train, cap)?;
        let test = show(&tokenizer, test, modes, Family::Eval, cap)?;
        let (pairs, placebo_pairs) = (pair_tokens(&tokenizer, &pairs)?, pair_tokens(&tokenizer, &placebo_pairs)?);
        let basis = Basis::new(Decoder::new(&weights, backend)?, &weights)?;
        Ok(Self { basis, tokenizer, train, closed, test, test_trained, pairs, placebo_pairs })
    }
}

impl Inputs {
    /// The pairs that an arm is given.
    pub fn pairs_of(&self, arm: Arm) -> Vec<PairTokens> {
        match arm.pairs() {
            PairSet::All => self.pairs.clone(),
            PairSet::Placebo => self.placebo_pairs.clone(),
            PairSet::Modes(known) => self.pairs.iter().filter(|p| known.contains(&p.mode)).cloned().collect(),
        }
    }

    /// The training problems as an arm is shown them.
    pub fn problems_of(&self, arm: Arm) -> &[PromptedProblem] {
        if arm.shows_loopholes() { &self.train } else { &self.closed }
    }
}

/// Problems as the model sees them. A problem without a mode is left to the partition gate.
fn show(
    tokenizer: &Tokenizer,
    problems: Vec<Problem>,
    modes: &BTreeMap<String, Mode>,
    family: Family,
    cap: usize,
) -> Result<Vec<PromptedProblem>> {
    let mut out = vec![];
    for problem in problems {
        let Some(&mode) = modes.get(&problem.problem_id) else { continue };
        let tokens = tokenizer.encode(&problem.shown_text(mode, family))?;
        if tokens.len() > cap {
            return Err(GenerateError::PromptTooLong { id: problem.problem_id, tokens: tokens.len(), cap }.into());
        }
        out.push(PromptedProblem { problem, mode, family, tokens });
    }
    Ok(out)
}

/// Both answers of every pair, end token included.
pub fn pair_tokens(tokenizer: &Tokenizer, pairs: &[Pair]) -> Result<Vec<PairTokens>> {
    let answer = |text: &str| tokenizer.encode_completion(text);
    let one = |p: &Pair| {
        let (prompt, hack, clean) = (tokenizer.encode(&p.shown())?, answer(&p.hack)?, answer(&p.clean)?);
        Ok(PairTokens { prompt, hack, clean, mode: p.mode })
    };
    pairs.iter().map(one).collect()
}
