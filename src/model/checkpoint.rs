//! A checkpoint on disk, mapped into memory: one `model.safetensors` or several with an index, in a plain folder or in the
//! hub's cache. Names, shapes and types are checked against `config.json` before a single value is read.

use crate::config::ModelConfig;
use crate::names::expected_tensors;
use crate::{ModelError, Result};
use backend::Raw;
use burn::tensor::DType;
use memmap2::Mmap;
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

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
    pub config: ModelConfig,
    shards: Vec<Shard>,
    spans: BTreeMap<String, TensorSpan>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The folder that holds `config.json`: `folder` itself, or the snapshot that a hub cache's `refs/main` names.
pub fn resolve(folder: &Path) -> Result<PathBuf> {
    if folder.join("config.json").exists() {
        return Ok(folder.into());
    }
    let missing = |reason: String| ModelError::Damaged { path: folder.into(), reason };
    let revision = std::fs::read_to_string(folder.join("refs/main"))
        .map_err(|_| missing("it holds neither config.json nor a hub cache (refs/main)".into()))?;
    let snapshot = folder.join("snapshots").join(revision.trim());
    if snapshot.join("config.json").exists() {
        return Ok(snapshot);
    }
    Err(missing(format!("its snapshot {} has no config.json: the download is not complete", revision.trim())))
}

impl Checkpoint {
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
            if !matches!(span.dtype, Dtype::F32 | Dtype::BF16) {
                let reason = format!("{name} is {:?}, expected F32 or BF16", span.dtype);
                return Err(ModelError::Damaged { path, reason });
            }
            spans.insert(name, span);
        }
        // A tied head may be stored all the same; anything else belongs to another model.
        found.remove("lm_head.weight");
        match found.into_iter().next() {
            Some((name, span)) => Err(ModelError::ExtraTensor { path: shards[span.shard].path.clone(), name }),
            None => Ok(Self { config, shards, spans }),
        }
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
            _ => bytes.par_chunks_exact(4).position_first(|c| c[3] & 0x7f == 0x7f && c[2] & 0x80 == 0x80),
        };
        match broken {
            Some(index) => Err(ModelError::NotFinite { path: shard.path.clone(), name: name.into(), index }),
            None => {
                let cols = span.shape.last().copied().unwrap_or(1);
                Ok(Raw { dtype: kind(span.dtype), cols, bytes: Cow::Borrowed(bytes) })
            }
        }
    }
}

/// Only f32 and bf16 are let in.
fn kind(dtype: Dtype) -> DType {
    if dtype == Dtype::BF16 { DType::BF16 } else { DType::F32 }
}

/// The weight files of a folder, each once, in name order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let index = folder.join(INDEX);
    if !index.exists() {
        return Ok(vec![folder.join(SINGLE)]);
    }
    let text = std::fs::read_to_string(&index).map_err(|source| ModelError::Read { path: index.clone(), source })?;
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
    unsafe { Mmap::map(&file) }.map_err(fail)
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
