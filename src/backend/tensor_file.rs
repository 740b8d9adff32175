//! Safetensors files of named tensors, written and read in one place. (A model's large files are mapped instead.) What this program writes
//! for itself has a checksum: a digest of its tensors and of what is said about them.

use crate::matrix::Raw;
use crate::{BackendError, Result};
use bundle::Sha256;
use bundle::digest::Hasher;
use burn_tensor::DType;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
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

/// What a file with a checksum says beside its tensors.
pub type Said = BTreeMap<String, String>;

/// The one entry of such a file's header.
const CHECKSUM: &str = "checksum";

#[derive(Serialize, Deserialize)]
struct Checksum {
    said: Said,
    sha256: Sha256,
}

/// These tensors and what is said about them, with a checksum.
pub fn checked(tensors: &[Named], said: &Said) -> Vec<u8> {
    let parts = tensors.iter().map(|(name, shape, raw)| (name.as_str(), shape.as_slice(), raw.dtype, &raw.bytes[..]));
    let checksum = Checksum { said: said.clone(), sha256: digest(parts, said) };
    let text = serde_json::to_string(&checksum).expect("a checksum serialises");
    to_bytes(tensors, Some([(CHECKSUM.to_string(), text)].into()))
}

fn digest<'a>(parts: impl Iterator<Item = (&'a str, &'a [usize], DType, &'a [u8])>, said: &Said) -> Sha256 {
    let mut parts: Vec<_> = parts.collect();
    parts.sort_by_key(|(name, ..)| *name);
    let mut hasher = Hasher::default();
    hasher.update(format!("{said:?}").as_bytes());
    for (name, shape, dtype, bytes) in parts {
        hasher.update(format!("{name:?} {shape:?} {dtype:?} {}\n", bytes.len()).as_bytes());
        hasher.update(bytes);
    }
    hasher.digest()
}

/// An f32 vector by its name.
pub fn vector(name: &str, values: &[f32]) -> Named<'static> {
    (name.into(), vec![values.len()], Raw::floats(values, values.len()).into_owned())
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

    /// Reads what [`checked`] made, and what it says.
    ///
    /// # Errors
    /// A file that cannot be read, has no checksum, or is not as it was written.
    pub fn read_checked(path: &Path) -> Result<(Self, Said)> {
        let file = Self::read(path)?;
        let (_, header) = SafeTensors::read_metadata(&file.bytes).map_err(|e| file.damaged(e.to_string()))?;
        let text = header.metadata().as_ref().and_then(|entries| entries.get(CHECKSUM));
        let checksum: Checksum = text
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| file.damaged("it has no checksum of this program".into()))?;
        let views = file.tensors()?;
        let views: Vec<_> =
            views.iter().map(|(name, view)| Ok((name, view, file.raw(name)?.dtype))).collect::<Result<_>>()?;
        let parts = views.iter().map(|(name, view, dtype)| (*name, view.shape(), *dtype, view.data()));
        let found = digest(parts, &checksum.said);
        if found != checksum.sha256 {
            return Err(file.damaged(format!("its content has sha256 {found}, expected {}", checksum.sha256)));
        }
        Ok((file, checksum.said))
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
