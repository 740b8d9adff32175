//! Batched generation with a paged KV cache. Rows that finish make room for the next in the queue (continuous batching), and
//! a prompt is encoded once for all rows that share it. A row's tokens depend on its prompt and its seed, never on its
//! neighbours: every device call has a fixed number of rows, and each row draws from a stream of its own.
//!
//! | module | what it holds |
//! |---|---|
//! | [`sampling`] | prompts, how tokens are drawn, completions |
//! | [`draw`] | how a token is drawn from a row of logits |
//! | [`engine`] | decode steps as an interface |
//! | [`scheduler`] | which row is in which lane, and whose pages are whose |
//! | [`portable`] | decode steps as tensor operations |
//! | `cuda` | decode steps recorded as a CUDA graph, when that feature is on |
//!
//! ```
//! use backend::Backend;
//! use generate::{Prompt, SamplingParams, generate};
//! use model::{Decoder, Weights};
//!
//! let weights = Weights::load("../model/tests/fixtures/tied".as_ref())?;
//! let decoder = Decoder::new(&weights, &Backend::cpu())?;
//! let params = SamplingParams::whole(1.0, 12, 8, 4, &[1]);
//! let one = Prompt { id: "one", tokens: &[5, 6, 7], seed: 41 };
//! let other = Prompt { id: "other", tokens: &[9], seed: 42 };
//!
//! let together = generate(&decoder, &[other, one], &params)?;
//! let alone = generate(&decoder, &[one], &params)?;
//! assert_eq!(together[1], alone[0], "a row does not see its neighbours");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "cuda")]
pub mod cuda;
pub mod draw;
pub mod engine;
pub mod portable;
pub mod sampling;
pub mod scheduler;

pub use sampling::{Completion, FinishReason, Prompt, SamplingParams};

use backend::BackendError;
use engine::{DecodeEngine, DecodeTask};
use failure::Kind;
use model::Decoder;
use scheduler::Scheduler;

/// Why there are no completions.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum GenerateError {
    #[error(
        "prompt {id} has {tokens} tokens, over the cap of {cap}: raise `prompt_cap` or leave the problem out of the data file"
    )]
    PromptTooLong { id: String, tokens: usize, cap: usize },
    #[error("prompt {id} has no tokens: there is nothing to continue")]
    EmptyPrompt { id: String },
    #[error(
        "the device has room for {pages} cache pages, the longest row alone needs {needed}: lower `max_new` or `prompt_cap`, or free memory on the device"
    )]
    CacheTooSmall { pages: usize, needed: usize },
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl GenerateError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::PromptTooLong { .. } | Self::EmptyPrompt { .. } | Self::CacheTooSmall { .. } => Kind::Input,
            Self::Backend(e) => e.kind(),
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, GenerateError>;

/// One completion per prompt, in order.
///
/// # Errors
/// A prompt that is empty or over the cap; a device that failed or has no room.
pub fn generate(decoder: &Decoder, prompts: &[Prompt], params: &SamplingParams) -> Result<Vec<Completion>> {
    if let Some(p) = prompts.iter().find(|p| p.tokens.len() > params.prompt_cap) {
        return Err(GenerateError::PromptTooLong { id: p.id.into(), tokens: p.tokens.len(), cap: params.prompt_cap });
    }
    if let Some(p) = prompts.iter().find(|p| p.tokens.is_empty()) {
        return Err(GenerateError::EmptyPrompt { id: p.id.into() });
    }
    if prompts.is_empty() {
        return Ok(vec![]);
    }
    let mut scheduler = Scheduler::new(decoder, prompts, params)?;
    let mut engine = engine_for(scheduler.task())?;
    scheduler.run(&mut *engine)
}

/// The fastest engine for this model on its backend.
///
/// # Errors
/// The device failed or has no room for the cache.
pub fn engine_for<'a>(task: DecodeTask<'a>) -> Result<Box<dyn DecodeEngine + 'a>> {
    #[cfg(feature = "cuda")]
    if cuda::CudaEngine::takes(task.decoder) {
        return Ok(Box::new(cuda::CudaEngine::new(task)?));
    }
    Ok(Box::new(portable::PortableEngine::new(task)?))
}
