//! The rows that training writes: one of metrics for every update, one for every rollout.

use crate::tensorboard::Scalars;
use generate::FinishReason;
use serde::{Deserialize, Serialize};

/// One row of `metrics.jsonl`. No times in it: the same run gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// From 1.
    pub update: usize,
    /// Mean of what rollouts earned.
    pub reward: f64,
    /// Share of rollouts that ended: the others reached the longest length.
    pub ended: f64,
    /// Groups without reward spread.
    pub skipped_groups: usize,
    /// Gradings that failed for no reason of the response's.
    pub infra_failed: usize,
    /// Learning rate.
    pub lr: f64,
    /// Norm of the whole gradient before clipping.
    pub gradient_norm: f64,
    /// Mean gate value over rollouts and modules.
    pub routed_mass: f64,
    /// Upper minus lower edge of the band that the pairs give, mean over modules: not of one that is moved or made in an update.
    pub band_width: Option<f64>,
    /// Mean of `exp(x) - x - 1` against the base model over sampled tokens; 0 where the arm has no such term.
    pub kl: f64,
    /// Largest difference between the sampler's and the trainer's log-probability of a token: both in the whole distribution at
    /// temperature 1, whatever it was drawn with.
    pub logp_gap: f32,
    /// Tokens that were sampled.
    pub completion_tokens: usize,
    /// Tokens that went through the training passes, prompts included.
    pub trained_tokens: usize,
}

impl Metrics {
    /// What TensorBoard is shown.
    pub(crate) fn scalars(&self) -> Scalars {
        [
            ("reward", self.reward),
            ("ended", self.ended),
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
    /// From 1.
    pub update: usize,
    /// The problem.
    pub problem_id: String,
    /// Whether it was sampled with the quarantine on.
    pub quarantine: bool,
    /// Whether the teacher wrote it, not the model; said only then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demonstrated: bool,
    /// What was written, without the end token.
    pub completion: String,
    /// Its length in tokens, the end token included.
    pub tokens: usize,
    /// What stopped it.
    pub finish_reason: FinishReason,
    /// What it earned; absent where nothing can be said about it or it left the update.
    pub reward: Option<f32>,
    /// The verdict.
    pub sealed: String,
    /// Mean gate value over modules; absent when the rollout's group was skipped.
    pub routed: Option<f64>,
    /// For an arm that gates tokens, and for no other: for each token of the completion the mean gate value over modules, in hundredths,
    /// at the place before it, which predicts it. The gradient there also carries what later tokens lose by that place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_gates: Vec<u8>,
}
