//! Safetensors files of named tensors, written and read in one place. (A checkpoint's large files are mapped instead.)

use crate::matrix::Raw;
use crate::{BackendError, Result};
use burn::tensor::DType;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A tensor on its way to a file: name, shape and values.
pub type Named<'a> = (String, Vec<usize>, Raw<'a>);

/// These tensors as the bytes of one file, with these header entries.
pub fn to_bytes(tensors: &[Named], header: Option<HashMap<String, String>>) -> Vec<u8> {
    let views = tensors.iter().map(|(name, shape, raw)| {
        let dtype = if raw.dtype == DType::BF16 { Dtype::BF16 } else { Dtype::F32 };
        (name.as_str(), TensorView::new(dtype, shape.clone(), &raw.bytes).expect("sizes agree"))
    });
    safetensors::serialize(views, header).expect("names are distinct")
}

/// An f32 vector by its name.
pub fn vector(name: &str, values: &[f32]) -> Named<'static> {
    (name.into(), vec![values.len()], Raw::floats(values, values.len()))
}

/// The bytes of one file, read once.
pub struct TensorFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl TensorFile {
    /// # Errors
    /// A file that cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self { path: path.into(), bytes: bundle::files::read(path)? })
    }

    fn damaged(&self, reason: String) -> BackendError {
        BackendError::Damaged { path: self.path.clone(), reason }
    }

    fn tensors(&self) -> Result<SafeTensors<'_>> {
        SafeTensors::deserialize(&self.bytes).map_err(|e| self.damaged(e.to_string()))
    }

    /// # Errors
    /// Bytes that are no safetensors.
    pub fn has(&self, name: &str) -> Result<bool> {
        Ok(self.tensors()?.names().contains(&name))
    }

    /// A tensor's values as they are stored.
    ///
    /// # Errors
    /// Bytes that are no safetensors, no such tensor, or one that is neither f32 nor bf16.
    pub fn raw(&self, name: &str) -> Result<Raw<'_>> {
        let file = self.tensors()?;
        let view = file.tensor(name).map_err(|_| self.damaged(format!("it has no tensor {name}")))?;
        let dtype = match view.dtype() {
            Dtype::BF16 => DType::BF16,
            Dtype::F32 => DType::F32,
            other => return Err(self.damaged(format!("{name} is {other:?}, expected F32 or BF16"))),
        };
        let cols = view.shape().last().copied().unwrap_or(0);
        Ok(Raw { dtype, cols, bytes: Cow::Borrowed(view.data()) })
    }

    /// An f32 tensor's values, row after row.
    ///
    /// # Errors
    /// As [`Self::raw`]; another type; NaN or infinity.
    pub fn floats(&self, name: &str) -> Result<Vec<f32>> {
        let raw = self.raw(name)?;
        if raw.dtype != DType::F32 {
            return Err(self.damaged(format!("{name} is {:?}, expected F32", raw.dtype)));
        }
        let values = raw.widen();
        match values.iter().all(|x| x.is_finite()) {
            true => Ok(values),
            false => Err(self.damaged(format!("{name} holds a value that is not finite"))),
        }
    }
}
