//! What all runs of a tier share: the base model with its SVD, problems and pairs in tokens.

use crate::dataset::{Dataset, Leetcode, Shipped};
use crate::manifest::{Replicate, Source};
use crate::{ExperimentError, Manifest, Result, miniature};
use adapter::Basis;
use backend::Backend;
use bundle::{Identity, Sha256, jsonl};
use generate::GenerateError;
use model::{Decoder, Tokenizer, Weights};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use substrate::{Contrast, Grader, Loophole, MarkerFamily, Problem, PromptedProblem, SubstrateError, problem};
use train::{Adapter, Arm, Disclosure, PairTokens};

/// Where singular bases of fetched weights are kept, below [`Manifest::state`].
pub const BASES: &str = "runs/svd";

/// What the frozen halves of LoRAs are drawn from.
const LORA_SEED: u64 = 7;

/// The adapter of arms that train LoRAs, for the same base model.
pub fn lora(basis: &Basis) -> Result<Basis> {
    Ok(basis.frozen_b(LORA_SEED)?)
}

/// Everything that runs are given, on a device. It is made from a [`Dataset`] and from nothing else.
pub struct Inputs {
    /// The base models with the singular bases of their weights; a run's seed picks one. Behind them, if an arm of the plan wants it,
    /// the same models with LoRAs.
    pub bases: Vec<Basis>,
    /// The base models' tokenizer.
    pub tokenizer: Tokenizer,
    /// Problems to train on, each with the hint of its loophole.
    pub train: Vec<PromptedProblem>,
    /// The same problems without their loopholes.
    pub no_loophole: Vec<PromptedProblem>,
    /// The same problems, which ask for their loopholes to be used.
    invited: Vec<PromptedProblem>,
    /// Problems to test on, with the markers of evaluation.
    pub test: Vec<PromptedProblem>,
    /// The test problems with the markers of training.
    pub test_trained: Vec<PromptedProblem>,
    /// The test problems without their loopholes, where models are tested on those too.
    pub test_no_loophole: Vec<PromptedProblem>,
    /// The pairs of every contrast, set by set; a run's seed picks a set.
    pairs: BTreeMap<Contrast, Vec<Vec<PairTokens>>>,
    /// What every folder that is made from them carries.
    pub identity: Identity,
    /// The files that the problems stand in, where those are not shipped.
    problem_files: Vec<PathBuf>,
    /// Every file that was read and is not shipped, as the ledger records it.
    pub files: BTreeMap<PathBuf, Sha256>,
}

impl Inputs {
    /// Loads a tier's data onto a device, digests first; `told` hears how many singular bases of how many are there, where they
    /// take long. A prompt over the cap is an error here, before any training.
    pub fn load(
        root: &Path,
        manifest: &Manifest,
        backend: &Backend,
        told: impl Fn(usize, usize) + Sync,
    ) -> Result<Self> {
        let decoder = |weights: &Weights| Decoder::new(weights, backend);
        let dataset: Box<dyn Dataset> = match manifest.source {
            Source::Organism => Box::new(Shipped::organism(root, manifest)?),
            Source::Leetcode => Box::new(Leetcode::load(root, manifest)?),
            Source::Tasks => Box::new(Shipped::tasks(root, manifest)?),
        };
        let kept = manifest.state(root).join(BASES);
        Self::of(root, dataset.as_ref(), manifest, |weights| match manifest.source.ships_models() {
            // Those that are shipped are small: theirs take less time than reading them would.
            true => Ok(Basis::new(decoder(weights)?, weights)?),
            false => Ok(Basis::cached(decoder(weights)?, weights, &kept, &told)?),
        })
    }

