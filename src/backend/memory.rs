//! What is known and done about a device's memory, apart from the mathematics.

use crate::Result;
use crate::matrix::Raw;
use burn::tensor::{DType, Device, Tensor};
use std::fmt::Debug;

/// Moving tensors in, and looking after the room that there is.
pub trait DeviceMemory: Debug + Send + Sync {
    /// The type that a checkpoint's tensors of type `stored` are kept in.
    fn dtype(&self, stored: DType) -> DType;

    /// Host tensors of equal width stacked by rows, on the device as `dtype`: `[sum of rows, cols]`.
    ///
    /// # Errors
    /// The device has no room.
    fn upload(&self, parts: &[Raw], dtype: DType, device: &Device) -> Result<Tensor<2>>;

    /// The same values where the calling thread's work is queued, if it makes a difference. A runtime that gives each thread
    /// a queue of its own waits for the device after a few reads of what was made in another's.
    fn copy_to_thread_stream(&self, tensor: &Tensor<2>) -> Tensor<2>;

    /// Bytes that are free on the device, where they are scarce after letting go of what is only kept for later; `None` where
    /// nobody knows.
    fn free(&self, device: &Device) -> Option<usize>;

    /// Lets go of what the runtime keeps for shapes that the calling thread's kernels may not have again.
    fn forget_shapes(&self, device: &Device);
}
