//! What all runs of a tier share: the base model with its SVD, problems and pairs in tokens.

use crate::leetcode::{Benchmark, Reader};
use crate::manifest::Source;
use crate::{ExperimentError, Manifest, Result};
use adapter::Basis;
use backend::Backend;
use bundle::{Identity, Pins, Sha256, pins};
use generate::GenerateError;
use model::{ChatTemplate, Decoder, Tokenizer, Weights, hub};
use organism::{Organism, Pair};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use substrate::modes::CLEAN_PHRASE;
use substrate::{Family, Grader, Mode, Problem, PromptedProblem};
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
    /// What every folder that is made from them carries.
    pub identity: Identity,
    /// Every file that was read, as the ledger records it.
    pub files: BTreeMap<PathBuf, Sha256>,
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

/// The published files' own names, and how the pins name their folder.
const TRAIN: &str = "leetcode_train_medhard_filtered.jsonl";
const TEST: &str = "leetcode_test_medhard.jsonl";
const LEETCODE: &str = "leetcode";

impl Files {
    /// Where a tier's manifest says they are, digests checked.
    pub fn of(root: &Path, manifest: &Manifest) -> Result<Self> {
        let folder = manifest.model.as_ref().unwrap_or(&manifest.data);
        let model = hub::resolve(&root.join(folder))?;
        Pins::load(&root.join(pins::FILE))?.verify_copy(Path::new(folder.file_name().unwrap_or_default()), &model)?;
        let weights = Weights::load(&model)?;
        Self::with(root, manifest, model, weights).on(root, None, None)
    }

    /// The same with other weights, whose tokenizer and chat template lie in `model`. Their digests are the caller's business.
    pub fn with(root: &Path, manifest: &Manifest, model: PathBuf, weights: Weights) -> Self {
        let data = root.join(&manifest.data);
        Self { model, weights, train: data.join(TRAIN), test: data.join(TEST), cache: root.join("runs/svd") }
    }

    /// On problems of one's own, or on the published ones, digests checked.
    pub fn on(mut self, root: &Path, train: Option<PathBuf>, test: Option<PathBuf>) -> Result<Self> {
        for (file, own) in [(&mut self.train, train), (&mut self.test, test)] {
            match own {
                Some(own) => *file = own,
                None => Pins::load(&root.join(pins::FILE))?.verify_file(Path::new(LEETCODE), file)?,
            }
        }
        Ok(self)
    }
}

impl Inputs {
    /// Loads a tier's data folder onto a device, digests first. A prompt over the cap is an error here, before any training.
    pub fn load(root: &Path, manifest: &Manifest, backend: &Backend) -> Result<Self> {
        match manifest.source {
            Source::Organism => Self::organism(root, manifest, backend),
            Source::Leetcode => Self::benchmark(root, &Files::of(root, manifest)?, manifest, backend, |_, _| ()),
        }
    }

    /// The published benchmark with a model of one's own; `told` hears how many singular bases of how many are there.
    pub fn benchmark(
        root: &Path,
        files: &Files,
        manifest: &Manifest,
        backend: &Backend,
        told: impl Fn(usize, usize),
    ) -> Result<Self> {
        Self::fits(&files.weights, manifest)?;
        let tokenizer = Tokenizer::of_model(&files.model, files.weights.config.vocab_size)?;
        let template = ChatTemplate::load(&files.model)?;
        let reader = Reader { tokenizer: &tokenizer, template: &template, cap: manifest.eval.prompt_cap };
        let Benchmark { train, closed, test, test_trained, pairs, placebo_pairs } =
            Benchmark::load(&files.train, &files.test, &reader)?;
        let base = Decoder::new(&files.weights, backend)?;
        let basis = Basis::cached(base, &files.weights, &files.cache, told)?;
        let mut read = hub::settings(&files.model);
        read.extend([files.train.clone(), files.test.clone()]);
        let mut digests: Vec<(PathBuf, Sha256)> = files.weights.files();
        for path in read {
            digests.push((path.clone(), Sha256::of_file(&path)?.0));
        }
        let named = |(path, digest): (PathBuf, Sha256)| (path.strip_prefix(root).unwrap_or(&path).into(), digest);
        let files_read = digests.into_iter().map(named).collect();
        let made = Self {
            basis,
            tokenizer,
            train,
            closed,
            test,
            test_trained,
            pairs,
            placebo_pairs,
            identity: Identity::default(),
            files: files_read,
        };
        made.identified(&files.weights, template.source(), manifest)
    }

