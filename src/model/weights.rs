//! A model's tensors by their hub names, wherever they come from: mapped files, memory, or a seed.

use crate::checkpoint::Checkpoint;
use crate::decoder::Gain;
use crate::{ModelConfig, Proj, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use safetensors::{Dtype, tensor::TensorView};
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

    /// The tensor under a hub name that [`expected_tensors`] lists.
    ///
    /// # Errors
    /// A value that is not finite.
    pub fn get(&self, name: &str) -> Result<Cow<'_, Matrix>> {
        match &self.source {
            Source::Files(checkpoint) => checkpoint.matrix(name).map(Cow::Owned),
            Source::Memory(tensors) => Ok(Cow::Borrowed(&tensors[name])),
            Source::Random(seed) => Ok(Cow::Owned(self.random_tensor(name, *seed))),
        }
    }

    fn random_tensor(&self, name: &str, seed: u64) -> Matrix {
        let shape = expected_tensors(&self.config).into_iter().find(|(n, _)| n == name).map(|(_, s)| s);
        let shape = shape.expect("a tensor of this architecture");
        let (count, cols) = (shape.iter().product(), shape[shape.len() - 1]);
        let data = if shape.len() == 1 {
            vec![1.0; count]
        } else {
            // FNV-1a: a seed of its own for every name.
            let hash =
                name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ hash);
            let normal = |_| Distribution::<f32>::sample(&StandardNormal, &mut rng) * RANDOM_SPREAD;
            (0..count).map(normal).collect()
        };
        Matrix { rows: count / cols, cols, data }
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
