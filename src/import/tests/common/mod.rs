//! A GGUF file in the making, of which a test changes what it is about. Each test program uses a part.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A key's value.
#[derive(Clone)]
pub(crate) enum Key {
    Whole(u32),
    Number(f32),
    Flag(bool),
    Text(String),
    Texts(Vec<String>),
    Wholes(Vec<i32>),
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// A tensor: dimensions as GGUF has them, the number of its packing, its bytes.
#[derive(Clone)]
pub(crate) struct Packed {
    pub(crate) dimensions: Vec<u64>,
    pub(crate) packing: u32,
    pub(crate) bytes: Vec<u8>,
    /// In place of where it is.
    pub(crate) offset: Option<u64>,
}

#[derive(Clone)]
pub(crate) struct File {
    pub(crate) magic: [u8; 4],
    pub(crate) version: u32,
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) tensors: Vec<(String, Packed)>,
}

impl File {
    /// A whole qwen2 of one layer, in F32, with these tokens and merges.
    pub(crate) fn qwen2(tokens: Vec<(String, i32)>, merges: Vec<String>) -> Self {
        let vocabulary = tokens.len() as u64;
        let (texts, kinds): (Vec<String>, Vec<i32>) = tokens.into_iter().unzip();
        let end = texts.iter().position(|token| token == "<|im_end|>").unwrap() as u32;
        let sizes = [("block_count", 1), ("context_length", 64), ("embedding_length", 4), ("feed_forward_length", 8)];
        let heads = [("attention.head_count", 2), ("attention.head_count_kv", 1)];
        let mut keys: BTreeMap<String, Key> =
            sizes.iter().chain(&heads).map(|(name, size)| (format!("qwen2.{name}"), Key::Whole(*size))).collect();
        keys.extend(
            [
                ("general.architecture", "qwen2".into()),
                ("qwen2.attention.layer_norm_rms_epsilon", Key::Number(1e-6)),
                ("qwen2.rope.freq_base", Key::Number(1e6)),
                ("tokenizer.ggml.model", "gpt2".into()),
                ("tokenizer.ggml.pre", "qwen2".into()),
                ("tokenizer.ggml.tokens", Key::Texts(texts)),
                ("tokenizer.ggml.token_type", Key::Wholes(kinds)),
                ("tokenizer.ggml.merges", Key::Texts(merges)),
                ("tokenizer.ggml.eos_token_id", Key::Whole(end)),
                ("tokenizer.chat_template", "{{ messages }}".into()),
            ]
            .map(|(name, key)| (name.to_string(), key)),
        );
        let mut file = Self { magic: *b"GGUF", version: 3, keys, tensors: vec![] };
        file.floats("token_embd.weight", &[4, vocabulary]);
        file.floats("output_norm.weight", &[4]);
        let layer: [(&str, &[u64]); 12] = [
            ("attn_norm.weight", &[4]),
            ("attn_q.weight", &[4, 4]),
            ("attn_q.bias", &[4]),
            ("attn_k.weight", &[4, 2]),
            ("attn_k.bias", &[2]),
            ("attn_v.weight", &[4, 2]),
            ("attn_v.bias", &[2]),
            ("attn_output.weight", &[4, 4]),
            ("ffn_norm.weight", &[4]),
            ("ffn_gate.weight", &[4, 8]),
            ("ffn_up.weight", &[4, 8]),
            ("ffn_down.weight", &[8, 4]),
        ];
        layer.iter().for_each(|(name, dimensions)| file.floats(&format!("blk.0.{name}"), dimensions));
        file
    }

    /// The same with the 256 letters of bytes and the one token that ends an answer.
    pub(crate) fn tiny() -> Self {
        let seen = |byte: &u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
        let letters = (0..256).filter(seen).chain(256..256 + 68).map(|c| char::from_u32(c).unwrap().to_string());
        let tokens = letters.map(|letter| (letter, 1)).chain([("<|im_end|>".into(), 3)]);
        Self::qwen2(tokens.collect(), vec![])
    }

    /// Adds a tensor of small values.
    pub(crate) fn floats(&mut self, name: &str, dimensions: &[u64]) {
        let count = dimensions.iter().product::<u64>();
        let bytes = (0..count).flat_map(|i| (i as f32 / 64.0 - 0.5).to_le_bytes()).collect();
        let packed = Packed { dimensions: dimensions.into(), packing: 0, bytes, offset: None };
        self.tensors.push((name.into(), packed));
    }

    pub(crate) fn tensor(&mut self, name: &str) -> &mut Packed {
        &mut self.tensors.iter_mut().find(|(known, _)| known == name).unwrap().1
    }

    pub(crate) fn set(&mut self, name: &str, key: impl Into<Key>) {
        self.keys.insert(name.into(), key.into());
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = [&self.magic[..], &self.version.to_le_bytes()].concat();
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.keys.len() as u64).to_le_bytes());
        for (name, key) in &self.keys {
            text(&mut out, name);
            write(&mut out, key);
        }
        let mut data: Vec<u8> = vec![];
        for (name, packed) in &self.tensors {
            text(&mut out, name);
            out.extend((packed.dimensions.len() as u32).to_le_bytes());
            packed.dimensions.iter().for_each(|size| out.extend(size.to_le_bytes()));
            out.extend(packed.packing.to_le_bytes());
            out.extend(packed.offset.unwrap_or(data.len() as u64).to_le_bytes());
            data.extend(&packed.bytes);
            data.resize(data.len().next_multiple_of(32), 0);
        }
        out.resize(out.len().next_multiple_of(32), 0);
        [out, data].concat()
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn list(out: &mut Vec<u8>, kind: u32, length: usize) {
    out.extend([9u32.to_le_bytes(), kind.to_le_bytes()].concat());
    out.extend((length as u64).to_le_bytes());
}

fn write(out: &mut Vec<u8>, key: &Key) {
    let kind = |out: &mut Vec<u8>, kind: u32| out.extend(kind.to_le_bytes());
    match key {
        Key::Whole(value) => {
            kind(out, 4);
            out.extend(value.to_le_bytes());
        }
        Key::Number(value) => {
            kind(out, 6);
            out.extend(value.to_le_bytes());
        }
        Key::Flag(value) => {
            kind(out, 7);
            out.push(u8::from(*value));
        }
        Key::Text(value) => {
            kind(out, 8);
            text(out, value);
        }
        Key::Texts(values) => {
            list(out, 8, values.len());
            values.iter().for_each(|value| text(out, value));
        }
        Key::Wholes(values) => {
            list(out, 5, values.len());
            values.iter().for_each(|value| out.extend(value.to_le_bytes()));
        }
    }
}

/// A file that the reference wrote.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Imports these bytes into a folder that goes with the first value.
pub(crate) fn imported(bytes: &[u8]) -> (tempfile::TempDir, PathBuf, import::Result<import::Record>) {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("model.gguf"), folder.path().join("out"));
    std::fs::write(&file, bytes).unwrap();
    let made = import::import(&file, &out, &|_, _| {});
    (folder, out, made)
}
