//! Per-rollout knob gradients: `g_b = sum_t (U^T dL/dy_{b,t}) * (Vh x_{b,t})`, exactly, from one backward pass over
//! the merged model. No division by the knob, no second pass per rollout. The terms of the sum, token by token, on request.

use crate::{Basis, Result};
use burn::tensor::Tensor;
use model::{Site, Tap, read};

/// One row per rollout (or per token of one), each in [`crate::Layout`] order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutGradients {
    pub rows: Vec<Vec<f32>>,
}

impl RolloutGradients {
    /// All rows added up.
    pub fn sum(&self) -> Vec<f32> {
        match self.rows.as_slice() {
            [one] => one.clone(),
            rows => {
                let mut sum = vec![0.0f64; rows.first().map_or(0, Vec::len)];
                rows.iter().for_each(|row| sum.iter_mut().zip(row).for_each(|(s, &g)| *s += f64::from(g)));
                sum.into_iter().map(|x| x as f32).collect()
            }
        }
    }
}

/// Collects the gradients of one batch of `b` right-padded rollouts.
pub struct KnobTap<'a> {
    basis: &'a Basis,
    /// Rows that the tokens of a batch are summed into.
    rows: usize,
    parts: Vec<Option<Tensor<2>>>,
}

impl<'a> KnobTap<'a> {
    /// One gradient per rollout of the batch.
    pub fn new(basis: &'a Basis, b: usize) -> Self {
        Self { basis, rows: b, parts: vec![None; basis.layout.count()] }
    }

    /// One gradient per token of a batch of `b` rows of `t` tokens, padding included.
    pub fn per_token(basis: &'a Basis, b: usize, t: usize) -> Self {
        Self::new(basis, b * t)
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
        let summed = (left * right).reshape([self.rows, n / self.rows, r]).sum_dim(1);
        self.parts[site.module()] = Some(summed.reshape([self.rows, r]));
    }
}
