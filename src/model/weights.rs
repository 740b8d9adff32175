//! A model's tensors by their hub names, wherever they come from: mapped files, memory, or a seed.

use crate::checkpoint::Checkpoint;
use crate::site::{Gain, Proj};
use crate::{ModelConfig, ModelError, Result};
use burn::tensor::{DType, bf16};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// A row-major f32 matrix on the host; vectors have one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    pub rows: usize,
    pub cols: usize,
    pub data: Vec<f32>,
}

/// A matrix as it is stored: little-endian f32 or bf16, row-major; vectors have one row.
pub struct Raw<'a> {
    pub dtype: DType,
    pub cols: usize,
    pub bytes: Cow<'a, [u8]>,
}

impl Raw<'_> {
    /// Normal values in bf16: the same for a seed, however many threads share the work.
    pub fn random([rows, cols]: [usize; 2], mean: f32, spread: f32, seed: u64) -> Raw<'static> {
        let mut bytes = vec![0; rows * cols * 2];
        bytes.par_chunks_mut(RANDOM_STRETCH).enumerate().for_each(|(stretch, bytes)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(stretch as u64);
            for value in bytes.chunks_exact_mut(2) {
                let normal: f32 = StandardNormal.sample(&mut rng);
                value.copy_from_slice(&bf16::from_f32(mean + normal * spread).to_le_bytes());
            }
        });
        Raw { dtype: DType::BF16, cols, bytes: Cow::Owned(bytes) }
    }

    pub fn widen(&self) -> Vec<f32> {
        match self.dtype {
            DType::BF16 => {
                let wide = |c: &[u8]| f32::from_bits(u32::from(u16::from_le_bytes([c[0], c[1]])) << 16);
                self.bytes.par_chunks_exact(2).map(wide).collect()
            }
            _ => self.bytes.par_chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect(),
        }
    }
}

impl Raw<'_> {
    /// The same values in another type.
    pub fn to(self, dtype: DType) -> Raw<'static> {
        let Self { cols, .. } = self;
        let bytes = match (self.dtype, dtype) {
            (a, b) if a == b => self.bytes.into_owned(),
            (_, DType::BF16) => self.widen().par_iter().flat_map_iter(|&x| bf16::from_f32(x).to_le_bytes()).collect(),
            _ => self.widen().par_iter().flat_map_iter(|x| x.to_le_bytes()).collect(),
        };
        Raw { dtype, cols, bytes: Cow::Owned(bytes) }
    }
}

/// Named matrices as one safetensors file, in the types that they have.
pub fn raw_safetensors(tensors: &[(String, Raw)]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, raw)| {
        let (dtype, rows) = match raw.dtype {
            DType::BF16 => (Dtype::BF16, raw.bytes.len() / 2 / raw.cols),
            _ => (Dtype::F32, raw.bytes.len() / 4 / raw.cols),
        };
        (name.as_str(), TensorView::new(dtype, vec![rows, raw.cols], &raw.bytes).expect("sizes agree"))
    });
    safetensors::serialize(views, None).expect("names are distinct")
}

/// Matrices that [`raw_safetensors`] wrote.
pub fn read_raw<const N: usize>(path: &Path, names: [&str; N]) -> Result<[Raw<'static>; N]> {
    let damaged = |reason: String| ModelError::Damaged { path: path.into(), reason };
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.into(), source })?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
    let mut out = vec![];
    for name in names {
        let view = file.tensor(name).map_err(|_| damaged(format!("it has no tensor {name}")))?;
        let dtype = if view.dtype() == Dtype::BF16 { DType::BF16 } else { DType::F32 };
        let cols = view.shape().last().copied().unwrap_or(0);
        out.push(Raw { dtype, cols, bytes: Cow::Owned(view.data().to_vec()) });
    }
    Ok(out.try_into().unwrap_or_else(|_| unreachable!("one a name")))
}

impl Matrix {
    /// A copy, as it would be stored.
    pub fn raw(&self) -> Raw<'static> {
        let bytes = self.data.iter().flat_map(|x| x.to_le_bytes()).collect();
        Raw { dtype: DType::F32, cols: self.cols, bytes: Cow::Owned(bytes) }
    }
}

/// The tensors of one model. Files and seeds give a tensor when it is asked for: nothing is held in host memory.
#[derive(Debug)]
pub struct Weights {
    pub config: ModelConfig,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Files(Checkpoint),
    Memory(BTreeMap<String, Matrix>),
    Random(u64),
}

/// Standard deviation of random projections, as the architecture's own initialisation has it.
const RANDOM_SPREAD: f32 = 0.02;
/// Bytes that one random stream fills.
const RANDOM_STRETCH: usize = 1 << 17;

