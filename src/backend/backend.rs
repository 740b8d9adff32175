//! An opened device with what computes on it: opened once, then handed in to whoever needs it.

use crate::Result;
use crate::device::DeviceChoice;
use crate::matrix::Raw;
use crate::memory::DeviceMemory;
use crate::ops::Ops;
use crate::portable::Portable;
use burn_tensor::{DType, Device, Tensor};
use std::sync::Arc;

/// The CUDA kernels read sixteen bytes at a time, eight values in bf16, so widths are multiples of [`WIDTHS`]; they hold a head
/// in a warp's registers, so it has [`MOST_HEAD`] dimensions at most.
pub(crate) const WIDTHS: usize = 8;
const MOST_HEAD: usize = 128;

/// What computes: decode engines differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implementation {
    /// Tensor operations, on any device.
    Portable,
    /// CUDA kernels of our own and NVIDIA's libraries.
    Cuda,
}

/// Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Backend {
    /// What was opened.
    pub choice: DeviceChoice,
    /// Where its tensors lie.
    pub device: Device,
    /// Which of the two computes here.
    pub implementation: Implementation,
    /// The mathematics.
    pub ops: Arc<dyn Ops>,
    memory: Arc<dyn DeviceMemory>,
}

impl Backend {
    /// Opens a device and finds out what computes fastest there. `choice` becomes what was really opened.
    ///
    /// # Errors
    /// No such device, or one that does not add up.
    pub fn open(choice: DeviceChoice) -> Result<Self> {
        let (device, choice) = choice.open()?;
        #[cfg(feature = "cuda")]
        if crate::cuda::Cuda::works_on(&device) {
            let (ops, memory) = (Arc::new(crate::cuda::Cuda), Arc::new(crate::cuda::Cuda));
            return Ok(Self { choice, device, implementation: Implementation::Cuda, ops, memory });
        }
        Ok(Self::portable(device, choice))
    }

    fn portable(device: Device, choice: DeviceChoice) -> Self {
        let implementation = Implementation::Portable;
        Self { choice, device, implementation, ops: Arc::new(Portable), memory: Arc::new(Portable) }
    }

    /// The CPU, which is always there: what tests compute on.
    pub fn cpu() -> Self {
        Self::portable(Device::flex(), DeviceChoice::Cpu)
    }

    /// The same device with tensor operations.
    pub fn as_portable(&self) -> Self {
        Self::portable(self.device.clone(), self.choice)
    }

    /// The same device with what takes a model of these widths, whose heads have `head_dim` dimensions.
    pub fn for_widths(&self, widths: &[usize], head_dim: usize) -> Self {
        let whole = widths.iter().chain([&head_dim]).all(|n| n.is_multiple_of(WIDTHS));
        if whole && head_dim <= MOST_HEAD { self.clone() } else { self.as_portable() }
    }

    /// See [`DeviceMemory::dtype`].
    pub fn dtype(&self, stored: DType) -> DType {
        self.memory.dtype(stored)
    }

    /// See [`DeviceMemory::upload`].
    ///
    /// # Errors
    /// The device has no room.
    pub fn upload(&self, parts: &[Raw], dtype: DType) -> Result<Tensor<2>> {
        self.memory.upload(parts, dtype, &self.device)
    }

    /// See [`DeviceMemory::copy_to_thread_stream`].
    pub fn copy_to_thread_stream(&self, tensor: &Tensor<2>) -> Tensor<2> {
        self.memory.copy_to_thread_stream(tensor)
    }

    /// See [`DeviceMemory::free`].
    pub fn free_memory(&self) -> Option<usize> {
        self.memory.free(&self.device)
    }

    /// See [`DeviceMemory::forget_shapes`].
    pub fn forget_shapes(&self) {
        self.memory.forget_shapes(&self.device);
    }
}