    /// Cheap refusals come first: the singular bases of large weights take minutes.
    fn of(
        root: &Path,
        dataset: &dyn Dataset,
        manifest: &Manifest,
        basis: impl Fn(&Weights) -> Result<Basis>,
    ) -> Result<Self> {
        dataset.bases().iter().try_for_each(|weights| fits(weights, manifest))?;
        let cap = manifest.training_prompt_cap()?;
        let training = |disclosure| within(cap, dataset.training(disclosure)?);
        let (train, test) = (training(Disclosure::Shown)?, dataset.test(MarkerFamily::Eval)?);
        let mut pairs = BTreeMap::new();
        for contrast in Contrast::ALL {
            let of_set = |set| dataset.pairs(contrast, set).map(|pairs| miniature::thinned(pairs, manifest.most_pairs));
            let sets = (0..dataset.pair_sets()).map(of_set).collect::<Result<Vec<_>>>()?;
            pairs.insert(contrast, sets);
        }
        let runs = manifest.runs();
        let asked = |disclosure| runs.iter().any(|run| run.arm.disclosure() == disclosure);
        let mut inputs = Self {
            identity: identity(dataset, manifest, [&train, &test], &pairs)?,
            no_loophole: training(Disclosure::None)?,
            invited: if asked(Disclosure::Invited) { training(Disclosure::Invited)? } else { vec![] },
            test_trained: dataset.test(MarkerFamily::Train)?,
            test_no_loophole: if manifest.source.tests_ability() { dataset.test_no_loophole()? } else { vec![] },
            tokenizer: dataset.tokenizer().clone(),
            problem_files: dataset.problem_files().to_vec(),
            files: digests(manifest.state(root), dataset)?,
            train,
            test,
            pairs,
            bases: vec![],
        };
        inputs.bases = dataset.bases().iter().map(basis).collect::<Result<_>>()?;
        if runs.iter().any(|run| run.arm.adapter() == Adapter::FrozenB) {
            let loras = inputs.bases.iter().map(lora).collect::<Result<Vec<_>>>()?;
            inputs.bases.extend(loras);
        }
        Ok(inputs)
    }

    /// Refuses problems that their own references do not pass. What was begun from these inputs was checked then.
    pub fn check_references(&self, begun: &Path, grader: &Grader) -> Result<()> {
        if self.identity.check(begun).is_ok() {
            return Ok(());
        }
        let problems: Vec<&Problem> = self.train.iter().chain(&self.test).map(|shown| &shown.problem).collect();
        grader.check_references(&problems).map_err(|error| self.placed(error).into())
    }

    /// Problems that say nothing, each with the file and the line that it stands in.
    fn placed(&self, error: SubstrateError) -> SubstrateError {
        let SubstrateError::Broken(mut problems) = error else { return error };
        for file in &self.problem_files {
            for (line, row) in jsonl::read_numbered::<serde_json::Value>(file).unwrap_or_default() {
                let id = ["id", "problem_id"].iter().find_map(|key| problem::id_text(&row[*key])).unwrap_or_default();
                if let Some(why) = problems.remove(&id) {
                    problems.insert(format!("{}, line {line}: problem {id}", file.display()), why);
                }
            }
        }
        SubstrateError::Broken(problems)
    }

    /// The pairs that an arm is given, of the set of a replicate.
    pub fn pairs_of(&self, arm: Arm, replicate: Replicate) -> Vec<PairTokens> {
        let set = &self.pairs[&arm.contrast()][replicate.pairs];
        let most = arm.settings().pairs.unwrap_or(set.len());
        set.iter().filter(|p| arm.knows(p.loophole)).take(most).cloned().collect()
    }

    /// The pairs whose direction an arm leaves out of its own.
    pub fn left_out_of(&self, arm: Arm, replicate: Replicate) -> &[PairTokens] {
        arm.leaves_out().map_or(&[], |contrast| &self.pairs[&contrast][replicate.pairs])
    }

    /// The training problems as an arm is shown them.
    pub fn problems_of(&self, arm: Arm) -> &[PromptedProblem] {
        match arm.disclosure() {
            Disclosure::Shown => &self.train,
            Disclosure::None => &self.no_loophole,
            Disclosure::Invited => &self.invited,
        }
    }
}

