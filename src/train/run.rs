//! The training loop.

use crate::memory::PassPlan;
use crate::optimizer::StepSize;
use crate::rollouts::{self, Rollout};
use crate::state::{RunFolder, State};
use crate::tensorboard::{Scalars, TensorBoard};
use crate::timings::{Stage, Timings};
use crate::treat::{Update, treat};
use crate::{
    Metrics, PairTokens, Result, RolloutRow, RunInputs, TrainConfig, TrainError, Treatment, gradients, grpo, optimizer,
};
use adapter::{Knobs, Quarantine, TokenSplit};
use bundle::jsonl;
use generate::FinishReason;
use model::Decoder;
use routing::{Band, Gate, Routed};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// So many updates apart the runtime is told to drop what it keeps for the shapes of their passes (see
/// [`backend::Backend::forget_shapes`]).
const SHAPES_KEPT: usize = 25;

/// How a call to [`train`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every update is done.
    Finished,
    /// Told to stop: the state after so many updates is saved.
    Interrupted {
        /// Updates behind the saved state.
        updates_completed: usize,
    },
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
    let (mut state, mut logs) = run.resume(&inputs.basis.layout)?;
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
            logs.append(&metrics, &rows)?;
            if finished.is_multiple_of(config.checkpoint_every) || finished == config.updates {
                run.save_checkpoint(&state)?;
            }
            run.save(&state, &logs)
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
    let RunInputs { basis, matched, .. } = *inputs;
    let update = state.updates_completed + 1;
    let merged = |knobs: &Knobs| gradients::policies(basis, knobs, config.arm.routes());
    let mut policies = timings.time(Stage::Merge, || merged(&state.knobs));
    if config.arm.needs_gate() && (state.gate.is_none() || config.arm.refreshes(update, config.refresh)) {
        let deployed = policies.of(Quarantine::Off);
        let gate = timings.time(Stage::Pairs, || gate(config, inputs, deployed, plan))?;
        if config.arm.treatment() == Treatment::BandPerPolicy {
            let on = timings
                .time(Stage::Pairs, || gradients::of_pairs(policies.of(Quarantine::On), basis, inputs.pairs, plan))?;
            state.band_on = Some(Band::calibrate(&on, &gate.direction, &basis.layout));
        }
        state.gate = Some(gate);
    }
    if let (1, Some(size), Some(gate)) = (update, config.arm.begins_toward_the_hack(), &state.gate) {
        state.knobs.quarantine = gate.direction.toward_the_hack(size, &basis.layout);
        policies = timings.time(Stage::Merge, || merged(&state.knobs));
    }
    let mass = match config.arm.treatment().matched_to() {
        Some(to) => {
            let mass = matched.and_then(|masses| masses.get(update - 1));
            Some(*mass.ok_or(TrainError::Unmatched { to, update })?)
        }
        None => None,
    };

    let rollouts = rollouts::collect(config, update, inputs, &policies, timings)?;
    let rewards: Vec<_> = rollouts.iter().map(|r| r.reward).collect();
    let advantages = grpo::advantages(&rewards, config.group, config.std_floor);
    let whole = config.arm.treatment().sets_advantages();
    let taking_part: Vec<gradients::TrainedRollout> = rollouts
        .iter()
        .zip(&advantages.values)
        .enumerate()
        .filter_map(|(i, (rollout, advantage))| advantage.map(|a| (i, rollout, if whole { 1.0 } else { a })))
        .collect();

    let token_gate = state.gate.as_ref().filter(|_| config.arm.treatment().per_token()).map(|g| g.of_tokens(basis));
    let passes = gradients::Passes { basis, plan, gate: token_gate.as_ref() };
    let loss = timings.time(Stage::Gradients, || gradients::of_loss(config, &policies, &taking_part, passes))?;
    let groups: Vec<usize> = taking_part.iter().map(|(i, ..)| i / config.group).collect();
    let seen = Update {
        loss: &loss,
        layout: &basis.layout,
        advantages: &advantages.values.iter().copied().flatten().collect::<Vec<f64>>(),
        groups: &groups,
        deployed: &taking_part.iter().map(|(_, r, _)| r.quarantine == Quarantine::Off).collect::<Vec<_>>(),
        band_on: state.band_on.as_ref(),
        matched: mass,
        at: (config.seed, update),
    };
    let mut routed = timings.time(Stage::Step, || treat(config.arm, state.gate.as_ref(), &seen));
    if config.arm.has_knobs_apart() {
        routed = routed.apart(&basis.layout);
    }
    let gradient_norm = optimizer::clip(&mut routed.deployed, &mut routed.quarantined, config.clip);
    if !gradient_norm.is_finite() {
        return Err(TrainError::Diverged { update });
    }
    let how = StepSize::of(config, update);
    state.deployed.step(&mut state.knobs.deployed, &routed.deployed, update, how);
    if config.arm.routes() {
        let how = StepSize { lr: how.lr * config.quarantine_lr.unwrap_or(1.0), ..how };
        state.quarantine.step(&mut state.knobs.quarantine, &routed.quarantined, update, how);
    }
    state.updates_completed = update;

    let known: Vec<f64> = rewards.iter().flatten().map(|r| r.0 as f64).collect();
    let metrics = Metrics {
        update,
        reward: known.iter().sum::<f64>() / known.len().max(1) as f64,
        ended: rollouts.iter().filter(|r| r.completion.finish_reason == FinishReason::End).count() as f64
            / rollouts.len().max(1) as f64,
        skipped_groups: advantages.skipped_groups,
        infra_failed: rollouts.iter().filter(|r| r.graded.failure.is_some()).count(),
        lr: how.lr,
        gradient_norm,
        routed_mass: routed.mass(),
        band_width: state.gate.as_ref().map(|g| g.band.width()),
        kl: loss.kl,
        logp_gap: loss.logp_gap,
        completion_tokens: rollouts.iter().map(|r| r.completion.tokens.len()).sum(),
        trained_tokens: taking_part.iter().map(|(_, r, _)| r.shown.tokens.len() + r.completion.tokens.len()).sum(),
    };
    let taken: Vec<usize> = taking_part.iter().map(|(i, _, _)| *i).collect();
    Ok((metrics, rows(update, &rollouts, &taken, (&routed, &loss.split))))
}

