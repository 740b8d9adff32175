//! Any checkpoint of a run, scored on problems of one's choice, without training. Beside the evaluations of a plan, never in
//! their place: what is written here decides no result.

use crate::dataset::Prompter;
use crate::inputs::lora;
use crate::{CheckpointView, ExperimentError, Inputs, Manifest, Result, leftovers};
use adapter::Basis;
use bundle::{BundleError, Finished, Owner, Sha256, jsonl};
use eval::{EvalRow, evaluate, rank};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use substrate::{Grader, Loophole, MarkerFamily, PromptedProblem};
use train::{Adapter, RunFolder};

/// Which problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Those that the plan tests on.
    Test,
    /// Those that it trains on.
    Train,
}

impl Split {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Test, Self::Train];

    /// As the command line and files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Train => "train",
        }
    }
}

/// The problems that a run's checkpoints are scored on.
#[derive(Clone, Copy, Debug)]
pub struct Problems {
    /// Which.
    pub split: Split,
    /// The markers that their prompts disclose.
    pub markers: MarkerFamily,
    /// At most so many of them, each loophole as often as can be.
    pub only: Option<usize>,
}

/// One evaluation.
pub struct Scored {
    /// Where its rows lie.
    pub path: PathBuf,
    /// Whether an earlier call made them.
    pub was_there: bool,
    /// A row a problem.
    pub rows: Vec<EvalRow>,
}

/// A run whose checkpoints are scored.
pub struct Scorer<'a> {
    manifest: &'a Manifest,
    inputs: &'a Inputs,
    run: &'a Path,
    /// With the adapter of an arm that trains LoRAs.
    lora: Option<Basis>,
    base: &'a Basis,
    config: Sha256,
}

impl<'a> Scorer<'a> {
    /// Opens a run's folder.
    ///
    /// # Errors
    /// The run was made from other bytes than these inputs.
    pub fn open(manifest: &'a Manifest, inputs: &'a Inputs, run: &'a Path) -> Result<Self> {
        inputs.identity.check(run).map_err(|error| match error {
            BundleError::OtherInputs { folder, differs } => ExperimentError::OtherInputs { folder, differs },
            other => other.into(),
        })?;
        let folder = RunFolder::at(run);
        let config = folder.read_config()?;
        let base = &inputs.bases[manifest.replicate(config.seed).base];
        let lora = match config.arm.adapter() {
            Adapter::Singular => None,
            Adapter::FrozenB => Some(lora(base)?),
        };
        Ok(Self { manifest, inputs, run, lora, base, config: Sha256::of_file(&folder.config())?.0 })
    }

    /// A split's problems in tokens, or some of them. A problem's seed is the same among few as among all, and on the CPU its
    /// completion; on CUDA sums may be ordered otherwise in a smaller batch.
    pub fn problems(&self, Problems { split, markers, only }: Problems) -> Result<Vec<PromptedProblem>> {
        let prompter = Prompter { tokenizer: &self.inputs.tokenizer, cap: self.manifest.eval.prompt_cap };
        let own = match split {
            Split::Test => &self.inputs.test,
            Split::Train => &self.inputs.train,
        };
        let drawn = drawn(own, only.unwrap_or(own.len()));
        let wanted = own.iter().filter(|shown| drawn.contains(&shown.problem.problem_id));
        wanted.map(|shown| prompter.problem(&shown.problem, shown.loophole, markers)).collect()
    }

    /// Scores the checkpoint after `update` updates on `problems`, or reads what an earlier call made of it; the file below
    /// `out` is named for all that decides it. The folder of an update belongs to one checkpoint's bytes.
    pub fn score(
        &self,
        (update, view): (usize, CheckpointView),
        of: Problems,
        problems: &[PromptedProblem],
        out: &Path,
        grader: &Grader,
    ) -> Result<Scored> {
        let checkpoint = RunFolder::checkpoint(self.run, update);
        let folder = out.join(format!("update-{update:04}"));
        let identity = self.inputs.identity.clone();
        let identity = identity.and("configuration", self.config).and("checkpoint", Sha256::of_file(&checkpoint)?.0);
        identity.claim(&folder)?;
        let _owner = Owner::of(&folder, &folder)?;
        leftovers::remove(&folder);
        let markers = match of.markers {
            MarkerFamily::Train => "train",
            MarkerFamily::Eval => "eval",
        };
        let finished = Finished::of(&folder);
        let only = of.only.map_or(String::new(), |only| format!("-only-{only}"));
        let path = folder.join(format!("{}-{}-{markers}-markers{only}.jsonl", view.label(), of.split.name()));
        if finished.has(&path)? {
            let rows = jsonl::read(&path)?;
            return Ok(Scored { path, was_there: true, rows });
        }
        let knobs = RunFolder::at(self.run).knobs(update)?;
        let problems: Vec<&PromptedProblem> = problems.iter().collect();
        let model = view.model(self.lora.as_ref().unwrap_or(self.base), &knobs);
        let rows = evaluate(&model, &problems, &self.inputs.tokenizer, grader, &self.manifest.eval)?;
        finished.write(&path, jsonl::to_text(&rows).as_bytes())?;
        Ok(Scored { path, was_there: false, rows })
    }
}

/// The ids of at most `most` problems: of every loophole in turn the one of least rank that is left.
fn drawn(of: &[PromptedProblem], most: usize) -> BTreeSet<String> {
    let mut by_loophole: BTreeMap<Loophole, Vec<&str>> = BTreeMap::new();
    for shown in of {
        by_loophole.entry(shown.loophole).or_default().push(&shown.problem.problem_id);
    }
    by_loophole.values_mut().for_each(|ids| ids.sort_by_key(|id| rank(id)));
    let longest = by_loophole.values().map(Vec::len).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|turn| by_loophole.values().filter_map(move |ids| ids.get(turn)));
    turns.take(most).map(|id| id.to_string()).collect()
}
