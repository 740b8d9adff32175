//! What is asked for and what comes back: prompts, how tokens are drawn, completions.

use crate::draw::Drawn;
use serde::{Deserialize, Serialize};

/// A prompt and the seed of the one completion wanted of it.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    /// The problem's id, for error messages.
    pub id: &'a str,
    /// What is to be continued, at least one token.
    pub tokens: &'a [u32],
    /// What all noise of the completion is made from.
    pub seed: u64,
}

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplingParams<'a> {
    /// 0 means greedy.
    pub temperature: f64,
    /// Keep the `top_k` likeliest tokens, and any as likely as the last of them; 0 keeps all.
    pub top_k: usize,
    /// Keep the likeliest tokens until their mass reaches this, and any as likely as the last of them; 1 keeps all.
    pub top_p: f64,
    /// Tokens of a completion at most.
    pub max_new: usize,
    /// The tokens that end a completion; the one that did is part of it.
    pub ends: &'a [u32],
    /// A longer prompt is an error, never a silent cut.
    pub prompt_cap: usize,
    /// Rows per device step.
    pub rows: usize,
}

impl<'a> SamplingParams<'a> {
    /// Tokens drawn from the whole distribution at this temperature.
    pub fn whole(temperature: f64, max_new: usize, prompt_cap: usize, rows: usize, ends: &'a [u32]) -> Self {
        Self { temperature, top_k: 0, top_p: 1.0, max_new, ends, prompt_cap, rows }
    }

    /// The same, drawn from the likeliest tokens alone; none keeps all. What is logged of a token stays its probability in the whole
    /// distribution at temperature 1 ([`Completion::logp`]).
    pub fn cut(self, top_k: Option<usize>, top_p: Option<f64>) -> Self {
        Self { top_k: top_k.unwrap_or(0), top_p: top_p.unwrap_or(1.0), ..self }
    }
}

/// What stopped a completion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model wrote an end token: it handed its answer in.
    End,
    /// The answer reached the longest length allowed and had not ended.
    #[default]
    Length,
}

impl FinishReason {
    /// Whether a completion with this text is an answer at all, right or wrong: it ended, and is not blank.
    pub fn answered(self, text: &str) -> bool {
        self == Self::End && !text.trim().is_empty()
    }
}

/// Generated tokens with the model's own log-probability of each: in the whole distribution at temperature 1, whatever `top_k`, `top_p` and
/// temperature they were drawn with. That is the distribution whose gradient is trained on (the ratio of GRPO's one inner step is 1), so the
/// trainer's log-probabilities can be held against these. It is not the one that was drawn from where a plan cuts or cools it: the gradient is
/// then that of likelier answers than the model's own, as in setups that sample so and do not weight for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// What was drawn, in order.
    pub tokens: Vec<u32>,
    /// Natural logarithm of the probability of each.
    pub logp: Vec<f32>,
    /// What stopped it.
    pub finish_reason: FinishReason,
}

impl Completion {
    /// Adds what was drawn, and says whether nothing comes after it.
    pub(crate) fn add(&mut self, Drawn { token, logp }: Drawn, params: &SamplingParams) -> bool {
        self.tokens.push(token);
        self.logp.push(logp);
        let ended = params.ends.contains(&token);
        if ended {
            self.finish_reason = FinishReason::End;
        }
        ended || self.tokens.len() == params.max_new
    }
}
