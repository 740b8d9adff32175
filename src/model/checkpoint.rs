//! A checkpoint on disk, mapped into memory: one `model.safetensors` or several with an index, in a plain folder or in the
//! hub's cache. Names, shapes and types are checked against `config.json` before a single value is read.

use crate::config::ModelConfig;
use crate::hub::resolve;
use crate::names::expected_tensors;
use crate::{ModelError, Result};
use backend::Raw;
use bundle::Sha256;
use burn_tensor::{DType, f16};
use memmap2::Mmap;
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// One mapped file.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    map: Mmap,
}

/// Where a tensor's values lie.
#[derive(Clone, Debug)]
struct TensorSpan {
    shard: usize,
    dtype: Dtype,
    /// Byte offsets in the shard's file.
    start: usize,
    end: usize,
    shape: Vec<usize>,
}

/// Mapped files and a span for every tensor that the config asks for.
#[derive(Debug)]
pub struct Checkpoint {
    /// The architecture that every tensor was checked against.
    pub config: ModelConfig,
    shards: Vec<Shard>,
    spans: BTreeMap<String, TensorSpan>,
    /// Gigabytes are read for them: once.
    digests: OnceLock<Vec<Sha256>>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Maps a model's files, in a plain folder or the hub's cache.
    ///
    /// # Errors
    /// A file that is missing or damaged; tensors that are not the ones that `config.json` asks for.
    pub fn open(folder: &Path) -> Result<Self> {
        let folder = resolve(folder)?;
        let config = ModelConfig::load(&folder.join("config.json"))?;
        let mut shards = vec![];
        let mut found: BTreeMap<String, TensorSpan> = BTreeMap::new();
        for path in files(&folder)? {
            let map = map(&path)?;
            found.extend(tensors(&path, &map, shards.len())?);
            shards.push(Shard { path, map });
        }
        let first = shards.first().map_or(folder.clone(), |s| s.path.clone());
        let mut spans = BTreeMap::new();
        for (name, shape) in expected_tensors(&config) {
            let missing = || ModelError::MissingTensor { path: first.clone(), name: name.clone() };
            let span = found.remove(&name).ok_or_else(missing)?;
            let path = shards[span.shard].path.clone();
            if span.shape != shape {
                return Err(ModelError::Shape { path, name, expected: shape, found: span.shape });
            }
            if !matches!(span.dtype, Dtype::F32 | Dtype::BF16 | Dtype::F16) {
                let reason = format!("{name} is {:?}, expected F32, BF16 or F16", span.dtype);
                return Err(ModelError::Damaged { path, reason });
            }
            spans.insert(name, span);
        }
        // A tied head may be stored all the same, and older programs stored the rotary frequencies; anything else belongs to
        // another model.
        if let (true, Some(head)) = (config.tie_word_embeddings, found.get("lm_head.weight")) {
            let bytes = |span: &TensorSpan| &shards[span.shard].map[span.start..span.end];
            if spans.get("model.embed_tokens.weight").is_some_and(|embedding| bytes(embedding) != bytes(head)) {
                let reason = "config.json ties the head to the embedding, but another head is stored".into();
                return Err(ModelError::Damaged { path: first, reason });
            }
        }
        found.retain(|name, _| name != "lm_head.weight" && !name.ends_with(".rotary_emb.inv_freq"));
        match found.into_iter().next() {
            Some((name, span)) => Err(ModelError::ExtraTensor { path: shards[span.shard].path.clone(), name }),
            None => Ok(Self { config, shards, spans, digests: OnceLock::new() }),
        }
    }

    /// Its weight files with their digests.
    pub fn files(&self) -> Vec<(PathBuf, Sha256)> {
        let digests = self.digests.get_or_init(|| self.shards.par_iter().map(|s| Sha256::of(&s.map)).collect());
        self.shards.iter().zip(digests).map(|(shard, digest)| (shard.path.clone(), *digest)).collect()
    }

