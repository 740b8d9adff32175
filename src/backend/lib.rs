//! What a decoder is computed with: the mathematics as one interface, its two implementations, and the device below. It
//! knows no model: only sizes, rows of tokens and tensors.
//!
//! | module | what it holds |
//! |---|---|
//! | [`backend`] | an opened device with what computes on it |
//! | [`device`] | CPU, wgpu or CUDA, chosen at run time |
//! | [`ops`] | the mathematics, as one interface |
//! | [`portable`] | its implementation in tensor operations, for every device |
//! | `cuda` | its implementation in CUDA kernels, when that feature is on |
//! | [`memory`] | moving tensors in, and looking after the room that there is |
//! | [`svd`] | singular value decompositions on the host |
//! | [`batch`] | token rows, packed |
//! | [`matrix`] | matrices on the host, as numbers and as they are stored |
//! | [`tensor_file`] | safetensors files of named tensors |
//!
//! ```
//! use backend::{Backend, Matrix, read};
//! use burn_tensor::DType;
//!
//! let backend = Backend::cpu(); // or `Backend::open`, which finds out what computes fastest
//! let upload = |rows, data: &[f32]| {
//!     let matrix = Matrix { rows, cols: 2, data: data.to_vec() };
//!     backend.upload(&[matrix.raw()], DType::F32)
//! };
//! let weight = upload(3, &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])?;
//! let x = upload(1, &[2.0, 5.0])?;
//! assert_eq!(read(backend.ops.linear(&x, &weight))?, [2.0, 5.0, 7.0]);
//! # Ok::<(), backend::BackendError>(())
//! ```

pub mod backend;
pub mod batch;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod device;
pub mod matrix;
pub mod memory;
pub mod ops;
pub mod portable;
pub mod svd;
pub mod tensor_file;

pub use backend::{Backend, Implementation};
pub use batch::{Batch, Rows};
pub use device::DeviceChoice;
pub use matrix::{Matrix, Raw};
pub use ops::Ops;

use failure::Kind;
use std::path::PathBuf;

/// What can go wrong between a file of tensors and a number on the host. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum BackendError {
    #[error("no usable device for --device {asked}: {reason}")]
    NoDevice { asked: &'static str, reason: String },
    #[error("the device failed while computing: {0}; if memory ran out, lower the batch size or choose --device cpu")]
    Compute(String),
    #[error("{path} is damaged: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error(transparent)]
    File(#[from] bundle::BundleError),
}

/// How burn's runtime, the CUDA driver and their memory pools say that there is no room. The last is what reading a tensor says
/// whose memory could not be had when it was made.
const OUT_OF_MEMORY: [&str; 4] =
    ["out of device memory", "OUT_OF_MEMORY", "can't allocate buffer", "Memory location was never initialized"];

impl BackendError {
    /// Whether the device had no room; the same in smaller pieces may fit. Runtimes say so in words only.
    pub fn is_out_of_memory(&self) -> bool {
        let Self::Compute(reason) = self else { return false };
        OUT_OF_MEMORY.iter().any(|words| reason.contains(words))
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoDevice { .. } => Kind::NoDevice,
            Self::Compute(_) => Kind::DeviceFailed,
            Self::Damaged { .. } => Kind::Input,
            Self::File(e) => e.kind(),
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, BackendError>;

/// Brings a float tensor to the host. Device errors are deferred, so out of memory shows here.
///
/// # Errors
/// Whatever failed on the device since the last look.
pub fn read<const D: usize>(tensor: burn_tensor::Tensor<D>) -> Result<Vec<f32>> {
    tensor.cast(burn_tensor::DType::F32).try_into_vec_as::<f32>().map_err(|e| BackendError::Compute(e.to_string()))
}
