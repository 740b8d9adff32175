//! Per-rollout knob gradients: `g_b = sum_t (U^T dL/dy_{b,t}) * (Vh x_{b,t})`, exactly, from one backward pass over
//! the merged model. No division by the knob, no second pass per rollout.

use crate::{Basis, Result};
use burn::tensor::Tensor;
use model::{Site, Tap, read};

/// One row per rollout, each in [`crate::Layout`] order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutGradients {
    pub rows: Vec<Vec<f32>>,
}

/// Collects the gradients of one batch of `b` right-padded rollouts.
pub struct KnobTap<'a> {
    basis: &'a Basis,
    b: usize,
    parts: Vec<Option<Tensor<2>>>,
}

impl<'a> KnobTap<'a> {
    pub fn new(basis: &'a Basis, b: usize) -> Self {
        Self { basis, b, parts: vec![None; basis.layout.count()] }
    }

    /// Brings the gradients to the host in one read.
    pub fn finish(self) -> Result<RolloutGradients> {
        let parts: Vec<Tensor<2>> = self.parts.into_iter().flatten().collect();
        let flat = read(Tensor::cat(parts, 1))?;
        let width = self.basis.layout.len();
        Ok(RolloutGradients { rows: flat.chunks_exact(width).map(<[f32]>::to_vec).collect() })
    }
}

impl Tap for KnobTap<'_> {
    fn linear(&mut self, site: Site, x: &Tensor<2>, dy: &Tensor<2>) {
        let (u, vh) = self.basis.factors(site);
        let right = x.clone().matmul(vh.transpose());
        let left = dy.clone().matmul(u);
        let [n, r] = left.dims();
        let summed = (left * right).reshape([self.b, n / self.b, r]).sum_dim(1);
        self.parts[site.module()] = Some(summed.reshape([self.b, r]));
    }
}
