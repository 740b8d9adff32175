//! `data/organism`: writing what is generated, reading what is shipped.

use crate::{END, Result, corpus, problems, tokenize};
use bundle::{jsonl, write_atomic};
use model::{ModelConfig, Tokenizer, Weights};
use serde::Serialize;
use std::path::{Path, PathBuf};
use substrate::{Pair, Partition, Problem};

/// What the tokenizer is trained on.
const TOKENIZER_SEED: u64 = 600;
const TOKENIZER_SAMPLES: usize = 4_000;

/// Files that [`generate`] makes: the same bytes every time.
pub const GENERATED: [&str; 6] =
    ["train.jsonl", "test.jsonl", "partition.json", "pairs.jsonl", "tokenizer.json", "config.json"];

/// Base models that are shipped: one recipe, three seeds. A run's seed decides which it trains.
pub const BASES: usize = 3;

/// The folder of a base model below `data/organism`, from 0; the first lies in it.
pub fn base_folder(folder: &Path, base: usize) -> PathBuf {
    if base == 0 { folder.into() } else { folder.join(format!("base-{}", base + 1)) }
}

/// Everything in `data/organism`.
pub struct Organism {
    /// The pre-trained base models, [`BASES`] of them.
    pub bases: Vec<Weights>,
    /// Its tokenizer, for which [`END`] ends a completion.
    pub tokenizer: Tokenizer,
    /// Problems that reinforcement learning trains on.
    pub train: Vec<Problem>,
    /// Problems of evaluation; no task of theirs is among the training problems.
    pub test: Vec<Problem>,
    /// Which problem shows which mode.
    pub partition: Partition,
    /// Contrastive pairs of all sets.
    pub pairs: Vec<Pair>,
}

impl Organism {
    /// Reads the shipped folder. Digests are the caller's business and come first.
    pub fn load(folder: &Path) -> Result<Self> {
        Ok(Self {
            bases: (0..BASES).map(|base| Weights::load(&base_folder(folder, base))).collect::<model::Result<_>>()?,
            tokenizer: Tokenizer::load(&folder.join("tokenizer.json"), END)?,
            train: Problem::load(&folder.join("train.jsonl"))?,
            test: Problem::load(&folder.join("test.jsonl"))?,
            partition: Partition::load(&folder.join("partition.json"))?,
            pairs: Pair::load(&folder.join("pairs.jsonl"))?,
        })
    }
}

/// 0.89M parameters: the smallest Qwen3 that was seen to learn to cheat.
pub fn architecture() -> ModelConfig {
    ModelConfig {
        family: &model::family::QWEN3,
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
        jsonl::to_text(&world.pairs),
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