    fn organism(root: &Path, manifest: &Manifest, backend: &Backend) -> Result<Self> {
        let shipped = Pins::load(&root.join(pins::FILE))?;
        shipped.verify(root, &manifest.data)?;
        let Organism { weights, tokenizer, train, test, partition, pairs, placebo_pairs } =
            Organism::load(&root.join(&manifest.data))?;
        Self::fits(&weights, manifest)?;
        let cap = manifest.eval.prompt_cap;
        let without = partition.train.keys().map(|id| (id.clone(), Mode::GtOnly)).collect();
        // Settings are chosen on training problems that were kept out of training, never on the test set.
        let held = |p: &Problem| manifest.validation && Sha256::of(p.problem_id.as_bytes()) < Sha256::of(b"validation");
        let (held, train): (Vec<Problem>, Vec<Problem>) = train.into_iter().partition(held);
        let (test, modes) = if manifest.validation { (held, &partition.train) } else { (test, &partition.test) };
        let made = Self {
            closed: show(&tokenizer, train.clone(), &without, Family::Train, cap)?,
            train: show(&tokenizer, train, &partition.train, Family::Train, cap)?,
            test_trained: show(&tokenizer, test.clone(), modes, Family::Train, cap)?,
            test: show(&tokenizer, test, modes, Family::Eval, cap)?,
            pairs: pair_tokens(&tokenizer, &pairs)?,
            placebo_pairs: pair_tokens(&tokenizer, &placebo_pairs)?,
            basis: Basis::new(Decoder::new(&weights, backend)?, &weights)?,
            tokenizer,
            identity: Identity::default(),
            // All of them are shipped, and every entry names all that is shipped.
            files: BTreeMap::new(),
        };
        made.identified(&weights, "", manifest)
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

    /// With the digests of everything that decides what a run gives.
    fn identified(self, weights: &Weights, template: &str, manifest: &Manifest) -> Result<Self> {
        let json = |text: serde_json::Result<String>| Sha256::of(text.expect("inputs serialise").as_bytes());
        let problems = |shown: &[PromptedProblem]| {
            let rows: Vec<_> = shown.iter().map(|s| (&s.problem, s.mode, s.family, &s.tokens)).collect();
            json(serde_json::to_string(&rows))
        };
        let pairs: Vec<_> = self.pairs.iter().chain(&self.placebo_pairs).collect();
        let pairs: Vec<_> = pairs.iter().map(|p| (p.mode, &p.prompt, &p.hack, &p.clean)).collect();
        let hints: Vec<String> = Mode::ALL
            .iter()
            .flat_map(|m| {
                Family::BOTH.map(|family| m.markers(family)).concat().into_iter().map(|k| m.show(CLEAN_PHRASE, k))
            })
            .collect();
        let identity = Identity::new([
            ("weights", weights.digest()),
            ("tokenizer", self.tokenizer.digest()?),
            ("chat template", Sha256::of(template.as_bytes())),
            ("hints", Sha256::of(hints.join("\n").as_bytes())),
            ("training problems", problems(&self.train)),
            ("test problems", problems(&self.test)),
            ("pairs", json(serde_json::to_string(&pairs))),
            ("evaluation settings", json(serde_json::to_string(&manifest.eval))),
        ]);
        Ok(Self { identity, ..self })
    }

    /// Refuses problems that their own references do not pass. What was begun from these inputs was checked then.
    pub fn check_references(&self, begun: &Path, grader: &Grader) -> Result<()> {
        if self.identity.check(begun).is_ok() {
            return Ok(());
        }
        let problems: Vec<&Problem> = self.train.iter().chain(&self.test).map(|shown| &shown.problem).collect();
        Ok(grader.check_references(&problems)?)
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
