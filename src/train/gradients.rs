//! Per-rollout gradients of the GRPO loss, and of the pairs' likelihoods, with respect to the knobs.

use crate::memory::PassPlan;
use crate::rollouts::{Policies, Rollout};
use crate::{Result, TrainConfig};
use adapter::{Basis, KnobTap, Quarantine, RolloutGradients};
use backend::{Batch, read};
use model::{Decoder, Objective, Targets};
use routing::PairGradients;
use substrate::Loophole;

/// A contrastive pair in tokens.
#[derive(Clone, Debug)]
pub struct PairTokens {
    /// The prompt that both answer.
    pub prompt: Vec<u32>,
    /// The answer in the hack's part, end token included.
    pub hack: Vec<u32>,
    /// The other answer.
    pub clean: Vec<u32>,
    /// The loophole that the hack uses.
    pub loophole: Loophole,
}

/// What one update's backward passes yield.
pub struct LossGradients {
    /// One row per rollout that takes part, in rollout order.
    pub gradients: RolloutGradients,
    /// The same token by token, if the arm asks for it: for each of those rollouts a row per token.
    pub tokens: Vec<RolloutGradients>,
    /// Largest difference between the sampler's and the trainer's log-probability of a sampled token.
    pub logp_gap: f32,
    /// Mean of `exp(x) - x - 1` against the base model, 0 when there is no KL term.
    pub kl: f64,
}

/// A rollout that takes part, with its place among all and its advantage.
pub type TrainedRollout<'a, 'b> = (usize, &'a Rollout<'b>, f64);

/// A prompt with its completion, and the derivative of the loss by each completion token's log-probability.
struct Row {
    tokens: Vec<u32>,
    prompt: usize,
    weight: f32,
}

/// `dL/dlogp_{b,t} = -A_b / (G * max_new * prompts) + kl (1 - exp(logp_ref - logp))`, scaled likewise. With one inner
/// step the probability ratio is 1, so clipping never acts and the second forward pass is not needed.
pub fn of_loss(
    config: &TrainConfig,
    basis: &Basis,
    policies: &Policies,
    rollouts: &[TrainedRollout],
    plan: PassPlan,
) -> Result<LossGradients> {
    let denominator = (config.rollouts() * config.max_new) as f64;
    let mut out = LossGradients { gradients: RolloutGradients::default(), tokens: vec![], logp_gap: 0.0, kl: 0.0 };
    let mut rows: Vec<(usize, RolloutGradients)> = vec![];
    let per_token = config.arm.treatment().per_token();
    let mut tokens_seen = 0;
    for chunk in passes(rollouts, plan.tokens) {
        let batch: Vec<Row> = chunk
            .iter()
            .map(|(_, r, advantage)| Row {
                tokens: [&r.shown.tokens[..], &r.completion.tokens].concat(),
                prompt: r.shown.tokens.len(),
                weight: (-advantage / denominator) as f32,
            })
            .collect();
        let reference = if config.kl > 0.0 { Some(log_probs(&basis.base, &batch)?) } else { None };
        let kl = (config.kl / denominator) as f32;
        let policy = policies.of(chunk[0].1.quarantine);
        let (gradients, logp) =
            row_gradients(policy, basis, &batch, reference.as_deref(), kl, per_token, plan.saved_activations)?;
        // A demonstration was not sampled: its log-probabilities are no numbers, which `max` passes over.
        let sampled = chunk.iter().flat_map(|(_, r, _)| &r.completion.logp);
        out.logp_gap = sampled.zip(&logp).map(|(a, b)| (a - b).abs()).fold(out.logp_gap, f32::max);
        if let Some(reference) = &reference {
            let x = reference.iter().zip(&logp).map(|(r, l)| (r - l) as f64);
            out.kl += x.map(|x| x.exp() - x - 1.0).sum::<f64>();
        }
        tokens_seen += logp.len();
        rows.extend(chunk.iter().map(|(i, _, _)| *i).zip(gradients));
    }
    rows.sort_by_key(|(i, _)| *i);
    out.gradients.rows = rows.iter().map(|(_, tokens)| tokens.sum()).collect();
    out.tokens = if per_token { rows.into_iter().map(|(_, tokens)| tokens).collect() } else { vec![] };
    out.kl /= tokens_seen.max(1) as f64;
    Ok(out)
}