/// The gate from what the pairs say of the deployed model.
fn gate(config: &TrainConfig, inputs: &RunInputs, deployed: &Decoder, plan: PassPlan) -> Result<Gate> {
    let of = |pairs: &[PairTokens]| gradients::of_pairs(deployed, inputs.basis, pairs, plan);
    let left_out = if inputs.left_out.is_empty() { None } else { Some(of(inputs.left_out)?) };
    config.arm.gate(&of(inputs.pairs)?, left_out.as_ref(), &inputs.basis.layout, config.seed)
}

fn rows(update: usize, rollouts: &[Rollout], taken: &[usize], of: (&Routed, &TokenSplit)) -> Vec<RolloutRow> {
    let (routed, split) = of;
    let mut fractions = vec![None; rollouts.len()];
    for (&i, &f) in taken.iter().zip(&routed.fractions) {
        fractions[i] = Some(f);
    }
    let mut token_gates = vec![vec![]; rollouts.len()];
    for (&i, gates) in taken.iter().zip(&split.gates) {
        token_gates[i] = completion_gates(rollouts[i].shown.tokens.len(), gates);
    }
    let row = |((r, routed), token_gates): ((&Rollout, Option<f64>), Vec<u8>)| RolloutRow {
        update,
        problem_id: r.shown.problem.problem_id.clone(),
        quarantine: r.quarantine == Quarantine::On,
        demonstrated: r.demonstrated,
        completion: r.text.clone(),
        tokens: r.completion.tokens.len(),
        finish_reason: r.completion.finish_reason,
        reward: r.reward.map(|r| r.0),
        sealed: r.graded.verdict.as_log().into(),
        routed,
        token_gates,
    };
    rollouts.iter().zip(fractions).zip(token_gates).map(row).collect()
}

/// Of the gate values of a prompt of so many tokens and its completion those that predict the completion's, in hundredths.
fn completion_gates(prompt: usize, gates: &[f32]) -> Vec<u8> {
    let predicting = prompt - 1..gates.len() - 1;
    gates[predicting].iter().map(|f| (100.0 * f).round() as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tokens_gate_value_is_that_of_the_place_before_it() {
        assert_eq!(completion_gates(3, &[0.1, 0.2, 0.314, 0.4, 0.996]), [31, 40]);
        assert_eq!(completion_gates(1, &[1.0, 0.0]), [100]);
    }
}
