//! A model's tensors by their hub names, wherever they come from: mapped files, memory, or a seed.

use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::config::ModelConfig;
use crate::names::expected_tensors;
use backend::{Matrix, Raw, tensor_file};
use bundle::Sha256;
use burn_tensor::DType;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The tensors of one model. Files and seeds give a tensor when it is asked for: nothing is held in host memory.
#[derive(Debug)]
pub struct Weights {
    /// The architecture that the tensors are of.
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
/// That of random biases: wide enough that a comparison sees it if one is left out. Initialised ones would be zero.
const BIAS_SPREAD: f32 = 0.5;

impl Weights {
    /// Opens a folder or a hub cache; see [`Checkpoint`]. f32, bf16 and f16 tensors are accepted.
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

    /// The files that they are read from, with their digests; of random ones, in place of a file, what they are drawn from.
    pub fn files(&self) -> Vec<(PathBuf, Sha256)> {
        match &self.source {
            Source::Files(checkpoint) => checkpoint.files(),
            Source::Memory(_) => vec![],
            Source::Random(seed) => vec![(format!("random weights of seed {seed}").into(), self.digest())],
        }
    }

    /// A digest of every value and of the architecture.
    pub fn digest(&self) -> Sha256 {
        let config = serde_json::to_string(&self.config).expect("a config serialises");
        let values = match &self.source {
            Source::Files(_) => self.files().iter().map(|(_, digest)| digest.to_string()).collect(),
            Source::Random(seed) => format!("random, seed {seed}"),
            Source::Memory(tensors) => {
                let one = |m: &Matrix| Sha256::of(&m.raw().bytes).to_string();
                tensors.values().map(one).collect::<String>()
            }
        };
        Sha256::of(format!("{config}\n{values}").as_bytes())
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
        Ok(Cow::Owned(self.raw(name)?.into()))
    }

    fn random_tensor(&self, name: &str, seed: u64) -> Raw<'static> {
        let shape = expected_tensors(&self.config).into_iter().find(|(n, _)| n == name).map(|(_, s)| s);
        let shape = shape.expect("a tensor of this architecture");
        let (count, cols): (usize, usize) = (shape.iter().product(), shape[shape.len() - 1]);
        // FNV-1a: a seed of its own for every name.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let (mean, spread) = match shape.len() {
            1 if name.ends_with(".bias") => (0.0, BIAS_SPREAD),
            1 => (1.0, 0.0),
            _ => (0.0, RANDOM_SPREAD),
        };
        Raw::random([count / cols, cols], mean, spread, seed ^ hash)
    }

    /// Writes `config.json` and an f32 `model.safetensors`, each through a temporary file and a rename.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let config = serde_json::to_string_pretty(&self.config).expect("a config always serialises") + "\n";
        let mut tensors = vec![];
        for (name, shape) in expected_tensors(&self.config) {
            let data = self.get(&name)?.into_owned().data;
            let cols = shape[shape.len() - 1];
            tensors.push((name, shape, Raw::floats(&data, cols).into_owned()));
        }
        bundle::write_atomic(&folder.join("config.json"), config.as_bytes())?;
        Ok(bundle::write_atomic(&folder.join("model.safetensors"), &tensor_file::to_bytes(&tensors, None))?)
    }
}
