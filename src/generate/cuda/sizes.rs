//! The sizes of a decode step, and which kernels are made for them.

use crate::engine::PAGE;
use backend::cuda::attention::flashes;
use backend::cuda::driver::Card;
use backend::ops::Heads;
use burn_tensor::DType;

/// Query heads per key/value head that the kernels take at most.
pub(super) const MOST_GROUP: usize = 8;
/// Rows of a decode step that `small_batch_gemm.cu` takes at most.
pub(super) const MOST_FEW: usize = 32;
/// It reads weights in tiles of [`TILE`] rows, cut into segments of [`SEGMENT`] columns; a block takes at most [`SEGMENTS`]
/// segments, of `x` and of the weights.
pub(super) const TILE: usize = 16;
pub(super) const SEGMENT: usize = 64;
pub(super) const SEGMENTS: usize = 40;
/// Bytes of shared memory: for one tile of weights in bf16, and for the sums of every eight rows of `x` in f32.
pub(super) const WEIGHTS_BYTES: usize = SEGMENTS * TILE * SEGMENT * 2;
pub(super) const SUMS_BYTES: usize = 2 * 8 * 8 * 17 * 4;
/// Bytes of shared memory that every second product asks for although it needs less. A multiprocessor then has no room for two
/// of its blocks, which would leave another multiprocessor idle; but beside one it has room for a block of the next product,
/// which may start before this one ends.
pub(super) const WIDE_BYTES: usize = 130_000;
/// Threads of a block at most, and bytes of the widest row that the norm takes: each thread keeps two packs of sixteen bytes.
pub(super) const MOST_THREADS: usize = 1024;
pub(super) const WIDEST: usize = 2 * 16 * MOST_THREADS;
/// Pages that `flash_step` copies at a time: two ahead for each of four warps, of keys and of values.
const FLASH_PAGES: usize = 4 * 2 * 2;
/// Blocks that a row's logits are divided among for the draw, and bytes that each notes of its best token (`Found` in `head.cu`).
pub(super) const DRAW_PARTS: usize = 16;
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

/// Which operations are done by kernels that take certain sizes only; the rest is done by those that take all.
#[derive(Clone, Copy)]
pub(super) struct KernelChoice {
    pub flash: bool,
    pub small_batch: bool,
}

impl KernelChoice {
    pub(super) fn of(sizes: &Sizes, card: Card) -> Self {
        let Sizes { rows, hidden, inner, vocabulary, heads, dtype, .. } = *sizes;
        let attended = heads.queries * heads.d;
        let outs = [heads.width(), hidden, 2 * inner, vocabulary];
        let fits = splits(hidden) == 1
            && [hidden, attended, inner].iter().all(|k| k.is_multiple_of(SEGMENT))
            && outs.iter().all(|n| n.is_multiple_of(TILE));
        Self {
            flash: flashes(heads, dtype) && card.shared >= flash_bytes(heads, rows),
            small_batch: dtype == DType::BF16 && rows <= MOST_FEW && fits && card.shared >= WIDE_BYTES,
        }
    }
}

/// Parts that the columns of a product of few rows are cut into, so that a block can hold its part of `x`.
pub(super) fn splits(k: usize) -> usize {
    k.div_ceil(SEGMENTS * SEGMENT)
}

/// Threads of a block that norms a row of this width: one for each pack of sixteen bytes, or for two (see [`WIDEST`]).
pub(super) fn norm_threads(hidden: usize, dtype: DType) -> usize {
    (hidden * dtype.size()).div_ceil(16).next_multiple_of(32).min(MOST_THREADS)
}

/// Bytes of shared memory that `flash_step` asks for: its pages in bf16, and two numbers a row.
pub(super) fn flash_bytes(heads: Heads, rows: usize) -> usize {
    FLASH_PAGES * PAGE * heads.d * DType::BF16.size() + 2 * rows * size_of::<i32>()
}

impl Sizes {
    /// Pages of a row that one warp looks at: few rows are spread over more warps. It depends on nothing that changes while rows
    /// are generated, so that a row's tokens do not either.
    pub(super) fn piece(&self) -> usize {
        match self.rows {
            0..=2 => 2,
            3..=16 => 4,
            _ => 16,
        }
    }

    /// Bytes that `flash_step` notes for a piece of a row and a key/value head: for each query head a weighted sum of values, the
    /// largest score and the sum of weights, in f32.
    pub(super) fn part_bytes(&self) -> usize {
        (MOST_GROUP * self.heads.d + 2 * MOST_GROUP) * size_of::<f32>()
    }

    /// Pieces of the longest possible row.
    pub(super) fn most_pieces(&self) -> usize {
        self.table.div_ceil(self.piece())
    }
}
