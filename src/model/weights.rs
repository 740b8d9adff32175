//! Safetensors in and out. A checkpoint is checked against its config before anything reaches a device.

use crate::decoder::Gain;
use crate::{ModelConfig, ModelError, Proj, Result};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::BTreeMap;
use std::path::Path;

/// A row-major f32 matrix on the host; vectors have one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    pub rows: usize,
    pub cols: usize,
    pub data: Vec<f32>,
}

/// Every tensor of one checkpoint, by its hub name, in name order.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    pub config: ModelConfig,
    tensors: BTreeMap<String, Matrix>,
}

/// Hub names and shapes (`[rows, cols]`; gains have `rows` = 0 and are stored as vectors).
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
    /// Reads `config.json` and `model.safetensors` from a folder. f32, bf16 and f16 tensors are accepted.
    pub fn load(folder: &Path) -> Result<Self> {
        let config = ModelConfig::load(&folder.join("config.json"))?;
        let path = folder.join("model.safetensors");
        let bytes = std::fs::read(&path).map_err(|source| ModelError::Read { path: path.clone(), source })?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|e| ModelError::Damaged { path: path.clone(), reason: e.to_string() })?;
        let mut tensors = BTreeMap::new();
        for (name, shape) in expected_tensors(&config) {
            let view =
                file.tensor(&name).map_err(|_| ModelError::MissingTensor { path: path.clone(), name: name.clone() })?;
            if view.shape() != shape {
                return Err(ModelError::Shape { path, name, expected: shape, found: view.shape().to_vec() });
            }
            let data = to_f32(&view).map_err(|reason| ModelError::Damaged { path: path.clone(), reason })?;
            if let Some(index) = data.iter().position(|x| !x.is_finite()) {
                return Err(ModelError::NotFinite { path, name, index });
            }
            let cols = shape[shape.len() - 1];
            tensors.insert(name, Matrix { rows: data.len() / cols, cols, data });
        }
        Ok(Self { config, tensors })
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
        Self { config, tensors }
    }

    /// The tensor under a hub name that [`expected_tensors`] lists.
    pub fn get(&self, name: &str) -> &Matrix {
        &self.tensors[name]
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Matrix)> {
        self.tensors.iter()
    }

    /// Writes `config.json` and an f32 `model.safetensors`, each through a temporary file and a rename.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let config = serde_json::to_string_pretty(&self.config).expect("a config always serialises") + "\n";
        bundle::write_atomic(&folder.join("config.json"), config.as_bytes())?;
        let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = expected_tensors(&self.config)
            .into_iter()
            .map(|(name, shape)| {
                let raw = self.get(&name).data.iter().flat_map(|x| x.to_le_bytes()).collect();
                (name, shape, raw)
            })
            .collect();
        let views: Vec<(&str, TensorView)> = bytes
            .iter()
            .map(|(n, s, b)| (n.as_str(), TensorView::new(Dtype::F32, s.clone(), b).expect("sizes agree")))
            .collect();
        let path = folder.join("model.safetensors");
        let data = safetensors::serialize(views, None)
            .map_err(|e| ModelError::Damaged { path: path.clone(), reason: e.to_string() })?;
        Ok(bundle::write_atomic(&path, &data)?)
    }
}

fn to_f32(view: &TensorView) -> std::result::Result<Vec<f32>, String> {
    let raw = view.data();
    let halves = |widen: fn(u16) -> f32| raw.chunks_exact(2).map(|c| widen(u16::from_le_bytes([c[0], c[1]]))).collect();
    match view.dtype() {
        Dtype::F32 => Ok(raw.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect()),
        Dtype::BF16 => Ok(halves(|b| f32::from_bits((b as u32) << 16))),
        other => Err(format!("dtype {other:?} is not supported, expected F32 or BF16")),
    }
}
