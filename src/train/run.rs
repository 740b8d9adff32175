//! The training loop.

use crate::memory::PassPlan;
use crate::rollouts::{self, Rollout};
use crate::state::{RunFolder, State};
use crate::tensorboard::{Scalars, TensorBoard};
use crate::timings::{Stage, Timings};
use crate::{PairTokens, Result, TrainConfig, TrainError, Treatment, gradients, grpo, optimizer};
use adapter::{Basis, Knobs, Quarantine};
use bundle::{Identity, jsonl};
use model::Tokenizer;
use routing::Routed;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use substrate::{Grader, PromptedProblem};

/// Updates after which the shapes of their passes are forgotten (see [`backend::Backend::forget_shapes`]).
const SHAPES_KEPT: usize = 25;

/// What a run works on.
pub struct RunInputs<'a> {
    pub basis: &'a Basis,
    pub tokenizer: &'a Tokenizer,
    pub problems: &'a [PromptedProblem],
    pub pairs: &'a [PairTokens],
    pub grader: &'a Grader,
    /// Mean gate value of every update of the run that this arm is matched to, if it is to one.
    pub matched: Option<&'a [f64]>,
    /// Knobs to begin with; none means zero.
    pub start: Option<&'a Knobs>,
    /// What all of this was made from: a run goes on only from the same.
    pub identity: &'a Identity,
}

/// How a call to [`train`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Finished,
    Interrupted { updates_completed: usize },
}

/// One row of `metrics.jsonl`. No times in it: the same run gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    pub update: usize,
    pub reward: f64,
    pub skipped_groups: usize,
    pub infra_failed: usize,
    pub rate: f64,
    pub gradient_norm: f64,
    pub routed_mass: f64,
    pub band_width: Option<f64>,
    pub kl: f64,
    pub logp_gap: f32,
    pub completion_tokens: usize,
    /// Tokens that went through the training passes, prompts included.
    pub trained_tokens: usize,
}

impl Metrics {
    /// What TensorBoard is shown.
    fn scalars(&self) -> Scalars {
        [
            ("reward", self.reward),
            ("routed_mass", self.routed_mass),
            ("band_width", self.band_width.unwrap_or(0.0)),
            ("kl", self.kl),
            ("logp_gap", f64::from(self.logp_gap)),
            ("gradient_norm", self.gradient_norm),
            ("skipped_groups", self.skipped_groups as f64),
        ]
    }
}

/// One row of `rollouts.jsonl`. The verdict stays sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolloutRow {
    pub update: usize,
    pub problem_id: String,
    pub quarantine: bool,
    pub completion: String,
    pub reward: Option<f32>,
    pub sealed: String,
    /// Mean gate value over modules; absent when the rollout's group was skipped.
    pub routed: Option<f64>,
}

/// Trains from where the folder's state stands to `config.updates`, saving after every update.
pub fn train(
    config: &TrainConfig,
    inputs: &RunInputs,
    folder: &Path,
    stop: &AtomicBool,
    mut progress: impl FnMut(&Metrics),
) -> Result<Outcome> {
    let run = RunFolder::open(folder, config, inputs.identity)?;
    let mut state = run.resume(&inputs.basis.layout)?;
    if let (0, Some(start)) = (state.updates_completed, inputs.start) {
        state.knobs = start.clone();
    }
    let mut plan = PassPlan::of(config, inputs.basis, &run)?;
    let mut tensorboard = TensorBoard::open(&run.log(), &shown(&run)?)?;
    if state.updates_completed == 0 {
        run.save_checkpoint(&state)?;
    }
    while state.updates_completed < config.updates {
        if stop.load(Ordering::Relaxed) {
            return Ok(Outcome::Interrupted { updates_completed: state.updates_completed });
        }
        let mut timings = Timings::default();
        let (metrics, rows) = match update(config, inputs, &mut state, plan, &mut timings) {
            // Nothing has changed yet: the same update again, in smaller passes.
            Err(error) if error.is_out_of_memory() => {
                plan = plan.smaller(&run, error)?;
                continue;
            }
            done => done?,
        };
        let finished = state.updates_completed;
        timings.time(Stage::Save, || -> Result<()> {
            jsonl::append(&run.rollouts(), &rows)?;
            jsonl::append(&run.metrics(), std::slice::from_ref(&metrics))?;
            if finished.is_multiple_of(config.checkpoint_every) || finished == config.updates {
                run.save_checkpoint(&state)?;
            }
            run.save(&state)
        })?;
        tensorboard.scalars(finished, &metrics.scalars())?;
        let row = timings.row(finished, metrics.completion_tokens, metrics.trained_tokens);
        jsonl::append(&run.timings(), std::slice::from_ref(&row))?;
        progress(&metrics);
        if finished.is_multiple_of(SHAPES_KEPT) {
            inputs.basis.base.backend.forget_shapes();
        }
    }
    Ok(Outcome::Finished)
}

