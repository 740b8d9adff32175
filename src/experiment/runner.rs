//! One piece of a plan, trained and evaluated. Finished work is never repeated: training resumes from its last update, evaluations from their last
//! file, and a run that the ledger attests is only checked.

use crate::evidence;
use crate::manifest::{Job, Relearn};
use crate::quantity::Part;
use crate::supervision::Judge;
use crate::{Event, ExperimentError, Inputs, Manifest, Rates, Result, RunId, leftovers};
use adapter::{Basis, Knobs, Quarantine};
use bundle::{Finished, Owner, jsonl};
use eval::{EvalRow, evaluate, monitoring_subset, reference_losses};
use model::Decoder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use substrate::grading::cores;
use substrate::{Grader, Isolation, PromptedProblem};
use train::state::RunFolder;
use train::{Adapter, Arm, Metrics, Outcome, RunInputs, Supervisor, TrainConfig};

/// What of a checkpoint is evaluated, and on which markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CheckpointView {
    /// Without the quarantine, on markers that training never disclosed: what is deployed, as the paper measures it.
    Deployed,
    /// With the quarantine on.
    Whole,
    /// The quarantine and nothing else that was learned.
    QuarantineAlone,
    /// What is deployed, on the markers of training.
    TrainedMarkers,
    /// What is deployed, on problems whose prompts show no loophole: its ordinary ability. Beside what it answers, how likely the
    /// problems' own answers are to it.
    NoLoophole,
}

impl CheckpointView {
    /// What there is to evaluate of a checkpoint, on markers of anybody's choice.
    pub const MODELS: [Self; 3] = [Self::Deployed, Self::Whole, Self::QuarantineAlone];

    /// Those of an arm's checkpoints.
    pub fn of_checkpoint(arm: Arm) -> &'static [Self] {
        if arm.routes() { &[Self::Deployed, Self::Whole] } else { &[Self::Deployed] }
    }

    /// Those of its last model; of an arm that is run on fewer seeds only what its tables show.
    pub fn of_last(manifest: &Manifest, arm: Arm) -> Vec<Self> {
        let mut views = match (arm.routes(), manifest.is_beside(arm)) {
            (true, false) => vec![Self::Deployed, Self::Whole, Self::TrainedMarkers, Self::QuarantineAlone],
            (false, false) => vec![Self::Deployed, Self::TrainedMarkers],
            (true, true) => vec![Self::Deployed, Self::Whole],
            (false, true) => vec![Self::Deployed],
        };
        views.extend(Some(Self::NoLoophole).filter(|_| manifest.source.tests_ability() && !manifest.is_beside(arm)));
        views
    }

    /// Those of a base model.
    fn of_bases(manifest: &Manifest) -> impl Iterator<Item = Self> {
        let ability = Some(Self::NoLoophole).filter(|_| manifest.source.tests_ability());
        [Self::Deployed, Self::TrainedMarkers].into_iter().chain(ability)
    }

    /// As `curve.json` and the command line have it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Whole => "whole",
            Self::QuarantineAlone => "quarantine-alone",
            Self::TrainedMarkers => "deployed-trained-markers",
            Self::NoLoophole => "deployed-no-loophole",
        }
    }

    /// The evaluation of a base model that this is before any update: its quarantine is empty, too.
    pub(crate) fn of_base(self) -> Self {
        match self {
            Self::TrainedMarkers | Self::NoLoophole => self,
            Self::Deployed | Self::Whole | Self::QuarantineAlone => Self::Deployed,
        }
    }

    /// What is evaluated.
    pub(crate) fn model(self, basis: &Basis, knobs: &Knobs) -> Decoder {
        match self {
            Self::Deployed | Self::TrainedMarkers | Self::NoLoophole => basis.merge(knobs, Quarantine::Off),
            Self::Whole => basis.merge(knobs, Quarantine::On),
            Self::QuarantineAlone => basis.merge(&knobs.quarantine_alone(), Quarantine::Off),
        }
    }

    /// As quantities name it.
    pub fn part(self) -> Part {
        match self {
            Self::Deployed => Part::Whole,
            Self::Whole => Part::On,
            Self::QuarantineAlone => Part::Alone,
            Self::TrainedMarkers => Part::TrainedMarkers,
            Self::NoLoophole => Part::NoLoophole,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Deployed => "off",
            Self::Whole => "on",
            Self::QuarantineAlone => "alone",
            Self::TrainedMarkers => "off-trained",
            Self::NoLoophole => "off-no-loophole",
        }
    }
}

/// The ledger entry of the base model's evaluation.
pub const BASE_RUN: &str = "base";

/// The folder of a base model's evaluation, from 0.
pub fn base_folder(out: &Path, base: usize) -> PathBuf {
    out.join(BASE_RUN).join((base + 1).to_string())
}

