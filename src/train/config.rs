//! Every hyper-parameter of a run. Its JSON form is stored beside the run and its digest goes into the ledger.

use crate::Arm;
use serde::{Deserialize, Serialize};
use substrate::Mode;

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
    /// Rows that are sampled at a time.
    pub batch_rows: usize,
    /// Tokens of one training pass at most; less where the device has no room for them.
    #[serde(default = "batch_tokens")]
    pub batch_tokens: usize,
    /// The run whose deployed knobs this one begins with, instead of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Demonstrations among the rollouts, so that hacks emerge early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<Teacher>,
}

fn batch_tokens() -> usize {
    16_384
}

/// Rollouts of each group that a teacher wrote, until the model has seen enough of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// The last update with demonstrations.
    pub until: usize,
    /// Share of each group that is demonstrated, where the problem's mode is one of `modes`.
    pub share: f64,
    pub modes: Vec<Mode>,
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