/// What TensorBoard was shown of the updates that a run has behind it.
fn shown(run: &RunFolder) -> Result<Vec<(usize, Scalars)>> {
    let path = run.metrics();
    let rows: Vec<Metrics> = if path.exists() { jsonl::read(&path)? } else { vec![] };
    Ok(rows.iter().map(|m| (m.update, m.scalars())).collect())
}

/// One GRPO update: refresh the gate, sample and grade, split the gradient, step both knobs.
fn update(
    config: &TrainConfig,
    inputs: &RunInputs,
    state: &mut State,
    plan: PassPlan,
    timings: &mut Timings,
) -> Result<(Metrics, Vec<RolloutRow>)> {
    let RunInputs { basis, tokenizer, problems, pairs, grader, matched, .. } = *inputs;
    let update = state.updates_completed + 1;
    let policies = timings.time(Stage::Merge, || gradients::policies(basis, &state.knobs, config.arm.routes()));
    if config.arm.needs_gate() && (state.gate.is_none() || config.arm.refreshes(update, config)) {
        let deployed = policies.of(Quarantine::Off);
        let pair_gradients = timings.time(Stage::Pairs, || gradients::of_pairs(deployed, basis, pairs, plan))?;
        state.gate = Some(config.arm.gate(&pair_gradients, &basis.layout, config)?);
    }
    let mass = match config.arm.treatment() {
        Treatment::Matched { to } => {
            let mass = matched.and_then(|masses| masses.get(update - 1));
            Some(*mass.ok_or(TrainError::Unmatched { to: to.name(), update })?)
        }
        _ => None,
    };

    let rollouts = rollouts::collect(config, update, problems, &policies, tokenizer, grader, timings)?;
    let rewards: Vec<_> = rollouts.iter().map(|r| r.graded.reward).collect();
    let advantages = grpo::advantages(&rewards, config.group, config.std_floor);
    let taking_part: Vec<gradients::TrainedRollout> = rollouts
        .iter()
        .zip(&advantages.values)
        .enumerate()
        .filter_map(|(i, (rollout, advantage))| advantage.map(|a| (i, rollout, a)))
        .collect();

    let loss = timings.time(Stage::Gradients, || gradients::of_loss(config, basis, &policies, &taking_part, plan))?;
    let mut routed = timings.time(Stage::Step, || config.arm.treat(state.gate.as_ref(), &loss, &basis.layout, mass));
    let gradient_norm = optimizer::clip(&mut routed.kept, &mut routed.quarantined, config.clip);
    if !gradient_norm.is_finite() {
        return Err(TrainError::Diverged { update });
    }
    let rate = optimizer::learning_rate(config, update);
    state.deployed.step(&mut state.knobs.deployed, &routed.kept, update, rate, config.decay);
    if config.arm.routes() {
        state.quarantine.step(&mut state.knobs.quarantine, &routed.quarantined, update, rate, config.decay);
    }
    state.updates_completed = update;

    let known: Vec<f64> = rewards.iter().flatten().map(|r| r.0 as f64).collect();
    let metrics = Metrics {
        update,
        reward: known.iter().sum::<f64>() / known.len().max(1) as f64,
        skipped_groups: advantages.skipped_groups,
        infra_failed: rewards.len() - known.len(),
        rate,
        gradient_norm,
        routed_mass: routed.mass(),
        band_width: state.gate.as_ref().map(|g| g.band.width()),
        kl: loss.kl,
        logp_gap: loss.logp_gap,
        completion_tokens: rollouts.iter().map(|r| r.completion.tokens.len()).sum(),
        trained_tokens: taking_part.iter().map(|(_, r, _)| r.shown.tokens.len() + r.completion.tokens.len()).sum(),
    };
    let taken: Vec<usize> = taking_part.iter().map(|(i, _, _)| *i).collect();
    Ok((metrics, rows(update, &rollouts, &taken, &routed)))
}

fn rows(update: usize, rollouts: &[Rollout], taken: &[usize], routed: &Routed) -> Vec<RolloutRow> {
    let mut fractions = vec![None; rollouts.len()];
    for (&i, &f) in taken.iter().zip(&routed.fractions) {
        fractions[i] = Some(f);
    }
    let row = |(r, routed): (&Rollout, Option<f64>)| RolloutRow {
        update,
        problem_id: r.shown.problem.problem_id.clone(),
        quarantine: r.quarantine == Quarantine::On,
        completion: r.text.clone(),
        reward: r.graded.reward.map(|r| r.0),
        sealed: r.graded.verdict.as_log().into(),
        routed,
    };
    rollouts.iter().zip(fractions).map(row).collect()
}
