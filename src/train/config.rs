//! Every hyper-parameter of a run. Its JSON form is stored beside the run and its digest goes into the ledger.

use crate::Arm;
use serde::{Deserialize, Serialize};
use substrate::Loophole;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// What is done with gradients.
    pub arm: Arm,
    /// What everything that is drawn derives from.
    pub seed: u64,
    /// Updates in all.
    pub updates: usize,
    /// Prompts of an update.
    pub prompts: usize,
    /// Rollouts of each prompt.
    pub group: usize,
    /// Most tokens of a completion.
    pub max_new: usize,
    /// Most tokens of a prompt; a longer one is an error.
    pub prompt_cap: usize,
    /// At which rollouts are sampled.
    pub temperature: f64,
    /// Rollouts are sampled from the likeliest tokens that have this mass together; none keeps all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Rollouts are sampled from so many of the likeliest tokens; none keeps all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Share of each group sampled and trained with the quarantine off.
    pub deploy_fraction: f64,
    /// That share in the last update, where it changes evenly over updates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy_fraction_last: Option<f64>,
    /// Peak learning rate: linear warm-up over `warmup` updates, then a cosine to `lr_floor` of it.
    pub lr: f64,
    /// How much of AdamW's running means of the gradient and of its square each update keeps; none is 0.9 and 0.99.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub betas: Option<[f64; 2]>,
    /// The quarantine's learning rate, in units of the deployed knob's; none is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine_lr: Option<f64>,
    /// Updates in which the learning rate rises.
    pub warmup: usize,
    /// Share of the peak at the last update.
    pub lr_floor: f64,
    /// Decay of the knobs toward zero, times the learning rate.
    pub weight_decay: f64,
    /// Largest norm of the whole gradient.
    pub clip: f64,
    /// Weight of `exp(x) - x - 1` against the base model, of sampled tokens; 0 leaves the reference pass out.
    pub kl: f64,
    /// Divide advantages by `max(std, floor)` as classic GRPO does; absent means unbiased.
    pub std_floor: Option<f64>,
    /// What a completion is paid that is no answer.
    #[serde(default)]
    pub unanswered: Unanswered,
    /// Updates between refreshes of the direction.
    pub refresh: usize,
    /// Updates between two checkpoints.
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

/// What becomes of a completion that reached the longest length and had not ended, or is blank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// It is graded by what is there.
    #[default]
    Graded,
    /// Nothing was handed in: it earns nothing, whatever it would do.
    Nothing,
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
    /// The loopholes that are demonstrated.
    #[serde(rename = "modes")]
    pub loopholes: Vec<Loophole>,
}

impl TrainConfig {
    /// Rollouts of an update.
    pub fn rollouts(&self) -> usize {
        self.prompts * self.group
    }

    /// The updates after which the adapter is kept: the first before any, the last always.
    pub fn checkpoints(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.updates).step_by(self.checkpoint_every).chain([self.updates])
    }

    /// Rollouts of each group that are sampled with the quarantine off in an update, from 1.
    pub fn deployed_rows(&self, update: usize) -> usize {
        let (first, last) = (self.deploy_fraction, self.deploy_fraction_last.unwrap_or(self.deploy_fraction));
        let done = (update - 1) as f64 / (self.updates - 1).max(1) as f64;
        ((first + (last - first) * done) * self.group as f64).round() as usize
    }
}
