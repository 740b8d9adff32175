//! Singular bases and merging. A merged model is a plain dense model: sampling, evaluation and training's forward pass
//! pay nothing for the adapter.

use crate::{AdapterError, Knobs, Layout, Quarantine, Result};
use burn::tensor::{Tensor, TensorData};
use model::{Decoder, Matrix, Site, Weights};

/// `U [out, r]` and `Vh [r, in]` of every module, on the device, with the base model they belong to.
pub struct Basis {
    pub base: Decoder,
    pub layout: Layout,
    u: Vec<Tensor<2>>,
    vh: Vec<Tensor<2>>,
}

impl Basis {
    /// Computes every SVD in f64 on the host.
    pub fn new(base: Decoder, weights: &Weights) -> Result<Self> {
        let layout = Layout::new(&base.config);
        let (mut u, mut vh) = (vec![], vec![]);
        for (site, _) in layout.iter() {
            let name = site.weight_name();
            let (left, right) = svd(&*weights.get(&name)?).ok_or(AdapterError::Svd(name))?;
            u.push(model::decoder::upload(&left, &base.device));
            vh.push(model::decoder::upload(&right, &base.device));
        }
        Ok(Self { base, layout, u, vh })
    }

    /// `U [out, r]` and `Vh [r, in]` of one module.
    pub fn factors(&self, site: Site) -> (Tensor<2>, Tensor<2>) {
        let module = site.module();
        (self.u[module].clone(), self.vh[module].clone())
    }

    /// The dense model `W + U diag(d + m h) Vh`. Modules whose knob is all zero keep the base weight, bit for bit.
    pub fn merge(&self, knobs: &Knobs, quarantine: Quarantine) -> Decoder {
        let effective = knobs.effective(quarantine);
        let mut modules = self.layout.ranges().zip(self.u.iter().zip(&self.vh));
        self.base.with_projections(|_, weight| {
            let (range, (u, vh)) = modules.next().expect("one module per projection");
            let knob = &effective[range];
            if knob.iter().all(|&x| x == 0.0) {
                return weight.clone();
            }
            let knob = Tensor::<2>::from_data(TensorData::new(knob.to_vec(), [1, knob.len()]), &self.base.device);
            weight.clone() + (u.clone() * knob).matmul(vh.clone())
        })
    }
}

/// Thin SVD of a host matrix: `U [rows, r]` and `Vh [r, cols]`. Signs are fixed (the largest entry of each left vector
/// is positive), so that the basis does not depend on the library's choice.
fn svd(m: &Matrix) -> Option<(Matrix, Matrix)> {
    let dense = faer::Mat::from_fn(m.rows, m.cols, |i, j| m.data[i * m.cols + j] as f64);
    let svd = dense.thin_svd().ok()?;
    let (u, v) = (svd.U(), svd.V());
    let r = m.rows.min(m.cols);
    let sign: Vec<f64> = (0..r)
        .map(|k| {
            let largest = (0..m.rows).max_by(|&a, &b| u[(a, k)].abs().total_cmp(&u[(b, k)].abs())).unwrap_or(0);
            u[(largest, k)].signum()
        })
        .collect();
    let left = (0..m.rows).flat_map(|i| (0..r).map(move |k| (i, k))).map(|(i, k)| (u[(i, k)] * sign[k]) as f32);
    let right = (0..r).flat_map(|k| (0..m.cols).map(move |j| (k, j))).map(|(k, j)| (v[(j, k)] * sign[k]) as f32);
    Some((
        Matrix { rows: m.rows, cols: r, data: left.collect() },
        Matrix { rows: r, cols: m.cols, data: right.collect() },
    ))
}
