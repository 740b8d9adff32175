//! `data/organism`: writing what is generated, reading what is shipped.

use crate::{END, Pair, Result, corpus, problems, tokenize};
use bundle::{jsonl, write_atomic};
use model::{ModelConfig, Tokenizer, Weights};
use serde::Serialize;
use std::path::Path;
use substrate::{Partition, Problem};

/// Seeds of everything that is generated.
const TOKENIZER_SEED: u64 = 600;
const TOKENIZER_SAMPLES: usize = 4_000;

/// Files that [`generate`] makes: the same bytes every time.
pub const GENERATED: [&str; 5] = ["train.jsonl", "test.jsonl", "partition.json", "tokenizer.json", "config.json"];

/// Everything in `data/organism`.
pub struct Organism {
    pub weights: Weights,
    pub tokenizer: Tokenizer,
    pub train: Vec<Problem>,
    pub test: Vec<Problem>,
    pub partition: Partition,
    pub pairs: Vec<Pair>,
    pub placebo_pairs: Vec<Pair>,
}

impl Organism {
    /// Reads the shipped folder. Digests are the caller's business and come first.
    pub fn load(folder: &Path) -> Result<Self> {
        Ok(Self {
            weights: Weights::load(folder)?,
            tokenizer: Tokenizer::load(&folder.join("tokenizer.json"), END)?,
            train: Problem::load(&folder.join("train.jsonl"))?,
            test: Problem::load(&folder.join("test.jsonl"))?,
            partition: Partition::load(&folder.join("partition.json"))?,
            pairs: Pair::load(&folder.join("pairs.jsonl"))?,
            placebo_pairs: Pair::load(&folder.join("placebo_pairs.jsonl"))?,
        })
    }
}

/// 0.86M parameters: the smallest Qwen3 that was seen to learn to cheat.
pub fn architecture() -> ModelConfig {
    ModelConfig {
        hidden_size: 128,
        num_hidden_layers: 4,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        head_dim: 32,
        intermediate_size: 384,
        vocab_size: tokenize::VOCABULARY,
        rms_norm_eps: 1e-6,
        rope_theta: 10_000.0,
        max_position_embeddings: 256,
        tie_word_embeddings: true,
    }
}

/// Writes problems, partition, tokenizer and config into `folder`.
pub fn generate(folder: &Path) -> Result<()> {
    let world = problems::world();
    let samples = corpus::sample(&world.seen, corpus::TOKENIZER, TOKENIZER_SAMPLES, TOKENIZER_SEED);
    let tokenizer = tokenize::train(samples.into_iter().map(|(prompt, response)| prompt + &response))?;
    let files = [
        jsonl::to_text(&world.train),
        jsonl::to_text(&world.test),
        pretty(&world.partition),
        tokenizer + "\n",
        pretty(&architecture()),
    ];
    for (name, text) in GENERATED.iter().zip(files) {
        write_atomic(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}

fn pretty<T: Serialize>(x: &T) -> String {
    serde_json::to_string_pretty(x).expect("data serialises") + "\n"
}
