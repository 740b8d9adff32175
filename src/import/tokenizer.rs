//! The tokenizer that a file's keys describe: byte-level BPE with Qwen2's pattern, in the form that the hub's tools read.

use crate::gguf::{Gguf, Value};
use serde::{Serialize, Serializer};
use std::collections::HashSet;

/// Where Qwen2 cuts a text before it merges.
pub(crate) const PATTERN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Ends a text of pre-training, and so an answer too, whatever a file calls its end token.
const END_OF_TEXT: &str = "<|endoftext|>";

/// What a token is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Text,
    /// It stands for itself, and is left out of what is read.
    Control,
    /// It stands for itself.
    Whole,
    /// It fills the vocabulary up.
    Nothing,
}

/// What a file says of its tokens.
pub(crate) struct Tokens<'a> {
    list: Vec<(&'a str, Use)>,
    merges: Vec<(&'a str, &'a str)>,
    /// What ends an answer; the first is written behind given ones.
    pub(crate) ends: Vec<usize>,
    pub(crate) begin: Option<usize>,
    pub(crate) fill: Option<usize>,
    pub(crate) template: &'a str,
}

impl<'a> Tokens<'a> {
    /// For a model with so many embeddings.
    ///
    /// # Errors
    /// Another kind of tokenizer; tokens, merges or numbers of tokens that do not fit together.
    pub(crate) fn of(gguf: &Gguf<'a>, vocabulary: usize) -> Result<Self, String> {
        for (key, known) in [("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.pre", "qwen2")] {
            let found = gguf.text(key)?;
            if found != known {
                return Err(format!("{key} is {found:?}, and only {known:?} is known here"));
            }
        }
        let list = list(gguf, vocabulary)?;
        let known: HashSet<&str> = list.iter().map(|(token, _)| *token).collect();
        if known.len() < list.len() {
            let mut seen = HashSet::new();
            let twice = list.iter().find(|(token, _)| !seen.insert(*token)).map(|(token, _)| *token);
            return Err(format!("it has the token {:?} twice", twice.unwrap_or_default()));
        }
        if let Some(byte) = (0..=255).find(|&byte| !known.contains(&*letter(byte).to_string())) {
            return Err(format!("it has no token for the byte {byte}"));
        }
        let merges = merges(gguf, &known)?;
        let mut tokens = Self { list, merges, ends: vec![], begin: None, fill: None, template: "" };
        tokens.begin = tokens.id(gguf, "bos")?;
        tokens.fill = tokens.id(gguf, "padding")?;
        tokens.ends = vec![tokens.id(gguf, "eos")?.ok_or("it has no tokenizer.ggml.eos_token_id")?];
        let of_text = tokens.list.iter().position(|token| *token == (END_OF_TEXT, Use::Control));
        for end in tokens.id(gguf, "eot")?.into_iter().chain(of_text) {
            if !tokens.ends.contains(&end) {
                tokens.ends.push(end);
            }
        }
        tokens.template = gguf.text("tokenizer.chat_template")?;
        Ok(tokens)
    }

    /// The token that a key names, if it is there.
    fn id(&self, gguf: &Gguf, name: &str) -> Result<Option<usize>, String> {
        let key = format!("tokenizer.ggml.{name}_token_id");
        match gguf.keys.get(&*key) {
            None => Ok(None),
            Some(Value::Whole(id)) if usize::try_from(*id).is_ok_and(|id| id < self.list.len()) => {
                Ok(Some(*id as usize))
            }
            Some(other) => Err(format!("{key} is {other}, and there are {} tokens", self.list.len())),
        }
    }

    fn text(&self, id: usize) -> &'a str {
        self.list[id].0
    }

    /// `tokenizer.json`.
    pub(crate) fn tokenizer(&self) -> impl Serialize {
        let stands = self.list.iter().enumerate().filter(|(_, (_, what))| *what != Use::Text);
        let added = stands.map(|(id, &(content, what))| Added {
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: what == Use::Control,
        });
        Tokenizer {
            version: "1.0",
            truncation: None,
            padding: None,
            added_tokens: added.collect(),
            normalizer: Plain { kind: "NFC" },
            pre_tokenizer: Sequence { kind: "Sequence", pretokenizers: (SPLIT, BYTES) },
            post_processor: BYTES,
            decoder: BYTES,
            model: Bpe {
                kind: "BPE",
                dropout: None,
                unk_token: None,
                continuing_subword_prefix: "",
                end_of_word_suffix: "",
                fuse_unk: false,
                byte_fallback: false,
                ignore_merges: false,
                vocab: self.list.iter().map(|(token, _)| *token).collect(),
                merges: self.merges.clone(),
            },
        }
    }

    /// `tokenizer_config.json`, for rows that are no longer than this.
    pub(crate) fn config(&self, longest: usize) -> impl Serialize {
        TokenizerConfig {
            tokenizer_class: "PreTrainedTokenizerFast",
            bos_token: self.begin.map(|id| self.text(id)),
            eos_token: self.text(self.ends[0]),
            pad_token: self.fill.map(|id| self.text(id)),
            clean_up_tokenization_spaces: false,
            model_max_length: longest,
        }
    }
}

