//! The tokenizer of a hub's folder as keys of a GGUF file: byte-level BPE with Qwen2's pattern and no other, as a reader of the file knows
//! patterns by name alone.

use crate::tokenizer::PATTERN;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// What the file's keys have.
pub(crate) struct Vocabulary {
    /// By their numbers, as many as there are embeddings.
    pub(crate) tokens: Vec<String>,
    /// What each is for: 1 text, 3 control, 4 stands for itself, 5 fills up.
    pub(crate) types: Vec<i32>,
    /// Pairs with a space between.
    pub(crate) merges: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    #[serde(default)]
    added_tokens: Vec<Added>,
    model: Model,
}

#[derive(Deserialize)]
struct Added {
    id: usize,
    content: String,
    special: bool,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    vocab: HashMap<String, usize>,
    #[serde(default)]
    merges: Vec<Merge>,
}

/// Old files have one text, newer ones two.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Text(String),
    Pair(String, String),
}

impl Vocabulary {
    /// Of `tokenizer.json`, for so many embeddings.
    ///
    /// # Errors
    /// Another kind of tokenizer; a token beyond the embeddings.
    pub(crate) fn of(text: &str, embeddings: usize) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|e| format!("it is no tokenizer: {e}"))?;
        let kind = file.model.kind.as_deref().unwrap_or("no kind");
        if kind != "BPE" || !has_pattern(file.pre_tokenizer.as_ref()) {
            return Err(format!("its tokenizer is {kind}, and only byte-level BPE with Qwen2's pattern is known here"));
        }
        if let Some(other) = file.normalizer.filter(|normalizer| normalizer["type"] != "NFC") {
            return Err(format!("it normalises by {}, and only NFC is known here", other["type"]));
        }
        let mut tokens: Vec<String> = (0..embeddings).map(|id| format!("[PAD{id}]")).collect();
        let mut types = vec![5; embeddings];
        let text = file.model.vocab.into_iter().map(|(token, id)| (id, token, 1));
        let added = file.added_tokens.into_iter().map(|a| (a.id, a.content, if a.special { 3 } else { 4 }));
        for (id, token, what) in text.chain(added) {
            let place = tokens.get_mut(id).ok_or_else(|| format!("token {id} has none of {embeddings} embeddings"))?;
            (*place, types[id]) = (token, what);
        }
        let merge = |merge| match merge {
            Merge::Text(text) => text,
            Merge::Pair(left, right) => format!("{left} {right}"),
        };
        Ok(Self { tokens, types, merges: file.model.merges.into_iter().map(merge).collect() })
    }
}

/// Whether a text is cut by Qwen2's pattern and then turned into bytes.
fn has_pattern(pre_tokenizer: Option<&Value>) -> bool {
    let steps = pre_tokenizer.and_then(|steps| steps["pretokenizers"].as_array());
    let [cut, bytes] = steps.map_or(&[][..], Vec::as_slice) else { return false };
    cut["pattern"]["Regex"] == PATTERN && cut["type"] == "Split" && bytes["type"] == "ByteLevel"
}
