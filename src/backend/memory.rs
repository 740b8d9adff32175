//! What is known and done about a device's memory, apart from the mathematics.

use crate::Result;
use crate::matrix::Raw;
use burn_tensor::{DType, Device, Tensor};
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

    /// The same values, copied to the calling thread's stream where each thread has one. Without the copy the runtime would wait
    /// for the device again and again: it does so after a few reads of what another thread's stream made.
    fn copy_to_thread_stream(&self, tensor: &Tensor<2>) -> Tensor<2>;

    /// Bytes that are free on the device. If they are few, what the runtime's pools hold without need is given back first. `None`
    /// where nobody knows.
    fn free(&self, device: &Device) -> Option<usize>;

    /// Has the runtime drop the buffers that it keeps for every shape the calling thread launched a kernel with: passes of training
    /// differ in shape, so there would be ever more.
    fn forget_shapes(&self, device: &Device);
}
