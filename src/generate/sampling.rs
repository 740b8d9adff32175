//! What is asked for and what comes back: prompts, how tokens are drawn, completions.

/// A prompt and the seed of the one completion wanted of it.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    pub id: &'a str,
    pub tokens: &'a [u32],
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
    pub max_new: usize,
    /// The tokens that end a completion; the one that did is part of it.
    pub ends: &'a [u32],
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
