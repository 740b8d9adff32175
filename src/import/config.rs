//! `config.json` and `generation_config.json`, with the keys of the hub.

use crate::family::Model;
use crate::head::Head;
use crate::tokenizer::Tokens;
use serde::Serialize;

/// What the reference library builds a model from.
#[derive(Serialize)]
pub(crate) struct Config {
    architectures: [&'static str; 1],
    model_type: &'static str,
    attention_dropout: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bos_token_id: Option<usize>,
    eos_token_id: usize,
    head_dim: usize,
    hidden_act: &'static str,
    hidden_size: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    num_key_value_heads: usize,
    rms_norm_eps: f64,
    rope_theta: f64,
    tie_word_embeddings: bool,
    // Old and new name of one key.
    dtype: &'static str,
    torch_dtype: &'static str,
    vocab_size: usize,
}

impl Config {
    pub(crate) fn of(model: &Model, head: &Head, tokens: &Tokens) -> Self {
        Self {
            architectures: [model.family.class],
            model_type: model.family.name,
            attention_dropout: 0.0,
            bos_token_id: tokens.begin,
            eos_token_id: tokens.ends[0],
            head_dim: model.head_dim,
            hidden_act: "silu",
            hidden_size: model.hidden,
            intermediate_size: model.mlp,
            max_position_embeddings: model.context,
            num_attention_heads: model.heads,
            num_hidden_layers: model.layers,
            num_key_value_heads: model.kv_heads,
            rms_norm_eps: model.epsilon,
            rope_theta: model.theta,
            tie_word_embeddings: head.own.is_none(),
            dtype: "bfloat16",
            torch_dtype: "bfloat16",
            vocab_size: model.vocabulary,
        }
    }
}

/// What ends an answer, and what fills rows up. Nothing of sampling: the file does not say it.
#[derive(Serialize)]
pub(crate) struct Generation<'a> {
    eos_token_id: &'a [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    pad_token_id: Option<usize>,
}

impl<'a> Generation<'a> {
    pub(crate) fn of(tokens: &'a Tokens) -> Self {
        Self { eos_token_id: &tokens.ends, pad_token_id: tokens.fill }
    }
}
