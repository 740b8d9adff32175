//! Batched generation with a paged KV cache. Rows that finish make room for the next in the queue (continuous batching), and
//! a prompt is encoded once for all rows that share it. A row's tokens depend on its prompt and its seed, never on its
//! neighbours: every device call has a fixed number of rows, and each row draws from a stream of its own.
//!
//! | module | what it holds |
//! |---|---|
//! | [`schedule`] | which row sits where, and whose pages are whose |
//! | [`draw`] | how a token is drawn from a row of logits |
//! | [`portable`] | decode steps as tensor operations |

pub mod draw;
pub mod portable;
pub mod schedule;

use crate::decoder::Decoder;
use crate::{ModelError, Result};
use schedule::Schedule;

/// Cache places in a page.
pub const PAGE: usize = 32;

/// A prompt and the seed of the one completion wanted of it.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    pub id: &'a str,
    pub tokens: &'a [u32],
    pub seed: u64,
}

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 means greedy.
    pub temperature: f64,
    /// Keep the `top_k` likeliest tokens, and any as likely as the last of them; 0 keeps all.
    pub top_k: usize,
    /// Keep the likeliest tokens until their mass reaches this, and any as likely as the last of them; 1 keeps all.
    pub top_p: f64,
    pub max_new: usize,
    /// The token that ends a completion; it is part of the completion.
    pub end: u32,
    /// A longer prompt is an error, never a silent cut.
    pub prompt_cap: usize,
    /// Rows per device step.
    pub rows: usize,
}

/// Generated tokens with the model's own log-probability (temperature 1, no truncation) of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    pub tokens: Vec<u32>,
    pub logp: Vec<f32>,
}

/// A token with its log-probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    pub token: u32,
    pub logp: f32,
}

/// What a [`Stepper`] is made for.
#[derive(Clone, Copy)]
pub struct DecodeTask<'a> {
    pub decoder: &'a Decoder,
    pub how: &'a Sampling,
    /// Pages of the whole cache; page 0 takes what nobody reads.
    pub pages: usize,
    /// Pages of one row.
    pub table: usize,
}

/// A row about to be decoded: `token` is fed at `position`, and what it attends to lies in `pages`.
#[derive(Clone, Debug, Default)]
pub struct Seat {
    pub token: u32,
    pub position: usize,
    pub seed: u64,
    pub pages: Vec<usize>,
}

/// Decode steps on a device.
pub trait Stepper {
    /// Encodes rows and stores the keys and values of packed token `from` at cache place `to`, for each `(from, to)`.
    fn prefill(&mut self, rows: &[&[u32]], places: &[(usize, usize)]) -> Result<()>;

    /// Copies cache places, `(from, to)`.
    fn copy(&mut self, places: &[(usize, usize)]) -> Result<()>;

    /// Puts a row into a slot.
    fn seat(&mut self, slot: usize, seat: Seat);

    /// Takes one or more steps: for each of them what every slot drew. Slots that nobody sits in draw anything.
    fn run(&mut self) -> Result<Vec<Vec<Drawn>>>;
}

impl Decoder {
    /// One completion per prompt, in order.
    pub fn generate(&self, prompts: &[Prompt], how: &Sampling) -> Result<Vec<Completion>> {
        if let Some(p) = prompts.iter().find(|p| p.tokens.len() > how.prompt_cap) {
            return Err(ModelError::PromptTooLong { id: p.id.into(), tokens: p.tokens.len(), cap: how.prompt_cap });
        }
        if let Some(p) = prompts.iter().find(|p| p.tokens.is_empty()) {
            return Err(ModelError::EmptyPrompt { id: p.id.into() });
        }
        if prompts.is_empty() {
            return Ok(vec![]);
        }
        let mut schedule = Schedule::new(self, prompts, how)?;
        let mut stepper = self.ops.stepper(schedule.task())?;
        schedule.run(&mut *stepper)
    }
}
