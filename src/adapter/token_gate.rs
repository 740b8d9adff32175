//! The gate of every single token, on the device: there are a hundred times as many tokens as rollouts, and their gradients would
//! be gigabytes on the host.

use crate::{Basis, Layout, Result};
use backend::ops::Ops;
use backend::{Rows, read};
use burn_tensor::{DType, Device, Tensor, TensorData};
use model::{Group, Proj};

/// Narrower bands than this count as this wide.
pub const NARROWEST: f64 = 1e-6;
/// What gradients are divided by at least, so that one of zeros stays one.
const SHORTEST: f32 = 1e-30;

/// A direction and its band, per module: `f = clamp((cos(g, v) - lower) / max(upper - lower, 1e-6), 0, 1)`.
pub struct TokenGate {
    /// `v_1 .. v_k`, each `[1, knobs]`. Of several the cosine is `sqrt(sum_k max(0, cos(g, v_k))^2)`.
    units: Vec<Tensor<2>>,
    /// `[modules, 1]`.
    lower: Tensor<2>,
    width: Tensor<2>,
    /// How the knobs of a group's modules lie one behind the other, by [`Group`]; the same in every layer.
    modules: Vec<Rows>,
    layout: Layout,
}

/// What one group of projections gives for a batch of `N` tokens.
pub(crate) struct TokenValues {
    /// Gate value of each module and token, `[modules, N]`.
    pub gate: Tensor<2>,
    /// `left`, each token's part of each module times its gate value, `[N, knobs]`.
    pub left: Tensor<2>,
}

impl TokenGate {
    /// Units in [`Layout`] order, each of length 1 in each module, and an edge of the band for each module.
    pub fn new(basis: &Basis, units: &[Vec<f32>], lower: &[f32], upper: &[f32]) -> Self {
        let (device, layout) = (&basis.base.backend.device, basis.layout.clone());
        let column = |values: Vec<f32>| row(values, device).transpose();
        let width = lower.iter().zip(upper).map(|(l, u)| (u - l).max(NARROWEST as f32)).collect();
        let ranges: Vec<_> = layout.ranges().collect();
        let of = |group: Group| {
            let lengths = group.members().iter().map(|&proj| ranges[proj as usize].len()).collect();
            Rows::new(lengths, device)
        };
        Self {
            units: units.iter().map(|unit| row(unit.clone(), device)).collect(),
            lower: column(lower.to_vec()),
            width: column(width),
            modules: Group::ALL.map(of).into(),
            layout,
        }
    }

    /// `left` and `right`, `[N, knobs]` of the group: their product is each token's gradient.
    pub(crate) fn values(&self, ops: &dyn Ops, at: (usize, Group), left: &Tensor<2>, right: &Tensor<2>) -> TokenValues {
        let (layer, group) = at;
        let first = layer * Proj::ALL.len() + group.members()[0] as usize;
        let (n, modules) = (left.dims()[0], &self.modules[group as usize]);
        let (left, right) = (left.clone().cast(DType::F32), right.clone().cast(DType::F32));
        let turned = right.clone().transpose();
        // Sums over a module's knobs are sums over the rows of both turned over.
        let sums = |left: Tensor<2>, right: &Tensor<2>| ops.row_sums(&left.transpose(), right, modules);
        // A cosine does not see a gradient's length, and squares of the smallest would be nothing in f32.
        let level = left.clone() / left.clone().abs().max_dim(1).clamp_min(SHORTEST);
        let length = sums(level.clone().square(), &right.square().transpose()).sqrt().clamp_min(SHORTEST);
        let start = self.layout.iter().nth(first).map_or(0, |(_, range)| range.start);
        let along = |unit: &Tensor<2>| {
            let unit = unit.clone().narrow(1, start, modules.tokens());
            sums(level.clone() * unit, &turned) / length.clone()
        };
        let cosine = match self.units.as_slice() {
            [one] => along(one),
            several => {
                let squares = several.iter().map(|unit| along(unit).clamp_min(0.0).square());
                squares.reduce(|a, b| a + b).expect("a direction").sqrt()
            }
        };
        let edge = |of: &Tensor<2>| of.clone().narrow(0, first, modules.count());
        let gate = ((cosine - edge(&self.lower)) / edge(&self.width)).clamp(0.0, 1.0);
        let spread = modules.lengths.iter().enumerate().map(|(module, &r)| {
            let of_module = gate.clone().narrow(0, module, 1).transpose();
            of_module.expand([n, r])
        });
        TokenValues { left: left * Tensor::cat(spread.collect(), 1), gate }
    }
}

fn row(values: Vec<f32>, device: &Device) -> Tensor<2> {
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [1, n]), (device, DType::F32))
}

/// Each rollout's tokens' means over modules, from gate values `[modules, N]` of a batch. They are summed here, in one order.
pub(crate) fn by_token(gates: Vec<Tensor<2>>, rows: &Rows) -> Result<Vec<Vec<f32>>> {
    let tokens = rows.tokens();
    let values = read(Tensor::cat(gates, 0))?;
    let modules = values.len() / tokens.max(1);
    let mean = |t: usize| (0..modules).map(|m| f64::from(values[m * tokens + t])).sum::<f64>() / modules.max(1) as f64;
    let mut start = 0;
    let own = |&length: &usize| {
        let own = start..start + length;
        start = own.end;
        own.map(|t| mean(t) as f32).collect()
    };
    Ok(rows.lengths.iter().map(own).collect())
}