/// Rollouts that go through the device together: of one policy, similar lengths together, at most `tokens` in all unless one
/// alone has more. Ties keep rollout order, so passes are always the same.
fn passes<'a, 'b>(rollouts: &[TrainedRollout<'a, 'b>], tokens: usize) -> Vec<Vec<TrainedRollout<'a, 'b>>> {
    let length = |r: &Rollout| r.shown.tokens.len() + r.completion.tokens.len();
    let mut order = rollouts.to_vec();
    order.sort_by_key(|(i, r, _)| (r.quarantine, length(r), *i));
    let (mut out, mut held): (Vec<Vec<TrainedRollout>>, usize) = (vec![], 0);
    for rollout in order {
        held += length(rollout.1);
        match out.last_mut() {
            Some(pass) if held <= tokens && pass[0].1.quarantine == rollout.1.quarantine => pass.push(rollout),
            _ => {
                held = length(rollout.1);
                out.push(vec![rollout]);
            }
        }
    }
    out
}

/// Gradients of each side's NLL, averaged over completion tokens, on the deployed model.
pub fn of_pairs(deployed: &Decoder, basis: &Basis, pairs: &[PairTokens], plan: PassPlan) -> Result<PairGradients> {
    let side = |answer: fn(&PairTokens) -> &Vec<u32>| -> Result<RolloutGradients> {
        let batch: Vec<Row> = pairs
            .iter()
            .map(|p| Row {
                tokens: [&p.prompt[..], answer(p)].concat(),
                prompt: p.prompt.len(),
                weight: -1.0 / answer(p).len() as f32,
            })
            .collect();
        let longest = batch.iter().map(|r| r.tokens.len()).max().unwrap_or(1);
        let mut gradients = RolloutGradients::default();
        for pass in batch.chunks((plan.tokens / longest).max(1)) {
            let rows = row_gradients(deployed, basis, pass, None, 0.0, false, plan.saved_activations)?.0;
            gradients.rows.extend(rows.iter().map(RolloutGradients::sum));
        }
        Ok(gradients)
    };
    Ok(PairGradients { hack: side(|p| &p.hack)?, clean: side(|p| &p.clean)? })
}

fn tensors(decoder: &Decoder, rows: &[Row]) -> (Batch, Targets) {
    let tokens: Vec<&[u32]> = rows.iter().map(|r| &r.tokens[..]).collect();
    let batch = Batch::new(&tokens, &decoder.backend.device);
    let spans: Vec<(usize, usize)> = rows.iter().map(|r| (r.prompt, r.tokens.len())).collect();
    let targets = Targets::completions(&spans, &tokens);
    (batch, targets)
}

fn log_probs(decoder: &Decoder, rows: &[Row]) -> Result<Vec<f32>> {
    let (batch, targets) = tensors(decoder, rows);
    Ok(decoder.log_probs(&decoder.hidden(&batch), &targets)?)
}

/// One forward and one backward over the merged model: for each row its gradient, or one per token, and every target's
/// log-probability.
fn row_gradients(
    decoder: &Decoder,
    basis: &Basis,
    rows: &[Row],
    reference: Option<&[f32]>,
    kl: f32,
    per_token: bool,
    saved_activations: usize,
) -> Result<(Vec<RolloutGradients>, Vec<f32>)> {
    let (batch, targets) = tensors(decoder, rows);
    let weight: Vec<f32> = rows.iter().flat_map(|r| std::iter::repeat_n(r.weight, r.tokens.len() - r.prompt)).collect();
    let objective = match reference {
        Some(reference) => Objective::WithKl { weight: &weight, reference, kl },
        None => Objective::Linear(&weight),
    };
    let mut tap = if per_token { KnobTap::per_token(basis, &batch.rows) } else { KnobTap::new(basis, &batch.rows) };
    let logp = decoder.gradient(decoder.forward_keeping(&batch, saved_activations), &targets, &objective, &mut tap);
    let (mut found, logp) = (tap.finish()?.rows.into_iter(), read(logp)?);
    let of_row = |row: &Row| {
        let each = if per_token { row.tokens.len() } else { 1 };
        RolloutGradients { rows: found.by_ref().take(each).collect() }
    };
    Ok((rows.iter().map(of_row).collect(), logp))
}

/// Whether a quarantine state has weights of its own: vanilla runs never merge twice.
pub fn policies(basis: &Basis, knobs: &adapter::Knobs, routes: bool) -> Policies {
    let off = basis.merge(knobs, Quarantine::Off);
    let on = if routes { basis.merge(knobs, Quarantine::On) } else { off.clone() };
    Policies { on, off }
}
