//! Where the rows' state and everything between a step's kernels lie: places in one buffer.

use super::STRIDE;
use super::sizes::{FOUND_BYTES, Sizes};
use crate::engine::PAGE;
use backend::cuda::MOST_PARTS;
use backend::cuda::driver::Room;

/// The rows' state as the device holds it.
pub(super) struct Rows {
    pub tokens: u64,
    pub positions: u64,
    pub steps: u64,
    pub seeds: u64,
    pub tables: u64,
    /// What the last step drew, and all of a stride.
    pub last: u64,
    pub drawn: u64,
    /// Cache slots to copy from and to.
    pub sources: u64,
    pub targets: u64,
}

/// Values between the kernels of a step.
pub(super) struct Between {
    /// The residual stream before a layer's attention, and behind it.
    pub x: u64,
    pub middle: u64,
    pub normed: u64,
    pub qkv: u64,
    pub query: u64,
    pub attended: u64,
    pub gate_up: u64,
    pub product: u64,
    pub logits: u64,
    pub floors: u64,
    pub found: u64,
}

impl Rows {
    pub(super) fn in_(room: &mut Room, Sizes { rows, table, .. }: Sizes) -> Self {
        let mut ints = |n: usize| room.place(n * 4);
        Self {
            tokens: ints(rows),
            positions: ints(rows),
            steps: ints(rows),
            seeds: ints(2 * rows),
            tables: ints(rows * table),
            last: ints(2 * rows),
            drawn: ints(2 * rows * STRIDE),
            sources: ints(rows * PAGE),
            targets: ints(rows * PAGE),
        }
    }

    pub(super) fn move_by(&mut self, start: u64) {
        let Self { tokens, positions, steps, seeds, tables, last, drawn, sources, targets } = self;
        [tokens, positions, steps, seeds, tables, last, drawn, sources, targets]
            .into_iter()
            .for_each(|place| *place += start);
    }
}

impl Between {
    pub(super) fn in_(room: &mut Room, sizes: Sizes) -> Self {
        let Sizes { rows, hidden, inner, vocabulary, heads, dtype, .. } = sizes;
        let mut place = |bytes: usize| room.place(rows * bytes);
        let element = dtype.size();
        Self {
            x: place(hidden * element),
            middle: place(hidden * element),
            normed: place(hidden * element),
            qkv: place(heads.width() * element),
            query: place(heads.queries * heads.d * element),
            attended: place(heads.queries * heads.d * element),
            gate_up: place(2 * inner * element),
            product: place(inner * element),
            logits: place(vocabulary * 4),
            floors: place(4),
            found: place(MOST_PARTS * FOUND_BYTES),
        }
    }

    pub(super) fn move_by(&mut self, start: u64) {
        let Self { x, middle, normed, qkv, query, attended, gate_up, product, logits, floors, found } = self;
        [x, middle, normed, qkv, query, attended, gate_up, product, logits, floors, found]
            .into_iter()
            .for_each(|place| *place += start);
    }
}
