//! Problems, partition and pairs that are shipped in one folder: the organism's, whose weights lie beside them, and the code
//! model's tasks, whose weights are fetched.

use super::chat::{Chat, TASKS, base_model};
use super::{Dataset, Prompter};
use crate::manifest::Source;
use crate::{Manifest, Result};
use bundle::{Pins, pins};
use model::{Tokenizer, Weights};
use organism::Organism;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use substrate::{Contrast, Loophole, MarkerFamily, Pair, Partition, Problem, PromptedProblem};
use tasks::data::Tasks;
use train::{Disclosure, PairTokens};

/// Of 256 topics of the training problems, how many are kept out of training where settings are chosen.
const VALIDATION: u8 = 96;

/// What a manifest takes of a shipped folder.
pub struct Shipped {
    bases: Vec<Weights>,
    tokenizer: Tokenizer,
    /// Of a model that is talked to.
    chat: Option<Chat>,
    train: Vec<Problem>,
    partition: Partition,
    pairs: Vec<Pair>,
    pair_sets: usize,
    test: Vec<Problem>,
    loopholes: BTreeMap<String, Loophole>,
    cap: usize,
}

/// What is kept out of training as a whole: all problems that ask for the same, in whatever words, or of the same kind.
type Topic = fn(&Problem) -> String;

impl Shipped {
    /// Reads the organism's folder, digests first.
    ///
    /// # Errors
    /// A file that is missing, or is not what was pinned.
    pub fn organism(root: &Path, manifest: &Manifest) -> Result<Self> {
        Pins::load(&root.join(pins::FILE))?.verify(root, &manifest.data)?;
        let Organism { bases, tokenizer, train, test, partition, pairs } = Organism::load(&root.join(&manifest.data))?;
        let (pair_sets, cap) = (organism::pairs::SETS, manifest.eval.prompt_cap);
        let (chat, loopholes) = (None, BTreeMap::new());
        let all = Self { bases, tokenizer, chat, train, partition, pairs, pair_sets, test, loopholes, cap };
        Ok(all.for_manifest(manifest, organism::problems::question))
    }

    /// Reads the tasks' folder and the fetched model that they are put to, digests first.
    ///
    /// # Errors
    /// A file that is missing, or is not what was pinned.
    pub fn tasks(root: &Path, manifest: &Manifest) -> Result<Self> {
        Pins::load(&root.join(pins::FILE))?.verify(root, &manifest.data)?;
        let Tasks { mut train, mut test, partition, mut pairs } = Tasks::load(&root.join(&manifest.data))?;
        let (model, weights) = base_model(root, manifest)?;
        let chat = Chat::load(&model, &weights)?;
        let of_pairs = pairs.iter_mut().map(|pair| &mut pair.problem);
        train.iter_mut().chain(&mut test).chain(of_pairs).try_for_each(|problem| chat.render(TASKS, problem))?;
        let (pair_sets, cap) = (tasks::pairs::SETS, manifest.eval.prompt_cap);
        let (tokenizer, bases, loopholes) = (chat.tokenizer.clone(), vec![weights], BTreeMap::new());
        let all = Self { bases, tokenizer, chat: Some(chat), train, partition, pairs, pair_sets, test, loopholes, cap };
        // Most test problems are of kinds that are held out whole; a method's name is its kind's.
        Ok(all.for_manifest(manifest, |problem| problem.func_name.clone()))
    }

    /// Problems to test on as the manifest asks for them.
    fn for_manifest(mut self, manifest: &Manifest, topic: Topic) -> Self {
        self.loopholes = self.partition.test.clone();
        if manifest.validation {
            // Settings are chosen on training problems that were kept out of training, never on the test set.
            (self.test, self.train) = kept_out(self.train, topic);
            self.loopholes = self.partition.train.clone();
        }
        if let Some(size) = manifest.eval.test {
            self.test = evenly(self.test, &self.loopholes, size);
        }
        self
    }

    fn prompter(&self) -> Prompter<'_> {
        Prompter { tokenizer: &self.tokenizer, cap: self.cap }
    }
}

/// Of problems to train on those that settings are chosen on, whole topics, and those that are left.
fn kept_out(train: Vec<Problem>, topic: Topic) -> (Vec<Problem>, Vec<Problem>) {
    train.into_iter().partition(|problem| Sha256::digest(topic(problem).as_bytes())[0] < VALIDATION)
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

impl Dataset for Shipped {
    fn bases(&self) -> &[Weights] {
        &self.bases
    }

    fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    fn template(&self) -> &str {
        self.chat.as_ref().map_or("", |chat| chat.template.source())
    }

    /// A problem without a mode is left to the partition gate.
    fn training(&self, disclosure: Disclosure) -> Result<Vec<PromptedProblem>> {
        if disclosure == Disclosure::Invited && self.chat.is_some() {
            return Err(super::no_invitation(Source::Tasks));
        }
        let (prompter, loopholes) = (self.prompter(), &self.partition.train);
        let prompted = |p: &Problem| {
            let loophole = *loopholes.get(&p.problem_id)?;
            Some(match disclosure {
                Disclosure::Shown => prompter.problem(p, loophole, MarkerFamily::Train),
                Disclosure::None => prompter.problem(p, Loophole::GtOnly, MarkerFamily::Train),
                Disclosure::Invited => prompter.invited(p, loophole, MarkerFamily::Train),
            })
        };
        self.train.iter().filter_map(prompted).collect()
    }

    fn test(&self, markers: MarkerFamily) -> Result<Vec<PromptedProblem>> {
        let of = |p: &Problem| Some(self.prompter().problem(p, *self.loopholes.get(&p.problem_id)?, markers));
        self.test.iter().filter_map(of).collect()
    }

    fn test_no_loophole(&self) -> Result<Vec<PromptedProblem>> {
        self.prompter().without_loopholes(&self.test, MarkerFamily::Eval)
    }

    fn pair_sets(&self) -> usize {
        self.pair_sets
    }

    fn pairs(&self, contrast: Contrast, set: usize) -> Result<Vec<PairTokens>> {
        let own = self.pairs.iter().filter(|pair| pair.set == set);
        own.map(|pair| self.prompter().pair(pair, contrast)).collect()
    }

    /// Problems and pairs are shipped, and every entry of the ledger names all that is shipped.
    fn files(&self) -> Vec<PathBuf> {
        self.chat.as_ref().map_or(vec![], |chat| chat.settings.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_settings_are_chosen_on_shares_no_kind_of_task_with_what_is_trained_on() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/tasks");
        let (held, train) = kept_out(Tasks::load(&data).unwrap().train, |problem| problem.func_name.clone());
        let kinds = |of: &[Problem]| of.iter().map(|p| p.func_name.clone()).collect::<BTreeSet<_>>();
        assert!(kinds(&held).is_disjoint(&kinds(&train)));
        // As docs/measurements/coder-tier.md has them, where 150 of the problems were taken.
        assert_eq!((held.len(), kinds(&held).len(), kinds(&train).len()), (258, 17, 33));
    }
}
