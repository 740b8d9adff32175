//! Where tensors live: CPU (burn-flex), any wgpu adapter, or CUDA.

use crate::{BackendError, Result};
use burn_tensor::{Device, DeviceKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the user asked for with `--device`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA when it is compiled in and answers, else the CPU. Software Vulkan is never picked silently: it is slower.
    Auto,
    /// The first CUDA device.
    Cuda,
    /// The adapter that wgpu picks, by Vulkan on Linux.
    Wgpu,
    /// The processor, by burn-flex.
    Cpu,
}

impl DeviceChoice {
    /// What `--device` may be.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Cuda, Self::Wgpu, Self::Cpu];

    /// As the command line names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cuda => "cuda",
            Self::Wgpu => "wgpu",
            Self::Cpu => "cpu",
        }
    }

    /// Opens the device and proves that it computes. Returns it with the name of what was really opened.
    ///
    /// # Errors
    /// No such device, or one that does not add up.
    pub fn open(self) -> Result<(Device, DeviceChoice)> {
        let probe = |make: fn() -> Device, asked: DeviceChoice| {
            open_quietly(make).map(|d| (d, asked)).map_err(|reason| asked.absent(&reason))
        };
        match self {
            Self::Cpu => probe(Device::flex, Self::Cpu),
            Self::Wgpu => probe(|| Device::wgpu(DeviceKind::DefaultDevice), Self::Wgpu),
            Self::Cuda => cuda().and_then(|make| probe(make, Self::Cuda)),
            Self::Auto => Self::Cuda.open().or_else(|_| Self::Cpu.open()),
        }
    }

    /// That it cannot be used, and what to do about it.
    fn absent(self, reason: &str) -> BackendError {
        let advice = match self {
            Self::Cuda => {
                "`nvidia-smi` must list a GPU here, and CUDA_VISIBLE_DEVICES must not hide it; or choose --device cpu"
            }
            Self::Wgpu => "it needs a driver for Vulkan; or choose --device cpu",
            Self::Auto | Self::Cpu => "`doctor` shows what this machine has",
        };
        BackendError::NoDevice { asked: self.name(), reason: format!("{reason}; {advice}") }
    }
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<fn() -> Device> {
    Ok(|| Device::cuda(0usize))
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<fn() -> Device> {
    Err(BackendError::NoDevice {
        asked: "cuda",
        reason: "this binary was built without CUDA; rebuild with `cargo build --release --features cuda`, or choose --device cpu"
            .into(),
    })
}

/// How many CUDA devices this process is shown; nothing is put onto them.
///
/// # Errors
/// None, or no driver.
pub fn cuda_devices() -> Result<usize> {
    cuda()?;
    match quietly(count_cuda) {
        Ok(0) => Err("the driver shows no device".into()),
        counted => counted,
    }
    .map_err(|reason| DeviceChoice::Cuda.absent(&reason))
}

#[cfg(feature = "cuda")]
fn count_cuda() -> std::result::Result<usize, String> {
    let count = cudarc::driver::CudaContext::device_count().map_err(|error| error.to_string())?;
    Ok(usize::try_from(count).unwrap_or_default())
}

#[cfg(not(feature = "cuda"))]
fn count_cuda() -> std::result::Result<usize, String> {
    Ok(0)
}

/// Opens a device and has it compute.
fn open_quietly(make: fn() -> Device) -> std::result::Result<Device, String> {
    quietly(|| {
        let device = make();
        let two = burn_tensor::Tensor::<1>::from_data([1.0f32, 1.0], &device).sum();
        match two.try_into_scalar::<f32>().map_err(|e| e.to_string())? {
            2.0 => Ok(device),
            wrong => Err(format!("the device computed 1 + 1 = {wrong}")),
        }
    })
}

/// Backends panic when a driver is missing; that is a user's machine, not a bug of ours, so it becomes an error.
fn quietly<T>(work: impl FnOnce() -> std::result::Result<T, String>) -> std::result::Result<T, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    std::panic::set_hook(hook);
    outcome.unwrap_or_else(|panic| {
        Err(panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()))
            .unwrap_or_else(|| "the driver is missing or refused".into()))
    })
}
