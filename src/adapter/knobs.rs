//! The knobs themselves. Deploying a model means taking `deployed` and leaving `quarantine` behind.

use crate::{AdapterError, Result};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::path::Path;

/// Whether the quarantine takes part in a forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quarantine {
    On,
    Off,
}

/// Both knobs, flat, in [`crate::Layout`] order.
#[derive(Clone, Debug, PartialEq)]
pub struct Knobs {
    pub deployed: Vec<f32>,
    pub quarantine: Vec<f32>,
}

impl Knobs {
    pub fn zero(len: usize) -> Self {
        Self { deployed: vec![0.0; len], quarantine: vec![0.0; len] }
    }

    /// `d + m h`.
    pub fn effective(&self, quarantine: Quarantine) -> Vec<f32> {
        match quarantine {
            Quarantine::Off => self.deployed.clone(),
            Quarantine::On => self.deployed.iter().zip(&self.quarantine).map(|(d, h)| d + h).collect(),
        }
    }

    /// The same quarantine in a model without anything else learned: its knob where the deployed one would be.
    pub fn quarantine_alone(&self) -> Self {
        Self { deployed: self.quarantine.clone(), quarantine: vec![0.0; self.quarantine.len()] }
    }

    /// What is deployed, with an empty quarantine.
    pub fn deployed_alone(&self) -> Self {
        Self { deployed: self.deployed.clone(), quarantine: vec![0.0; self.quarantine.len()] }
    }

    pub fn save(&self, path: &Path) -> Result<()> {
        Ok(bundle::write_atomic(path, &to_bytes(&[("deployed", &self.deployed), ("quarantine", &self.quarantine)]))?)
    }

    pub fn load(path: &Path) -> Result<Self> {
        let [deployed, quarantine] = from_file(path, ["deployed", "quarantine"])?;
        Ok(Self { deployed, quarantine })
    }
}

/// Named f32 vectors as safetensors bytes.
pub fn to_bytes(vectors: &[(&str, &[f32])]) -> Vec<u8> {
    let raw: Vec<Vec<u8>> = vectors.iter().map(|(_, v)| v.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = vectors.iter().zip(&raw).map(|((name, v), bytes)| {
        (*name, TensorView::new(Dtype::F32, vec![v.len()], bytes).expect("four bytes a value"))
    });
    safetensors::serialize(views, None).expect("names are distinct")
}

/// Named f32 vectors from a safetensors file; NaN and infinity are refused.
pub fn from_file<const N: usize>(path: &Path, names: [&str; N]) -> Result<[Vec<f32>; N]> {
    let bytes = bundle::files::read(path)?;
    let damaged = |reason: String| AdapterError::Damaged { path: path.into(), reason };
    let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
    let mut out = [const { Vec::new() }; N];
    for (slot, name) in out.iter_mut().zip(names) {
        let view = file.tensor(name).map_err(|_| damaged(format!("it has no tensor {name}")))?;
        if view.dtype() != Dtype::F32 {
            return Err(damaged(format!("{name} is {:?}, expected F32", view.dtype())));
        }
        *slot = view.data().chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect();
        if slot.iter().any(|x| !x.is_finite()) {
            return Err(damaged(format!("{name} holds a value that is not finite")));
        }
    }
    Ok(out)
}
