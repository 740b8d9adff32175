//! Byte-level BPE with single digits, trained on a sample of the corpus.

use crate::{END, OrganismError, Result};
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::{PreTokenizerWrapper, byte_level::ByteLevel, digits::Digits, sequence::Sequence};
use tokenizers::{AddedToken, Tokenizer};

/// Tokens in all, the two special ones included.
pub const VOCABULARY: usize = 768;
/// Token 0, which fills short rows and is never a target.
pub const PAD: &str = "<pad>";

/// Trains on whole samples; returns the text of `tokenizer.json`.
pub fn train(samples: impl Iterator<Item = String> + Send) -> Result<String> {
    let fail = |e: tokenizers::Error| OrganismError::Tokenizer(e.to_string());
    let bytes = ByteLevel::new(false, true, true);
    let mut tokenizer = Tokenizer::new(BPE::default());
    let steps: Vec<PreTokenizerWrapper> = vec![Digits::new(true).into(), bytes.into()];
    tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
    tokenizer.with_decoder(Some(bytes));
    let mut trainer: TrainerWrapper = BpeTrainer::builder()
        .vocab_size(VOCABULARY)
        .show_progress(false)
        .special_tokens([PAD, END].map(|t| AddedToken::from(t, true)).to_vec())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build()
        .into();
    tokenizer.train(&mut trainer, samples).map_err(fail)?;
    tokenizer.to_string(true).map_err(fail)
}
