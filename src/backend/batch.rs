//! Token rows of different lengths, one behind the other: a pass over them computes no padding.

use burn_tensor::{Bool, Device, Int, Tensor, TensorData};
use std::sync::OnceLock;

/// Token ids on the device, `[N]`, and where each row lies among them.
#[derive(Clone)]
pub struct Batch {
    /// Token ids, one row behind the other.
    pub ids: Tensor<1, Int>,
    /// Where one row ends and the next begins.
    pub rows: Rows,
}

/// How `N` packed tokens divide into rows. Attention looks back within a row and never across.
#[derive(Clone)]
pub struct Rows {
    /// Tokens of each row, `[B]`.
    pub lengths: Vec<usize>,
    /// Place of each token within its row, `[N]`.
    pub positions: Tensor<1, Int>,
    /// First token of each row, and `N` at the end, `[B + 1]`.
    pub starts: Tensor<1, Int>,
    padding: OnceLock<Padding>,
}

/// The same tokens as a right-padded rectangle, for operations that need one.
#[derive(Clone)]
pub struct Padding {
    /// Longest row.
    pub t: usize,
    /// For each of the `B * T` places the packed token; a place behind a row's end repeats its last token.
    pub packed: Tensor<1, Int>,
    /// 0 for those, 1 for all others, `[B * T, 1]`.
    pub real: Tensor<2>,
    /// For each packed token its place in the rectangle, `[N]`.
    pub place: Tensor<1, Int>,
    /// 1 where token `n` belongs to row `b`: `[B, N]`.
    pub owner: Tensor<2>,
}

fn ints(values: Vec<usize>, device: &Device) -> Tensor<1, Int> {
    let n = values.len();
    let values: Vec<i32> = values.into_iter().map(|v| v as i32).collect();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

impl Batch {
    /// Packs rows in the order given.
    pub fn new(rows: &[&[u32]], device: &Device) -> Self {
        let ids = rows.iter().flat_map(|row| row.iter().map(|&id| id as usize)).collect();
        Self { ids: ints(ids, device), rows: Rows::new(rows.iter().map(|r| r.len()).collect(), device) }
    }
}

impl Rows {
    /// Rows of these lengths, packed in this order.
    pub fn new(lengths: Vec<usize>, device: &Device) -> Self {
        let positions = lengths.iter().flat_map(|&n| 0..n).collect();
        let mut starts = vec![0];
        lengths.iter().for_each(|n| starts.push(starts[starts.len() - 1] + n));
        Self { positions: ints(positions, device), starts: ints(starts, device), lengths, padding: OnceLock::new() }
    }

    /// Rows.
    pub fn count(&self) -> usize {
        self.lengths.len()
    }

    /// Tokens of all rows.
    pub fn tokens(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Tokens of the longest row.
    pub fn longest(&self) -> usize {
        self.lengths.iter().copied().max().unwrap_or(0)
    }

    /// The padded rectangle, made when it is first asked for.
    pub fn padding(&self) -> &Padding {
        self.padding.get_or_init(|| {
            let (t, n, device) = (self.longest(), self.tokens(), self.positions.device());
            let (mut packed, mut place, mut real) = (vec![], vec![], vec![]);
            let mut owner = vec![0.0f32; self.count() * n];
            let mut start = 0;
            for (row, &length) in self.lengths.iter().enumerate() {
                packed.extend((0..t).map(|i| start + i.min(length.saturating_sub(1))));
                real.extend((0..t).map(|i| f32::from(u8::from(i < length))));
                place.extend(row * t..row * t + length);
                owner[row * n + start..row * n + start + length].fill(1.0);
                start += length;
            }
            let owner = Tensor::from_data(TensorData::new(owner, [self.count(), n]), &device);
            let real = Tensor::from_data(TensorData::new(real, [self.count() * t, 1]), &device);
            Padding { t, packed: ints(packed, &device), real, place: ints(place, &device), owner }
        })
    }
}

impl Padding {
    /// `[N, w] -> [B * T, w]`.
    pub fn spread(&self, x: &Tensor<2>) -> Tensor<2> {
        x.clone().select(0, self.packed.clone())
    }

    /// True where a query may not look: `[1, group * T, T]`, the query heads of a group stacked.
    pub fn hidden(&self, group: usize) -> Tensor<3, Bool> {
        let t = self.t;
        let hidden: Vec<bool> = (0..group * t).flat_map(|row| (0..t).map(move |col| col > row % t)).collect();
        Tensor::from_data(TensorData::new(hidden, [1, group * t, t]), &self.place.device())
    }
}
