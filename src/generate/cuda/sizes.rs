//! The sizes of a decode step, and which kernels are made for them.

use crate::engine::PAGE;
use backend::cuda::driver::Card;
use backend::cuda::flashes;
use backend::ops::Heads;
use burn::tensor::DType;

/// Query heads per key/value head that the kernels take at most.
pub(super) const MOST_GROUP: usize = 8;
/// Bytes of what `flash_step` finds in a piece of a row.
pub(super) const PART_BYTES: usize = (MOST_GROUP * 128 + 2 * MOST_GROUP) * 4;
/// Rows that `small_batch_gemm.cu` takes at most.
pub(super) const MOST_FEW: usize = 32;
/// Its tiles have so many rows of the weights, its segments so many columns; a block takes at most [`SEGMENTS`] of them.
pub(super) const TILE: usize = 16;
pub(super) const SEGMENT: usize = 64;
pub(super) const SEGMENTS: usize = 40;
/// Bytes of shared memory for those, and for the sums of eight rows.
pub(super) const WEIGHTS_BYTES: usize = SEGMENTS * TILE * SEGMENT * 2;
pub(super) const SUMS_BYTES: usize = 2 * 8 * 8 * 17 * 4;
/// What every other product asks for, however little it needs. Two blocks of one kernel on a multiprocessor would leave another
/// one idle; with this much neither that kernel fits twice nor the next one, which needs less, is kept out.
pub(super) const WIDE_BYTES: usize = 130_000;
/// Threads of a block at most, and bytes of the widest row that the norm's threads keep.
pub(super) const MOST_THREADS: usize = 1024;
pub(super) const WIDEST: usize = 2 * 16 * MOST_THREADS;
/// Bytes of shared memory for the copies of `flash_step`: two pages ahead for each of four warps, keys and values.
pub(super) const FLASH_BYTES: usize = 4 * 2 * 2 * PAGE * 128 * 2;
/// Blocks that share a row's logits, and bytes of what each found.
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

/// What is done by kernels for just these sizes.
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
            flash: flashes(heads, dtype) && card.shared >= flash_bytes(rows),
            small_batch: dtype == DType::BF16 && rows <= MOST_FEW && fits && card.shared >= WIDE_BYTES,
        }
    }
}

/// Parts that the columns of a product of few rows are cut into, so that a block can hold its part of `x`.
pub(super) fn splits(k: usize) -> usize {
    k.div_ceil(SEGMENTS * SEGMENT)
}

/// A thread keeps two packs of its row at most.
pub(super) fn norm_threads(hidden: usize, dtype: DType) -> usize {
    (hidden * dtype.size()).div_ceil(16).next_multiple_of(32).min(MOST_THREADS)
}

pub(super) fn flash_bytes(rows: usize) -> usize {
    FLASH_BYTES + 2 * rows * size_of::<i32>()
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

    /// Pieces of the longest possible row.
    pub(super) fn most_pieces(&self) -> usize {
        self.table.div_ceil(self.piece())
    }
}