    /// The type of the largest tensor.
    pub fn dtype(&self) -> DType {
        let largest = self.spans.values().max_by_key(|p| p.end - p.start);
        largest.map_or(DType::F32, |p| kind(p.dtype))
    }

    /// One tensor, where it lies in the mapped file.
    ///
    /// # Errors
    /// A value that is not finite.
    pub fn raw(&self, name: &str) -> Result<Raw<'_>> {
        let span = &self.spans[name];
        let shard = &self.shards[span.shard];
        let bytes = &shard.map[span.start..span.end];
        // All exponent bits set: infinity or not a number.
        let broken = match span.dtype {
            Dtype::BF16 => bytes.par_chunks_exact(2).position_first(|c| c[1] & 0x7f == 0x7f && c[0] & 0x80 == 0x80),
            Dtype::F16 => bytes.par_chunks_exact(2).position_first(|c| c[1] & 0x7c == 0x7c),
            _ => bytes.par_chunks_exact(4).position_first(|c| c[3] & 0x7f == 0x7f && c[2] & 0x80 == 0x80),
        };
        match broken {
            Some(index) => Err(ModelError::NotFinite { path: shard.path.clone(), name: name.into(), index }),
            None => {
                let cols = span.shape.last().copied().unwrap_or(1);
                if span.dtype == Dtype::F16 {
                    // Every value of half precision is one of single precision.
                    let wide = |c: &[u8]| f16::from_le_bytes([c[0], c[1]]).to_f32();
                    return Ok(Raw::floats(&bytes.par_chunks_exact(2).map(wide).collect::<Vec<_>>(), cols).into_owned());
                }
                Ok(Raw { dtype: kind(span.dtype), cols, bytes: Cow::Borrowed(bytes) })
            }
        }
    }
}

/// As they are computed with: half precision is widened.
fn kind(dtype: Dtype) -> DType {
    if dtype == Dtype::BF16 { DType::BF16 } else { DType::F32 }
}

/// The weight files of a folder, each once, in name order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let index = folder.join(INDEX);
    if !index.exists() {
        let path = folder.join(SINGLE);
        if !path.exists() {
            let reason =
                format!("it holds neither {SINGLE} nor {INDEX}: weights in another format have to be converted first");
            return Err(ModelError::Damaged { path: folder.into(), reason });
        }
        return Ok(vec![path]);
    }
    let text = bundle::files::read_text(&index)?;
    let damaged = |reason: String| ModelError::Damaged { path: index.clone(), reason };
    let Index { weight_map } = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
    let mut names: Vec<String> = weight_map.into_values().collect();
    names.sort();
    names.dedup();
    // A name is a file beside the index, and nothing else.
    match names.iter().find(|n| Path::new(n).components().count() != 1 || n.starts_with("..")) {
        Some(name) => Err(damaged(format!("`{name}` is not a file name"))),
        None => Ok(names.iter().map(|n| folder.join(n)).collect()),
    }
}

fn map(path: &Path) -> Result<Mmap> {
    let fail = |source| ModelError::Read { path: path.into(), source };
    let file = File::open(path).map_err(fail)?;
    // SAFETY: the file is an input with a pinned digest that nobody writes to while the program runs.
    let map = unsafe { Mmap::map(&file) }.map_err(fail)?;
    bundle::files::refuse_pointer(path, &map)?;
    Ok(map)
}

/// Every tensor of one file.
fn tensors(path: &Path, map: &Mmap, shard: usize) -> Result<Vec<(String, TensorSpan)>> {
    let damaged = |e: safetensors::SafeTensorError| ModelError::Damaged { path: path.into(), reason: e.to_string() };
    let file = SafeTensors::deserialize(map).map_err(damaged)?;
    let base = map.as_ptr() as usize;
    Ok(file
        .iter()
        .map(|(name, view)| {
            let start = view.data().as_ptr() as usize - base;
            let end = start + view.data().len();
            (name.to_string(), TensorSpan { shard, dtype: view.dtype(), start, end, shape: view.shape().to_vec() })
        })
        .collect())
}