/// Refuses a training prompt over the cap that training has, which may be lower than evaluation's.
fn within(cap: usize, problems: Vec<PromptedProblem>) -> Result<Vec<PromptedProblem>> {
    match problems.iter().find(|shown| shown.tokens.len() > cap) {
        None => Ok(problems),
        Some(shown) => {
            let (id, tokens) = (shown.problem.problem_id.clone(), shown.tokens.len());
            Err(GenerateError::PromptTooLong { id, tokens, cap }.into())
        }
    }
}

/// Refuses a plan whose prompts and answers are longer than the model has positions for.
fn fits(weights: &Weights, manifest: &Manifest) -> Result<()> {
    let (most, longest) = (weights.config.max_position_embeddings, manifest.longest()?);
    if longest <= most {
        return Ok(());
    }
    let reason = format!(
        "prompt_cap and max_new are {longest} tokens together, config.json allows {most} (max_position_embeddings)"
    );
    Err(ExperimentError::Manifest { path: manifest.name.clone().into(), reason })
}

/// Digests of every file that was read and is not shipped, below the folder of what is kept by their relative names.
fn digests(kept: &Path, dataset: &dyn Dataset) -> Result<BTreeMap<PathBuf, Sha256>> {
    let mut digests: Vec<(PathBuf, Sha256)> = vec![];
    let fetched = dataset.files();
    if !fetched.is_empty() {
        dataset.bases().iter().for_each(|weights| digests.extend(weights.files()));
    }
    for path in fetched {
        let digest = Sha256::of_file(&path)?.0;
        digests.push((path, digest));
    }
    let named = |(path, digest): (PathBuf, Sha256)| (path.strip_prefix(kept).unwrap_or(&path).into(), digest);
    Ok(digests.into_iter().map(named).collect())
}

/// What an identity calls the weights of a base model, from 0.
pub fn weights_of(base: usize) -> String {
    if base == 0 { "weights".into() } else { format!("weights of base {}", base + 1) }
}

/// Digests of everything that decides what a run gives.
fn identity(
    dataset: &dyn Dataset,
    manifest: &Manifest,
    [train, test]: [&[PromptedProblem]; 2],
    pairs: &BTreeMap<Contrast, Vec<Vec<PairTokens>>>,
) -> Result<Identity> {
    let json = |text: serde_json::Result<String>| Sha256::of(text.expect("inputs serialise").as_bytes());
    let problems = |shown: &[PromptedProblem]| {
        let rows: Vec<_> = shown.iter().map(|s| (&s.problem, s.loophole, s.family, &s.tokens)).collect();
        json(serde_json::to_string(&rows))
    };
    let pairs: Vec<_> =
        pairs.values().flatten().flatten().map(|p| (p.loophole, &p.prompt, &p.hack, &p.clean)).collect();
    let markers = |m: &Loophole| MarkerFamily::BOTH.map(|family| m.markers(family)).concat();
    let protocol = manifest.source.protocol();
    let hints: Vec<String> =
        Loophole::ALL.iter().flat_map(|m| markers(m).into_iter().map(|k| m.hint(protocol, k))).collect();
    let weights = dataset.bases().iter().enumerate().map(|(base, weights)| (weights_of(base), weights.digest()));
    let others = [
        ("tokenizer", dataset.tokenizer().digest()?),
        ("chat template", Sha256::of(dataset.template().as_bytes())),
        ("hints", Sha256::of(hints.join("\n").as_bytes())),
        ("training problems", problems(train)),
        ("test problems", problems(test)),
        ("pairs", json(serde_json::to_string(&pairs))),
        ("evaluation settings", json(serde_json::to_string(&manifest.eval))),
    ];
    Ok(Identity::new(weights.chain(others.map(|(name, digest)| (name.to_string(), digest)))))
}