/// Tokens by their numbers, up to the first of those that fill up.
fn list<'a>(gguf: &Gguf<'a>, vocabulary: usize) -> Result<Vec<(&'a str, Use)>, String> {
    let texts = gguf.list("tokenizer.ggml.tokens", |value| match value {
        Value::Text(text) => Some(*text),
        _ => None,
    })?;
    let uses = gguf.list("tokenizer.ggml.token_type", |value| match value {
        Value::Whole(1) => Some(Use::Text),
        Value::Whole(3) => Some(Use::Control),
        Value::Whole(4) => Some(Use::Whole),
        Value::Whole(5) => Some(Use::Nothing),
        _ => None,
    })?;
    if texts.len() != vocabulary || uses.len() != vocabulary {
        let (texts, uses) = (texts.len(), uses.len());
        return Err(format!("it has {vocabulary} embeddings, {texts} tokens and {uses} types of tokens"));
    }
    let mut list: Vec<(&str, Use)> = texts.into_iter().zip(uses).collect();
    let used = list.iter().rposition(|(_, what)| *what != Use::Nothing).map_or(0, |last| last + 1);
    list.truncate(used);
    match list.iter().position(|(_, what)| *what == Use::Nothing) {
        Some(id) => Err(format!("token {id} is of no use, but tokens behind it are")),
        None => Ok(list),
    }
}

fn merges<'a>(gguf: &Gguf<'a>, known: &HashSet<&str>) -> Result<Vec<(&'a str, &'a str)>, String> {
    let merge = |value: &Value<'a>| match value {
        Value::Text(text) => text.split_once(' '),
        _ => None,
    };
    let merges = gguf.list("tokenizer.ggml.merges", merge)?;
    let fits = |(left, right): &(&str, &str)| {
        known.contains(left) && known.contains(right) && known.contains(&*format!("{left}{right}"))
    };
    match merges.iter().find(|merge| !fits(merge)) {
        Some((left, right)) => Err(format!("its merge of {left:?} and {right:?} is of no tokens, or gives none")),
        None => Ok(merges),
    }
}

/// The letter that stands for a byte in byte-level BPE: itself if it can be seen, else one of those from U+0100 on.
fn letter(byte: u8) -> char {
    let is_seen = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    match is_seen(byte) {
        true => char::from(byte),
        false => {
            let before = (0..byte).filter(|&other| !is_seen(other)).count() as u32;
            char::from_u32(256 + before).expect("68 letters from U+0100 on")
        }
    }
}

#[derive(Serialize)]
struct Tokenizer<'a> {
    version: &'static str,
    truncation: Option<()>,
    padding: Option<()>,
    added_tokens: Vec<Added<'a>>,
    normalizer: Plain,
    pre_tokenizer: Sequence,
    post_processor: ByteLevel,
    decoder: ByteLevel,
    model: Bpe<'a>,
}

#[derive(Serialize)]
struct Added<'a> {
    id: usize,
    content: &'a str,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

#[derive(Serialize)]
struct Plain {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Sequence {
    #[serde(rename = "type")]
    kind: &'static str,
    pretokenizers: (Split, ByteLevel),
}

#[derive(Serialize)]
struct Split {
    #[serde(rename = "type")]
    kind: &'static str,
    pattern: Pattern,
    behavior: &'static str,
    invert: bool,
}

#[derive(Serialize)]
struct Pattern {
    #[serde(rename = "Regex")]
    regex: &'static str,
}

const SPLIT: Split = Split { kind: "Split", pattern: Pattern { regex: PATTERN }, behavior: "Isolated", invert: false };

#[derive(Serialize)]
struct ByteLevel {
    #[serde(rename = "type")]
    kind: &'static str,
    add_prefix_space: bool,
    trim_offsets: bool,
    use_regex: bool,
}

const BYTES: ByteLevel =
    ByteLevel { kind: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };

#[derive(Serialize)]
struct Bpe<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    dropout: Option<()>,
    unk_token: Option<()>,
    continuing_subword_prefix: &'static str,
    end_of_word_suffix: &'static str,
    fuse_unk: bool,
    byte_fallback: bool,
    ignore_merges: bool,
    #[serde(serialize_with = "by_number")]
    vocab: Vec<&'a str>,
    merges: Vec<(&'a str, &'a str)>,
}

/// Tokens with their numbers, in the order of these.
fn by_number<S: Serializer>(tokens: &[&str], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tokens.iter().enumerate().map(|(id, token)| (token, id)))
}

#[derive(Serialize)]
struct TokenizerConfig<'a> {
    tokenizer_class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bos_token: Option<&'a str>,
    eos_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pad_token: Option<&'a str>,
    clean_up_tokenization_spaces: bool,
    model_max_length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_letter_of_its_own() {
        let letters: HashSet<char> = (0..=255).map(letter).collect();
        assert_eq!(letters.len(), 256);
        assert_eq!([b' ', b'\n', b'a', 0, 173].map(letter), ['Ġ', 'Ċ', 'a', 'Ā', 'Ń']);
    }
}
