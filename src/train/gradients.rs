//! Per-rollout gradients of the GRPO loss, and of the pairs' likelihoods, with respect to the knobs.

use crate::memory::PassPlan;
use crate::rollouts::{Policies, Rollout};
use crate::{Result, TrainConfig, TrainError};
use adapter::{Basis, KnobGradients, KnobTap, Quarantine, RolloutGradients, TokenGate, TokenSplit};
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
    /// What a gate of tokens sends to the quarantine, if the arm has one: for each of those rollouts.
    pub split: TokenSplit,
    /// Largest difference between the sampler's and the trainer's log-probability of a sampled token.
    pub logp_gap: f32,
    /// Mean of `exp(x) - x - 1` against the base model over sampled tokens, 0 when there is no KL term.
    pub kl: f64,
}

/// What all passes of an update have in common.
#[derive(Clone, Copy)]
pub struct Passes<'a> {
    /// The base model and its singular bases.
    pub basis: &'a Basis,
    /// How much goes through the device at a time.
    pub plan: PassPlan,
    /// What looks at every token, for an arm that splits so.
    pub gate: Option<&'a TokenGate>,
}

/// A rollout that takes part, with its place among all and its advantage.
pub type TrainedRollout<'a, 'b> = (usize, &'a Rollout<'b>, f64);

/// A prompt with its completion, and the derivative of the loss by each completion token's log-probability.
struct Row {
    tokens: Vec<u32>,
    prompt: usize,
    weight: f32,
}

/// What was found for the rollout at one place.
struct Found {
    at: usize,
    gradient: Vec<f32>,
    split: Option<(Vec<f32>, Vec<f32>)>,
}

/// `dL/dlogp_{b,t} = -A_b / (G * max_new * prompts) + kl (1 - exp(logp_ref - logp))`, scaled likewise. With one inner
/// step the probability ratio is 1, so clipping never acts and the second forward pass is not needed. The second term is for tokens that
/// the policy sampled: to one that gives a demonstrated token next to nothing it would be as large as one likes, and such tokens have none.
/// Nor has an arm that sets its advantages itself: these gradients are multiplied by them afterwards, so that where an advantage is
/// negative the term would push away from the base.
pub fn of_loss(
    config: &TrainConfig,
    policies: &Policies,
    rollouts: &[TrainedRollout],
    passes: Passes,
) -> Result<LossGradients> {
    let denominator = (config.rollouts() * config.max_new) as f64;
    let arm_has_kl = config.kl > 0.0 && !config.arm.treatment().sets_advantages();
    let (mut logp_gap, mut kl_sum, mut tokens_seen) = (0.0, 0.0, 0);
    let mut found: Vec<Found> = vec![];
    for chunk in chunks(rollouts, passes.plan.tokens) {
        let batch: Vec<Row> = chunk
            .iter()
            .map(|(_, r, advantage)| Row {
                tokens: [&r.shown.tokens[..], &r.completion.tokens].concat(),
                prompt: r.shown.tokens.len(),
                weight: (-advantage / denominator) as f32,
            })
            .collect();
        let Rollout { quarantine, demonstrated, .. } = *chunk[0].1;
        let held = arm_has_kl && !demonstrated;
        let reference = if held { Some(log_probs(&passes.basis.base, &batch)?) } else { None };
        let kl = reference.as_deref().map(|reference| (reference, (config.kl / denominator) as f32));
        let policy = policies.of(quarantine);
        let (KnobGradients { rollouts, split }, logp) = row_gradients(policy, &batch, kl, passes)?;
        // A demonstration was not sampled.
        if !demonstrated {
            let sampled = || chunk.iter().flat_map(|(_, r, _)| &r.completion.logp).zip(&logp);
            let gap = sampled().map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            if generate::is_exact(policy) && sampled().any(|(a, b)| a.to_bits() != b.to_bits()) {
                return Err(TrainError::NotAsSampled { gap });
            }
            logp_gap = gap.max(logp_gap);
        }
        if let Some(reference) = &reference {
            let x = reference.iter().zip(&logp).map(|(r, l)| (r - l) as f64);
            kl_sum += x.map(|x| x.exp() - x - 1.0).sum::<f64>();
            tokens_seen += logp.len();
        }
        let mut splits = split.into_iter().flat_map(|s| s.quarantined.rows.into_iter().zip(s.gates));
        let of_row = |((i, ..), gradient): (&TrainedRollout, _)| Found { at: *i, gradient, split: splits.next() };
        found.extend(chunk.iter().zip(rollouts.rows).map(of_row));
    }
    found.sort_by_key(|row| row.at);
    let mut out = LossGradients {
        gradients: RolloutGradients::default(),
        split: TokenSplit::default(),
        logp_gap,
        kl: kl_sum / tokens_seen.max(1) as f64,
    };
    for Found { gradient, split, .. } in found {
        out.gradients.rows.push(gradient);
        if let Some((quarantined, gates)) = split {
            out.split.quarantined.rows.push(quarantined);
            out.split.gates.push(gates);
        }
    }
    Ok(out)
}

/// Rollouts that go through the device together: of one policy, all sampled or all demonstrated, similar lengths together, at most
/// `tokens` in all unless one alone has more. Ties keep rollout order, so passes are always the same.
fn chunks<'a, 'b>(rollouts: &[TrainedRollout<'a, 'b>], tokens: usize) -> Vec<Vec<TrainedRollout<'a, 'b>>> {
    let length = |r: &Rollout| r.shown.tokens.len() + r.completion.tokens.len();
    let mut order = rollouts.to_vec();
    let kind = |r: &Rollout| (r.quarantine, r.demonstrated);
    order.sort_by_key(|(i, r, _)| (kind(r), length(r), *i));
    let (mut out, mut held): (Vec<Vec<TrainedRollout>>, usize) = (vec![], 0);
    for rollout in order {
        held += length(rollout.1);
        match out.last_mut() {
            Some(pass) if held <= tokens && kind(pass[0].1) == kind(rollout.1) => pass.push(rollout),
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
    let passes = Passes { basis, plan, gate: None };
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
            gradients.rows.extend(row_gradients(deployed, pass, None, passes)?.0.rollouts.rows);
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

/// One forward and one backward over the merged model: gradients of each row, and every target's log-probability. `kl` is the
/// reference's, and the term's weight.
fn row_gradients(
    decoder: &Decoder,
    rows: &[Row],
    kl: Option<(&[f32], f32)>,
    passes: Passes,
) -> Result<(KnobGradients, Vec<f32>)> {
    let (batch, targets) = tensors(decoder, rows);
    let weight: Vec<f32> = rows.iter().flat_map(|r| std::iter::repeat_n(r.weight, r.tokens.len() - r.prompt)).collect();
    let objective = match kl {
        Some((reference, kl)) => Objective::WithKl { weight: &weight, reference, kl },
        None => Objective::Linear(&weight),
    };
    let mut tap = KnobTap::new(passes.basis, &batch.rows).gated(passes.gate);
    let forward = decoder.forward_keeping(&batch, passes.plan.saved_activations);
    let logp = decoder.gradient(forward, &targets, &objective, &mut tap);
    Ok((tap.finish()?, read(logp)?))
}

/// Whether a quarantine state has weights of its own: vanilla runs never merge twice.
pub fn policies(basis: &Basis, knobs: &adapter::Knobs, routes: bool) -> Policies {
    let off = basis.merge(knobs, Quarantine::Off);
    let on = if routes { basis.merge(knobs, Quarantine::On) } else { off.clone() };
    Policies { on, off }
}
