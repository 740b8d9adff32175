//! The knobs themselves. Deploying a model means taking `deployed` and leaving `quarantine` behind.

use crate::{AdapterError, Result};
use backend::BackendError;
use backend::tensor_file::{Said, TensorFile, checked, vector};
use std::path::Path;

/// Whether the quarantine takes part in a forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quarantine {
    /// `m = 1`: both knobs count.
    On,
    /// `m = 0`: the deployed knob alone.
    Off,
}

/// Both knobs, flat, in [`crate::Layout`] order.
#[derive(Clone, Debug, PartialEq)]
pub struct Knobs {
    /// `d`, which stays in the model.
    pub deployed: Vec<f32>,
    /// `h`, which is left out when the model is deployed.
    pub quarantine: Vec<f32>,
}

impl Knobs {
    /// The base model: both knobs zero, of [`crate::Layout::len`] numbers each.
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

    /// Writes both knobs and what is said about them, through a temporary file and a rename.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, path: &Path, said: &Said) -> Result<()> {
        let both = [vector("deployed", &self.deployed), vector("quarantine", &self.quarantine)];
        Ok(bundle::write_atomic(path, &checked(&both, said))?)
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// A file that is missing, not as it was written, holds what is no number, or knobs of two lengths.
    pub fn load(path: &Path) -> Result<(Self, Said)> {
        let (file, said) = TensorFile::read_checked(path).map_err(unusable)?;
        let floats = |name: &str| file.floats(name).map_err(unusable);
        let (deployed, quarantine) = (floats("deployed")?, floats("quarantine")?);
        if deployed.len() != quarantine.len() {
            let reason = format!("deployed has {} numbers and quarantine {}", deployed.len(), quarantine.len());
            return Err(AdapterError::Damaged { path: path.into(), reason });
        }
        Ok((Self { deployed, quarantine }, said))
    }
}

/// A damaged file of knobs, said as such.
pub fn unusable(error: BackendError) -> AdapterError {
    match error {
        BackendError::Damaged { path, reason } => AdapterError::Damaged { path, reason },
        other => other.into(),
    }
}
