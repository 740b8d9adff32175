//! What all runs of a tier share: the base model with its SVD, problems and pairs in tokens.

use crate::{Manifest, Result};
use adapter::Basis;
use burn::tensor::Device;
use model::{Decoder, ModelError, Tokenizer};
use organism::{Organism, Pair};
use std::collections::BTreeMap;
use std::path::Path;
use substrate::{Family, Mode, Problem, Shown};
use train::{Arm, PairSet, PairTokens};

pub struct Bench {
    pub basis: Basis,
    pub tokenizer: Tokenizer,
    pub train: Vec<Shown>,
    /// The same problems without their loopholes.
    pub closed: Vec<Shown>,
    pub test: Vec<Shown>,
    pub pairs: Vec<PairTokens>,
    pub placebo_pairs: Vec<PairTokens>,
}

impl Bench {
    /// Loads a tier's data folder onto a device. A prompt over the cap is an error here, before any training.
    pub fn load(root: &Path, manifest: &Manifest, device: &Device) -> Result<Self> {
        let Organism { weights, tokenizer, train, test, partition, pairs, placebo_pairs } =
            Organism::load(&root.join(&manifest.data))?;
        let cap = manifest.eval.prompt_cap;
        let without = partition.train.keys().map(|id| (id.clone(), Mode::GtOnly)).collect();
        let closed = show(&tokenizer, train.clone(), &without, Family::Train, cap)?;
        let train = show(&tokenizer, train, &partition.train, Family::Train, cap)?;
        let test = show(&tokenizer, test, &partition.test, Family::Eval, cap)?;
        let (pairs, placebo_pairs) = (pair_tokens(&tokenizer, &pairs)?, pair_tokens(&tokenizer, &placebo_pairs)?);
        let basis = Basis::new(Decoder::new(&weights, device)?, &weights)?;
        Ok(Self { basis, tokenizer, train, closed, test, pairs, placebo_pairs })
    }
}

impl Bench {
    /// The pairs that an arm is given.
    pub fn pairs_of(&self, arm: Arm) -> Vec<PairTokens> {
        match arm.pairs() {
            PairSet::All => self.pairs.clone(),
            PairSet::Placebo => self.placebo_pairs.clone(),
            PairSet::Modes(known) => self.pairs.iter().filter(|p| known.contains(&p.mode)).cloned().collect(),
        }
    }

    /// The training problems as an arm is shown them.
    pub fn problems_of(&self, arm: Arm) -> &[Shown] {
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
) -> Result<Vec<Shown>> {
    let mut out = vec![];
    for problem in problems {
        let Some(&mode) = modes.get(&problem.problem_id) else { continue };
        let tokens = tokenizer.encode(&problem.shown_text(mode, family))?;
        if tokens.len() > cap {
            return Err(ModelError::PromptTooLong { id: problem.problem_id, tokens: tokens.len(), cap }.into());
        }
        out.push(Shown { problem, mode, family, tokens });
    }
    Ok(out)
}

/// Both answers of every pair, end token included.
pub fn pair_tokens(tokenizer: &Tokenizer, pairs: &[Pair]) -> Result<Vec<PairTokens>> {
    let answer = |text: &str| -> Result<Vec<u32>> {
        let mut tokens = tokenizer.encode(text)?;
        tokens.push(tokenizer.end());
        Ok(tokens)
    };
    let one = |p: &Pair| {
        let (prompt, hack, clean) = (tokenizer.encode(&p.shown())?, answer(&p.hack)?, answer(&p.clean)?);
        Ok(PairTokens { prompt, hack, clean, mode: p.mode })
    };
    pairs.iter().map(one).collect()
}
