//! The organism: problems, partition, pairs and weights of one shipped folder.

use super::{Dataset, Prompter};
use crate::{Manifest, Result};
use bundle::{Pins, pins};
use model::{Tokenizer, Weights};
use organism::Organism;
use organism::problems::question;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use substrate::{Contrast, Loophole, MarkerFamily, Problem, PromptedProblem};
use train::{Disclosure, PairTokens};

/// Of 256 questions of the training problems, how many are kept out of training where settings are chosen.
const VALIDATION: u8 = 96;

/// What a manifest takes of the shipped folder.
pub struct OrganismData {
    shipped: Organism,
    test: Vec<Problem>,
    loopholes: BTreeMap<String, Loophole>,
    cap: usize,
}

impl OrganismData {
    /// Reads the folder, digests first.
    pub fn load(root: &Path, manifest: &Manifest) -> Result<Self> {
        Pins::load(&root.join(pins::FILE))?.verify(root, &manifest.data)?;
        let mut shipped = Organism::load(&root.join(&manifest.data))?;
        // Settings are chosen on training problems that were kept out of training, never on the test set.
        let held = |p: &Problem| manifest.validation && Sha256::digest(question(p).as_bytes())[0] < VALIDATION;
        let (held, train): (Vec<Problem>, Vec<Problem>) = shipped.train.into_iter().partition(held);
        shipped.train = train;
        let (test, loopholes) = match manifest.validation {
            true => (held, shipped.partition.train.clone()),
            false => (std::mem::take(&mut shipped.test), shipped.partition.test.clone()),
        };
        let test = match manifest.eval.test {
            Some(size) => evenly(test, &loopholes, size),
            None => test,
        };
        Ok(Self { shipped, test, loopholes, cap: manifest.eval.prompt_cap })
    }

    fn prompter(&self) -> Prompter<'_> {
        Prompter { tokenizer: &self.shipped.tokenizer, cap: self.cap }
    }
}

/// Of each mode as many problems, `size` in all, picked by a hash of the id; in their old order.
fn evenly(problems: Vec<Problem>, loopholes: &BTreeMap<String, Loophole>, size: usize) -> Vec<Problem> {
    let rank = |p: &Problem| Sha256::digest(format!("test {}", p.problem_id));
    let mut taken = BTreeSet::new();
    for loophole in Loophole::ORGANISM {
        let mut own: Vec<&Problem> =
            problems.iter().filter(|p| loopholes.get(&p.problem_id) == Some(&loophole)).collect();
        own.sort_by_key(|p| rank(p));
        taken.extend(own.into_iter().take(size / Loophole::ORGANISM.len()).map(|p| p.problem_id.clone()));
    }
    problems.into_iter().filter(|p| taken.contains(&p.problem_id)).collect()
}

impl Dataset for OrganismData {
    fn bases(&self) -> &[Weights] {
        &self.shipped.bases
    }

    fn tokenizer(&self) -> &Tokenizer {
        &self.shipped.tokenizer
    }

    fn template(&self) -> &str {
        ""
    }

    /// A problem without a mode is left to the partition gate.
    fn training(&self, disclosure: Disclosure) -> Result<Vec<PromptedProblem>> {
        let (prompter, loopholes) = (self.prompter(), &self.shipped.partition.train);
        let prompted = |p: &Problem| {
            let loophole = *loopholes.get(&p.problem_id)?;
            Some(match disclosure {
                Disclosure::Shown => prompter.problem(p, loophole, MarkerFamily::Train),
                Disclosure::None => prompter.problem(p, Loophole::GtOnly, MarkerFamily::Train),
                Disclosure::Invited => prompter.invited(p, loophole, MarkerFamily::Train),
            })
        };
        self.shipped.train.iter().filter_map(prompted).collect()
    }

    fn test(&self, markers: MarkerFamily) -> Result<Vec<PromptedProblem>> {
        let of = |p: &Problem| Some(self.prompter().problem(p, *self.loopholes.get(&p.problem_id)?, markers));
        self.test.iter().filter_map(of).collect()
    }

    fn pair_sets(&self) -> usize {
        organism::pairs::SETS
    }

    fn pairs(&self, contrast: Contrast, set: usize) -> Result<Vec<PairTokens>> {
        let own = self.shipped.pairs.iter().filter(|pair| pair.set == set);
        own.map(|pair| self.prompter().pair(pair, contrast)).collect()
    }

    /// All of them are shipped, and every entry of the ledger names all that is shipped.
    fn files(&self) -> Vec<PathBuf> {
        vec![]
    }
}