/// Hub names and shapes: `[rows, cols]`, gains as vectors.
pub fn expected_tensors(config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let c = config;
    let mut out = vec![
        ("model.embed_tokens.weight".into(), vec![c.vocab_size, c.hidden_size]),
        ("model.norm.weight".into(), vec![c.hidden_size]),
    ];
    if !c.tie_word_embeddings {
        out.push(("lm_head.weight".into(), vec![c.vocab_size, c.hidden_size]));
    }
    for layer in 0..c.num_hidden_layers {
        let p = format!("model.layers.{layer}");
        for proj in Proj::ALL {
            out.push((format!("{p}.{}.weight", proj.hub_name()), proj.shape(c).to_vec()));
        }
        for gain in Gain::ALL {
            let size = if matches!(gain, Gain::Q | Gain::K) { c.head_dim } else { c.hidden_size };
            out.push((format!("{p}.{}.weight", gain.hub_name()), vec![size]));
        }
    }
    out
}

impl Weights {
    /// Opens a folder or a hub cache; see [`Checkpoint`]. f32 and bf16 tensors are accepted.
    pub fn load(folder: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::open(folder)?;
        Ok(Self { config: checkpoint.config.clone(), source: Source::Files(checkpoint) })
    }

    /// Random weights of an architecture, for measurement: each tensor depends on the seed and its own name.
    pub fn random(config: ModelConfig, seed: u64) -> Self {
        Self { config, source: Source::Random(seed) }
    }

    /// Builds a checkpoint from tensors made elsewhere; `make` is asked for each hub name with its shape.
    pub fn from_fn(config: ModelConfig, mut make: impl FnMut(&str, &[usize]) -> Vec<f32>) -> Self {
        let tensors = expected_tensors(&config)
            .into_iter()
            .map(|(name, shape)| {
                let cols = shape[shape.len() - 1];
                let data = make(&name, &shape);
                (name, Matrix { rows: data.len() / cols, cols, data })
            })
            .collect();
        Self { config, source: Source::Memory(tensors) }
    }

    /// The type that most of the values are stored in.
    pub fn dtype(&self) -> DType {
        match &self.source {
            Source::Files(checkpoint) => checkpoint.dtype(),
            Source::Memory(_) => DType::F32,
            Source::Random(_) => DType::BF16,
        }
    }

    /// The tensor under a hub name that [`expected_tensors`] lists, as it is stored.
    ///
    /// # Errors
    /// A value that is not finite.
    pub fn raw(&self, name: &str) -> Result<Raw<'_>> {
        match &self.source {
            Source::Files(checkpoint) => checkpoint.raw(name),
            Source::Memory(tensors) => Ok(tensors[name].raw()),
            Source::Random(seed) => Ok(self.random_tensor(name, *seed)),
        }
    }

    /// The same in f32.
    pub fn get(&self, name: &str) -> Result<Cow<'_, Matrix>> {
        if let Source::Memory(tensors) = &self.source {
            return Ok(Cow::Borrowed(&tensors[name]));
        }
        let raw = self.raw(name)?;
        let (data, cols) = (raw.widen(), raw.cols);
        Ok(Cow::Owned(Matrix { rows: data.len() / cols, cols, data }))
    }

    fn random_tensor(&self, name: &str, seed: u64) -> Raw<'static> {
        let shape = expected_tensors(&self.config).into_iter().find(|(n, _)| n == name).map(|(_, s)| s);
        let shape = shape.expect("a tensor of this architecture");
        let (count, cols): (usize, usize) = (shape.iter().product(), shape[shape.len() - 1]);
        // FNV-1a: a seed of its own for every name.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let (mean, spread) = if shape.len() == 1 { (1.0, 0.0) } else { (0.0, RANDOM_SPREAD) };
        Raw::random([count / cols, cols], mean, spread, seed ^ hash)
    }

    /// Writes `config.json` and an f32 `model.safetensors`, each through a temporary file and a rename.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let config = serde_json::to_string_pretty(&self.config).expect("a config always serialises") + "\n";
        let mut tensors = vec![];
        for (name, shape) in expected_tensors(&self.config) {
            let data = self.get(&name)?.into_owned().data;
            tensors.push((name, shape, data));
        }
        bundle::write_atomic(&folder.join("config.json"), config.as_bytes())?;
        Ok(bundle::write_atomic(&folder.join("model.safetensors"), &to_safetensors(&tensors, None))?)
    }
}

/// Named f32 tensors with their shapes as one safetensors file with these header entries.
pub fn to_safetensors(tensors: &[(String, Vec<usize>, Vec<f32>)], header: Option<HashMap<String, String>>) -> Vec<u8> {
    let raw: Vec<Vec<u8>> = tensors.iter().map(|(_, _, v)| v.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&raw).map(|((name, shape, _), bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("sizes agree"))
    });
    safetensors::serialize(views, header).expect("names are distinct")
}
