//! Batched generation with a paged KV cache. Rows that finish make room for the next in the queue (continuous batching), and
//! a prompt is encoded once for all rows that share it. A row's tokens depend on its prompt and its seed, never on its
//! neighbours: every device call has a fixed number of rows, and each row draws from a stream of its own.
//!
//! | module | what it holds |
//! |---|---|
//! | [`sampling`] | prompts, how tokens are drawn, completions |
//! | [`draw`] | how a token is drawn from a row of logits |
//! | [`draft`] | guesses of what is drawn next, so that idle lanes look ahead |
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
pub mod draft;
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
    let mut found = vec![Completion::default(); prompts.len()];
    generate_each(&[Generation { decoder, prompts }], params, |_, row, completion| -> Result<()> {
        found[row] = completion;
        Ok(())
    })?;
    Ok(found)
}

/// A model and what it is to continue.
#[derive(Clone, Copy)]
pub struct Generation<'a> {
    /// What continues.
    pub decoder: &'a Decoder,
    /// What is continued.
    pub prompts: &'a [Prompt<'a>],
}

/// Completions of several models of one shape. A step of few rows leaves most of a device idle: where there is memory for all
/// caches, the models' steps are computed beside each other. `ended` is given each completion as soon as it is there: which model's it
/// is, and of which prompt; its error ends all.
///
/// # Errors
/// As [`generate`].
pub fn generate_each<E: From<GenerateError>>(
    generations: &[Generation],
    params: &SamplingParams,
    mut ended: impl FnMut(usize, usize, Completion) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    for prompt in generations.iter().flat_map(|generation| generation.prompts) {
        let (id, tokens, cap) = (prompt.id, prompt.tokens.len(), params.prompt_cap);
        match tokens {
            0 => return Err(GenerateError::EmptyPrompt { id: id.into() }.into()),
            _ if tokens > cap => return Err(GenerateError::PromptTooLong { id: id.into(), tokens, cap }.into()),
            _ => {}
        }
    }
    let all: Vec<_> = generations.iter().enumerate().filter(|(_, g)| !g.prompts.is_empty()).collect();
    let at_once = if fit_together(&all, params) { all.len() } else { 1 };
    all.chunks(at_once.max(1)).try_for_each(|some| beside_each_other(some, params, &mut ended))
}

/// Whether the caches of all of them are known to have room on the device.
fn fit_together(generations: &[(usize, &Generation)], params: &SamplingParams) -> bool {
    let wanted: usize = generations.iter().map(|(_, g)| scheduler::pages_wanted(g.prompts, params)).sum();
    let room = generations.first().and_then(|(_, first)| scheduler::room(first.decoder));
    room.is_some_and(|room| wanted <= room)
}

/// Each begins steps before the first is waited for.
fn beside_each_other<E: From<GenerateError>>(
    generations: &[(usize, &Generation)],
    params: &SamplingParams,
    ended: &mut impl FnMut(usize, usize, Completion) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut running = vec![];
    for &(i, Generation { decoder, prompts }) in generations {
        let scheduler = Scheduler::new(decoder, prompts, params)?;
        let engine = engine_for(scheduler.task())?;
        running.push((i, scheduler, engine));
    }
    while !running.is_empty() {
        for (_, scheduler, engine) in &mut running {
            scheduler.start(&mut **engine)?;
        }
        for (i, scheduler, engine) in &mut running {
            scheduler.finish(&mut **engine)?;
            scheduler.ended().into_iter().try_for_each(|(row, completion)| ended(*i, row, completion))?;
        }
        running.retain(|(_, scheduler, _)| !scheduler.is_done());
    }
    Ok(())
}

/// Whether a sampled token's log-probability has the very bits that the decoder's forward pass gives it: in bf16 on Hopper, where every sum
/// of a token's forward pass has one order, whatever else is computed beside it.
#[cfg_attr(not(feature = "cuda"), expect(unused_variables, reason = "no other device promises it"))]
pub fn is_exact(decoder: &Decoder) -> bool {
    #[cfg(feature = "cuda")]
    let exact = cuda::CudaEngine::is_exact(decoder);
    #[cfg(not(feature = "cuda"))]
    let exact = false;
    exact
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
