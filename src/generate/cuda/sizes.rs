//! The sizes of a decode step.

use crate::engine::PAGE;
use backend::ops::Heads;
use burn_tensor::DType;

/// Query heads per key/value head that the kernels take at most.
pub(super) const MOST_GROUP: usize = 8;
/// Bytes of the widest row that a norm takes: each of 1,024 threads keeps two packs of sixteen bytes.
pub(super) const WIDEST: usize = 2 * 16 * 1024;
/// Pages whose keys and values a block of `flash_step` has at a time, one a warp.
const FLASH_PAGES: usize = 4;
/// Bytes that each part of a row notes of its best token (`Found` in `head.cu`).
pub(super) const FOUND_BYTES: usize = 24;

/// Sizes in elements.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Sizes {
    pub layers: usize,
    pub pages: usize,
    pub rows: usize,
    pub hidden: usize,
    pub inner: usize,
    pub vocabulary: usize,
    pub table: usize,
    pub heads: Heads,
    pub dtype: DType,
    pub eps: f64,
}

/// Bytes of shared memory that `flash_step` asks for: keys and values of its pages in bf16.
pub(super) fn flash_bytes(heads: Heads) -> usize {
    2 * FLASH_PAGES * PAGE * heads.d * DType::BF16.size()
}
