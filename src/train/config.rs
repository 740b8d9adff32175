//! Every hyper-parameter of a run. Its JSON form is stored beside the run and its digest goes into the ledger.

use crate::Arm;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    pub arm: Arm,
    pub seed: u64,
    pub updates: usize,
    /// Prompts per update and rollouts per prompt.
    pub prompts: usize,
    pub group: usize,
    pub max_new: usize,
    pub prompt_cap: usize,
    pub temperature: f64,
    /// Share of each group sampled and trained with the quarantine off.
    pub deploy_fraction: f64,
    /// Peak learning rate: linear warm-up over `warmup` updates, then a cosine to `rate_floor` of it.
    pub rate: f64,
    pub warmup: usize,
    pub rate_floor: f64,
    /// Decay of the knobs toward zero, times the learning rate.
    pub decay: f64,
    /// Largest norm of the whole gradient.
    pub clip: f64,
    /// Weight of `exp(x) - x - 1` against the base model; 0 leaves the reference pass out.
    pub kl: f64,
    /// Divide advantages by `max(std, floor)` as classic GRPO does; absent means unbiased.
    pub std_floor: Option<f64>,
    /// Updates between refreshes of the direction.
    pub refresh: usize,
    pub checkpoint_every: usize,
    /// Rows per device batch, in sampling and in training.
    pub batch_rows: usize,
}

impl TrainConfig {
    /// Rollouts of an update.
    pub fn rollouts(&self) -> usize {
        self.prompts * self.group
    }

    /// Rollouts of each group that are sampled with the quarantine off.
    pub fn deployed_rows(&self) -> usize {
        (self.deploy_fraction * self.group as f64).round() as usize
    }
}
