//! What an arm does with the gradients of an update: [`Treatment`] in numbers.

use crate::gradients::LossGradients;
use crate::seeds::{Purpose, derive};
use crate::{Arm, Treatment};
use adapter::Layout;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use routing::{Band, Gate, Routed};

/// One update, as a treatment sees it. Slices have an element for every rollout that takes part.
#[derive(Clone, Copy)]
pub struct Update<'a> {
    /// What the backward passes gave.
    pub loss: &'a LossGradients,
    /// The modules.
    pub layout: &'a Layout,
    /// Each rollout's advantage.
    pub advantages: &'a [f64],
    /// Each rollout's group.
    pub groups: &'a [usize],
    /// Whether each rollout was sampled with the quarantine off.
    pub deployed: &'a [bool],
    /// The band of rollouts sampled with the quarantine on, where it is another.
    pub band_on: Option<&'a Band>,
    /// The mean gate value that an arm which is matched to another one brings its own to.
    pub matched: Option<f64>,
    /// The run's seed and the update's number, from 1.
    pub at: (u64, usize),
}

/// What passing pays: the scale of a monitor's penalty.
const PASSED: f64 = substrate::Reward::PASSED as f64;

/// A monitor's score above which a rollout is screened out.
const SUSPECT: f64 = 0.5;

/// Divides an update's gradients between the knobs.
pub fn treat(arm: Arm, gate: Option<&Gate>, update: &Update) -> Routed {
    let Update { loss, layout, .. } = *update;
    let gradients = &loss.gradients;
    match (arm.treatment(), gate) {
        (Treatment::Absorbed, _) => Routed::nothing(gradients, layout).absorbed(),
        (Treatment::Nothing, _) | (_, None) => Routed::nothing(gradients, layout),
        (Treatment::Rollouts, Some(gate)) => gate.split(gradients, layout),
        (Treatment::BandPerPolicy, Some(gate)) => {
            let on: Vec<bool> = update.deployed.iter().map(|off| !off).collect();
            gate.split_by_two(update.band_on.unwrap_or(&gate.band), &on, gradients, layout)
        }
        (Treatment::Discounted, Some(gate)) => {
            let weights: Vec<f32> = update.deployed.iter().map(|off| if *off { 1.0 } else { 0.5 }).collect();
            gate.split_weighted(gradients, layout, &weights)
        }
        (Treatment::Tokens, Some(_)) => Routed::by_tokens(gradients, &loss.split, layout),
        (Treatment::Matched { .. }, Some(gate)) => {
            gate.routing(update.matched.unwrap_or(0.0), gradients, layout).split(gradients, layout)
        }
        (Treatment::Ramp { .. }, Some(gate)) => {
            gate.ramp(update.matched.unwrap_or(0.0), gradients, layout).split(gradients, layout)
        }
        (Treatment::Erased, Some(gate)) => gate.split(gradients, layout).erased(),
        (Treatment::Shuffled, Some(gate)) => {
            let (seed, number) = update.at;
            let mut order: Vec<usize> = (0..gradients.rows.len()).collect();
            order.shuffle(&mut ChaCha8Rng::seed_from_u64(derive(seed, Purpose::Shuffle, number, 0)));
            gate.split_by(gradients, layout, |values| order.iter().map(|&i| values[i]).collect())
        }
        (Treatment::Uniform, Some(gate)) => gate.split_by(gradients, layout, |values| {
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            vec![mean; values.len()]
        }),
        (Treatment::Pooled, Some(gate)) => {
            let scores = gate.scores(gradients, layout);
            gate.split_by(gradients, layout, |_| scores.clone())
        }
        (Treatment::Likelihood, Some(gate)) => gate.split_signed(gradients, layout, update.advantages),
        (Treatment::Hard, Some(gate)) => gate.split_hard(gradients, layout),
        (Treatment::Scaled, Some(gate)) => {
            gate.weighted(gradients, layout, |scores| scores.iter().map(|s| 1.0 - s).collect())
        }
        (Treatment::Penalised, Some(gate)) => gate.weighted(gradients, layout, |scores| {
            let penalties: Vec<f64> = scores.iter().map(|s| -PASSED * s).collect();
            let centred = centred(&penalties, update.groups, |_| true);
            update.advantages.iter().zip(&centred).map(|(a, p)| a + p).collect()
        }),
        (Treatment::Screened, Some(gate)) => gate
            .weighted(gradients, layout, |scores| centred(update.advantages, update.groups, |i| scores[i] <= SUSPECT)),
    }
}

/// Values less their group's mean over those that stay; 0 for those that do not.
fn centred(values: &[f64], groups: &[usize], stays: impl Fn(usize) -> bool) -> Vec<f64> {
    let of_group = |group: usize| {
        let own: Vec<f64> = (0..values.len()).filter(|&i| groups[i] == group && stays(i)).map(|i| values[i]).collect();
        own.iter().sum::<f64>() / own.len().max(1) as f64
    };
    (0..values.len()).map(|i| if stays(i) { values[i] - of_group(groups[i]) } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_centred_within_their_group_and_screened_ones_leave_it() {
        assert_eq!(centred(&[1.0, 3.0, 5.0, 5.0], &[0, 0, 1, 1], |_| true), [-1.0, 1.0, 0.0, 0.0]);
        assert_eq!(centred(&[1.0, 3.0, 5.0], &[0, 0, 0], |i| i != 2), [-1.0, 1.0, 0.0]);
    }
}
