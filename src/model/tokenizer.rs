//! Text to ids and back, from a `tokenizer.json`.

use crate::{ChatTemplate, ModelError, Result, hub};
use bundle::Sha256;
use std::path::{Path, PathBuf};

/// What ends the answers of chat models that declare no end token.
const CHAT_END: &str = "<|im_end|>";

/// A loaded tokenizer and the ids of the tokens that end a completion.
#[derive(Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    path: PathBuf,
    /// The first is written behind given answers; a sampled one ends at any.
    ends: Vec<u32>,
    /// Ids that the model has an embedding for, if it is known.
    vocabulary: usize,
}

impl Tokenizer {
    /// Reads `tokenizer.json`; `end` is the text of the one end token.
    pub fn load(path: &Path, end: &str) -> Result<Self> {
        let mut found = Self::read(path)?;
        found.ends.push(found.id(end)?);
        Ok(found)
    }

    fn read(path: &Path) -> Result<Self> {
        let fail = |reason: String| ModelError::Tokenizer { path: path.into(), reason };
        let bytes = bundle::files::read(path)?;
        // The library panics at a decoder that is no JSON.
        serde_json::from_slice::<serde_json::Value>(&bytes).map_err(|e| fail(e.to_string()))?;
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(|e| fail(e.to_string()))?;
        // Settings of whoever wrote the file: a prompt is never cut and never filled up.
        inner.with_truncation(None).map_err(|e| fail(e.to_string()))?;
        inner.with_padding(None);
        Ok(Self { inner, path: path.into(), ends: vec![], vocabulary: usize::MAX })
    }

    fn id(&self, token: &str) -> Result<u32> {
        let none = || ModelError::Tokenizer { path: self.path.clone(), reason: format!("it has no token {token}") };
        self.inner.token_to_id(token).ok_or_else(none)
    }

    /// The tokenizer of a model's folder, with every end token that the folder declares, for a model with so many embeddings.
    ///
    /// # Errors
    /// An `eos_token` that the tokenizer does not have, an end token that the model has no embedding for.
    pub fn of_model(folder: &Path, vocabulary: usize) -> Result<Self> {
        let (path, mut ends) = (folder.join("tokenizer.json"), hub::end_ids(folder)?);
        let mut found = Self::read(&path)?;
        match hub::special_token(folder, "eos_token")? {
            Some(text) => ends.insert(0, found.id(&text)?),
            None if ends.is_empty() => ends.push(found.id(CHAT_END)?),
            None => {}
        }
        for id in ends {
            if !found.ends.contains(&id) {
                found.ends.push(id);
            }
        }
        found.vocabulary = vocabulary;
        let ends = found.ends.clone();
        found.known(&ends)?;
        Ok(found)
    }

    /// Refuses a chat template whose marks are no tokens here: they would be read as plain letters.
    ///
    /// # Errors
    /// The first such mark.
    pub fn has_marks(&self, template: &ChatTemplate) -> Result<()> {
        match template.marks()?.into_iter().find(|mark| self.inner.token_to_id(mark).is_none()) {
            None => Ok(()),
            Some(mark) => Err(ModelError::Tokenizer {
                path: self.path.clone(),
                reason: format!(
                    "it has no token {mark}, which the chat template in {} writes; take both from one model",
                    template.path().display()
                ),
            }),
        }
    }

    /// A digest of the file and of what ends an answer.
    pub fn digest(&self) -> Result<Sha256> {
        let (file, _) = Sha256::of_file(&self.path)?;
        Ok(Sha256::of(format!("{file} {:?}", self.ends).as_bytes()))
    }

    /// The token behind a given answer.
    pub fn end(&self) -> u32 {
        self.ends[0]
    }

    /// Every token that ends an answer.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Tokens of the file, added ones included; the model may have more embeddings.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// # Errors
    /// A token that the model has no embedding for.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoded = self
            .inner
            .encode(text, false)
            .map_err(|e| ModelError::Tokenizer { path: self.path.clone(), reason: e.to_string() })?;
        self.known(encoded.get_ids())?;
        Ok(encoded.get_ids().to_vec())
    }

    fn known(&self, ids: &[u32]) -> Result<()> {
        match ids.iter().find(|&&id| id as usize >= self.vocabulary) {
            None => Ok(()),
            Some(&id) => Err(ModelError::Tokenizer {
                path: self.path.clone(),
                reason: format!(
                    "token {id} ({}) is beyond the model's {} embeddings: tokenizer and weights belong to two models",
                    self.inner.id_to_token(id).unwrap_or("not in it".into()),
                    self.vocabulary
                ),
            }),
        }
    }

    /// A completion of this text, with the token that ends it.
    pub fn encode_completion(&self, text: &str) -> Result<Vec<u32>> {
        let mut tokens = self.encode(text)?;
        tokens.push(self.end());
        Ok(tokens)
    }

    /// The text of a completion, special tokens left out.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.inner
            .decode(ids, true)
            .map_err(|e| ModelError::Tokenizer { path: self.path.clone(), reason: e.to_string() })
    }
}
