//! How much of the device one training pass may take: planned before the first update from what is free, and halved when that
//! was too much.

use crate::{Result, RunFolder, TrainConfig, TrainError};
use adapter::Basis;
use model::Decoder;
use serde::{Deserialize, Serialize};

/// Share of the free memory that is planned with.
const USABLE: f64 = 0.8;
/// A pass of fewer tokens is not worth trying.
const SMALLEST: usize = 256;

/// The shape of a training pass. Stored beside the run: sums may round differently in another, and a resumed run must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassPlan {
    /// Tokens of a pass; a longer rollout has one of its own.
    pub tokens: usize,
    /// Blocks whose activations are saved for the backward pass; the others compute them again.
    #[serde(rename = "kept")]
    pub saved_activations: usize,
}

impl PassPlan {
    /// Everything in one pass, nothing computed twice: for a few short rows.
    pub const WHOLE: Self = Self { tokens: usize::MAX, saved_activations: usize::MAX };

    /// The plan of this run: the one it was begun with, or the largest that fits.
    pub fn of(config: &TrainConfig, basis: &Basis, run: &RunFolder) -> Result<Self> {
        let path = run.plan();
        if run.finished().has(&path)? {
            let text = bundle::files::read_text(&path)?;
            return serde_json::from_str(&text).map_err(|_| TrainError::OtherRun { path });
        }
        let plan = Self::fitting(config, &basis.base);
        plan.save(run)?;
        Ok(plan)
    }

    /// The largest pass that the device has room for now, and as many saved blocks as then fit.
    pub fn fitting(config: &TrainConfig, decoder: &Decoder) -> Self {
        let c = &decoder.config;
        let Some(free) = decoder.backend.free_memory() else {
            return Self { tokens: config.batch_tokens, saved_activations: c.num_hidden_layers };
        };
        let element = decoder.dtype().size();
        let heads = (c.num_attention_heads + 2 * c.num_key_value_heads) * c.head_dim;
        // A block's own input, what its backward pass reads besides, and what is alive while one block is computed.
        let input = c.hidden_size * element;
        let block = (heads + c.num_attention_heads * c.head_dim + c.hidden_size + 2 * c.intermediate_size) * element;
        let passing = 3 * block + 4 * input;
        let free = (free as f64 * USABLE) as usize;
        let free = free.saturating_sub(model::head::LOGITS_AT_ONCE * (4 + element));
        let least = c.num_hidden_layers * input + passing;
        let tokens = config.batch_tokens.min(free / least).max(SMALLEST);
        let saved_activations = free.saturating_sub(tokens * least) / (tokens * block);
        Self { tokens, saved_activations: saved_activations.min(c.num_hidden_layers) }
    }

    /// Half as many tokens and nothing saved, after the device ran out of memory.
    pub fn smaller(self, run: &RunFolder, error: TrainError) -> Result<Self> {
        if self.tokens / 2 < SMALLEST {
            return Err(error);
        }
        let plan = Self { tokens: self.tokens / 2, saved_activations: 0 };
        plan.save(run)?;
        Ok(plan)
    }

    fn save(self, run: &RunFolder) -> Result<()> {
        let text = serde_json::to_string(&self).expect("a plan serialises") + "\n";
        Ok(run.finished().write(&run.plan(), text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backend::BackendError;

    /// As it was seen on an H100 whose memory a neighbour held: the gradients' read is where it shows.
    fn full() -> TrainError {
        adapter::AdapterError::from(device("out of device memory allocating 2004877312 bytes")).into()
    }

    fn device(words: &str) -> BackendError {
        BackendError::Compute(words.into())
    }

    #[test]
    fn what_runs_out_of_memory_is_tried_in_halves_and_then_given_up() {
        assert!(full().is_out_of_memory());
        assert!(TrainError::from(device("taking 9 MiB: CUDA_ERROR_OUT_OF_MEMORY")).is_out_of_memory());
        // When the tensor that there was no room for is one that a kernel of our own writes.
        let lost = "couldn't find resource for that handle: Memory location was never initialized";
        assert!(TrainError::from(device(lost)).is_out_of_memory());
        assert!(!TrainError::from(device("an illegal address")).is_out_of_memory());
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::at(folder.path());
        let half = PassPlan { tokens: 1024, saved_activations: 3 }.smaller(&run, full()).unwrap();
        assert_eq!(half, PassPlan { tokens: 512, saved_activations: 0 });
        let stored: PassPlan = serde_json::from_str(&std::fs::read_to_string(run.plan()).unwrap()).unwrap();
        assert_eq!(stored, half, "a resumed run goes on with the passes that fit");
        assert!(half.smaller(&run, full()).unwrap().smaller(&run, full()).is_err());
    }
}