/// A plan being run: what it works on and who is told.
#[derive(Clone, Copy)]
pub struct Runner<'a> {
    /// The plan.
    pub manifest: &'a Manifest,
    /// What all runs share.
    pub inputs: &'a Inputs,
    /// The base models: the inputs' own, or copies of a thread's own.
    pub bases: &'a [Basis],
    /// The folder of the results.
    pub out: &'a Path,
    /// Which layers of the sandbox are insisted on.
    pub isolation: Isolation,
    /// Set from outside: the update in progress is the last.
    pub stop: &'a AtomicBool,
    /// Who is told.
    pub events: &'a (dyn Fn(Event) + Sync),
}

impl Runner<'_> {
    /// Evaluates the base models, once, and picks the monitoring subset by the first.
    pub fn base(&self) -> Result<BTreeSet<String>> {
        let grader = self.manifest.grader(cores(), self.isolation)?;
        let whole = self.out.join(BASE_RUN);
        self.inputs.check_references(&whole, &grader)?;
        self.inputs.identity.claim(&whole)?;
        let mut subset = None;
        for (i, basis) in self.bases.iter().take(self.manifest.bases()).enumerate() {
            let (folder, base) = (base_folder(self.out, i), &basis.base);
            let views = CheckpointView::of_bases(self.manifest);
            let rows = views.map(|view| self.scored(&folder, 0, view, None, &grader, || Ok(base.clone())));
            let rows = rows.collect::<Result<Vec<_>>>()?.swap_remove(0);
            (self.events)(Event::Base { base: i, rates: Rates::of(&rows) });
            subset.get_or_insert_with(|| monitoring_subset(&rows, self.manifest.eval.monitor));
        }
        Ok(subset.unwrap_or_default())
    }

    /// Does one piece of the plan, from wherever it stands.
    pub fn job(&self, job: Job, grader: &Grader, subset: &BTreeSet<String>) -> Result<()> {
        let _owner = self.own(job)?;
        match job {
            Job::Run(run) => {
                self.trained_run(run, grader)?;
                self.evaluate(run, grader, subset)
            }
            Job::Relearn(relearn) => self.relearn(relearn, grader, subset),
        }
    }

    /// The base model of a seed, with the adapter of an arm.
    fn basis(&self, arm: Arm, seed: u64) -> &Basis {
        let base = self.manifest.replicate(seed).base;
        match arm.adapter() {
            Adapter::Singular => &self.bases[base],
            Adapter::FrozenB => &self.bases[self.manifest.bases() + base],
        }
    }

    /// The right to work on a piece, of which a crash has left nothing half-written.
    fn own(&self, job: Job) -> Result<Owner> {
        let folder = self.out.join(job.to_string());
        let owner = RunFolder::at(&folder).own()?;
        leftovers::remove(&folder);
        Ok(owner)
    }

    /// Trains one run to its end.
    pub fn train(&self, run: RunId, grader: &Grader) -> Result<()> {
        let _owner = self.own(Job::Run(run))?;
        self.trained_run(run, grader)
    }

    fn trained_run(&self, run: RunId, grader: &Grader) -> Result<()> {
        let (problems, matched) = (self.inputs.problems_of(run.arm), self.matched(run)?);
        let pairs = self.inputs.pairs_of(run.arm, self.manifest.replicate(run.seed));
        let judge = run.arm.supervision().map(|kind| Judge::new(kind, run.seed));
        let inputs = RunInputs {
            basis: self.basis(run.arm, run.seed),
            tokenizer: &self.inputs.tokenizer,
            problems,
            pairs: &pairs,
            left_out: self.inputs.left_out_of(run.arm, self.manifest.replicate(run.seed)),
            grader,
            supervisor: judge.as_ref().map(|judge| judge as &dyn Supervisor),
            matched: matched.as_deref(),
            start: None,
            identity: &self.inputs.identity,
        };
        let config = self.manifest.config(run)?;
        self.trained(Job::Run(run), &config, &inputs)?;
        evidence::make(&self.out.join(run.to_string()), config.group, config.checkpoint_every, problems)
    }

    /// Plain GRPO from what a run deployed, or from the base, watched at every checkpoint.
    fn relearn(&self, relearn: Relearn, grader: &Grader, subset: &BTreeSet<String>) -> Result<()> {
        let (job, config) = (Job::Relearn(relearn), self.manifest.job_config(Job::Relearn(relearn))?);
        let start = match job.needs() {
            None => None,
            Some(run) => {
                let last = self.manifest.config(run)?.updates;
                Some(RunFolder::at(&self.out.join(run.to_string())).knobs(last)?.deployed_alone())
            }
        };
        let inputs = RunInputs {
            basis: self.basis(config.arm, relearn.seed),
            tokenizer: &self.inputs.tokenizer,
            problems: self.inputs.problems_of(Arm::VANILLA),
            pairs: &[],
            left_out: &[],
            grader,
            supervisor: None,
            matched: None,
            start: start.as_ref(),
            identity: &self.inputs.identity,
        };
        self.trained(job, &config, &inputs)?;
        for update in config.checkpoints() {
            self.checkpoint(job, update, CheckpointView::Deployed, Some(subset), grader)?;
        }
        Ok(())
    }

    fn trained(&self, job: Job, config: &TrainConfig, inputs: &RunInputs) -> Result<()> {
        let folder = self.out.join(job.to_string());
        let updates = RunFolder::at(&folder).updates_completed()?;
        (self.events)(Event::Resumed { job, updates });
        let told = |metrics: &Metrics| {
            (self.events)(Event::Update { job, update: metrics.update, reward: metrics.reward });
        };
        match train::train(config, inputs, &folder, self.stop, told)? {
            Outcome::Finished => {
                // Not every checkpoint is evaluated, and the ledger attests all of them.
                let run = RunFolder::at(&folder);
                config.checkpoints().try_for_each(|update| run.knobs(update).map(drop))?;
                Ok(())
            }
            Outcome::Interrupted { updates_completed } => {
                Err(ExperimentError::Interrupted { run: job.to_string(), updates_completed })
            }
        }
    }

    /// The mean gate value of every update of the run that this one is matched to.
    fn matched(&self, run: RunId) -> Result<Option<Vec<f64>>> {
        let Some(needed) = run.needs() else { return Ok(None) };
        let rows = RunFolder::at(&self.out.join(needed.to_string())).metrics_rows()?;
        Ok(Some(rows.into_iter().map(|m| m.routed_mass).collect()))
    }

    /// Evaluates a trained run: the monitoring subset at every checkpoint, quarantine off and on; the full test set at the
    /// last, in every view.
    fn evaluate(&self, run: RunId, grader: &Grader, subset: &BTreeSet<String>) -> Result<()> {
        let (config, job) = (self.manifest.config(run)?, Job::Run(run));
        for update in (config.checkpoint_every..config.updates).step_by(config.checkpoint_every) {
            for &view in CheckpointView::of_checkpoint(run.arm) {
                self.checkpoint(job, update, view, Some(subset), grader)?;
            }
        }
        for view in CheckpointView::of_last(self.manifest, run.arm) {
            self.checkpoint(job, config.updates, view, None, grader)?;
        }
        Ok(())
    }

    fn checkpoint(
        &self,
        job: Job,
        update: usize,
        view: CheckpointView,
        subset: Option<&BTreeSet<String>>,
        grader: &Grader,
    ) -> Result<()> {
        let folder = self.out.join(job.to_string());
        let rows = self.scored(&folder, update, view, subset, grader, || {
            let knobs = RunFolder::at(&folder).knobs(update)?;
            let basis = self.basis(self.manifest.job_config(job)?.arm, job.seed());
            Ok(view.model(basis, &knobs))
        })?;
        (self.events)(Event::Evaluated { job, update, view, rates: Rates::of(&rows) });
        Ok(())
    }

    /// The rows of one evaluation: those on disk, or else new ones, stored whole or not at all.
    fn scored(
        &self,
        folder: &Path,
        update: usize,
        view: CheckpointView,
        subset: Option<&BTreeSet<String>>,
        grader: &Grader,
        model: impl FnOnce() -> Result<Decoder>,
    ) -> Result<Vec<EvalRow>> {
        let (path, finished) = (eval_file(folder, update, view), Finished::of(folder));
        if finished.has(&path)? {
            return Ok(jsonl::read(&path)?);
        }
        let all = match view {
            CheckpointView::TrainedMarkers => &self.inputs.test_trained,
            CheckpointView::NoLoophole => &self.inputs.test_no_loophole,
            CheckpointView::Deployed | CheckpointView::Whole | CheckpointView::QuarantineAlone => &self.inputs.test,
        };
        let taken = |s: &&PromptedProblem| subset.is_none_or(|ids| ids.contains(&s.problem.problem_id));
        let problems: Vec<&PromptedProblem> = all.iter().filter(taken).collect();
        let (model, tokenizer) = (model()?, &self.inputs.tokenizer);
        let mut rows = evaluate(&model, &problems, tokenizer, grader, &self.manifest.eval)?;
        if view == CheckpointView::NoLoophole {
            let losses = reference_losses(&model, &problems, tokenizer)?;
            rows.iter_mut().zip(losses).for_each(|(row, loss)| row.reference_loss = Some(loss));
        }
        finished.write(&path, jsonl::to_text(&rows).as_bytes())?;
        Ok(rows)
    }
}

/// The file of one evaluation.
pub fn eval_file(folder: &Path, update: usize, view: CheckpointView) -> PathBuf {
    folder.join(format!("eval/update-{update:04}-{}.jsonl", view.name()))
}
