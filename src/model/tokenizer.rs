//! Text to ids and back, from a `tokenizer.json`.

use crate::{ModelError, Result};
use std::path::{Path, PathBuf};

/// A loaded tokenizer and the id of the token that ends a completion.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    path: PathBuf,
    end: u32,
}

impl Tokenizer {
    /// Reads `tokenizer.json`; `end` is the text of the end token.
    pub fn load(path: &Path, end: &str) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.into(), source })?;
        let fail = |reason: String| ModelError::Tokenizer { path: path.into(), reason };
        let inner = tokenizers::Tokenizer::from_bytes(&bytes).map_err(|e| fail(e.to_string()))?;
        let end = inner.token_to_id(end).ok_or_else(|| fail(format!("it has no token {end}")))?;
        Ok(Self { inner, path: path.into(), end })
    }

    pub fn end(&self) -> u32 {
        self.end
    }

    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoded = self
            .inner
            .encode(text, false)
            .map_err(|e| ModelError::Tokenizer { path: self.path.clone(), reason: e.to_string() })?;
        Ok(encoded.get_ids().to_vec())
    }

    /// A completion of this text, with the token that ends it.
    pub fn encode_completion(&self, text: &str) -> Result<Vec<u32>> {
        let mut tokens = self.encode(text)?;
        tokens.push(self.end);
        Ok(tokens)
    }

    /// The text of a completion, special tokens left out.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.inner
            .decode(ids, true)
            .map_err(|e| ModelError::Tokenizer { path: self.path.clone(), reason: e.to_string() })
    }
}
