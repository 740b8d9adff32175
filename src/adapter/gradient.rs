//! Per-rollout knob gradients: `g_b = sum_t (U^T dL/dy_{b,t}) * (Vh x_{b,t})`, exactly, from one backward pass over
//! the merged model. No division by the knob, no second pass per rollout. The terms of the sum, token by token, on request.

use crate::basis::Factors;
use crate::{Basis, Result};
use backend::{Rows, read};
use burn_tensor::Tensor;
use model::{Group, Tap};

/// One row per rollout (or per token of one), each in [`crate::Layout`] order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutGradients {
    /// Gradients by `d + m h`: `[rollouts][knobs]`, or `[tokens][knobs]`.
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

/// Collects the gradients of one batch of packed rollouts.
pub struct KnobTap<'a> {
    basis: &'a Basis,
    /// What is summed up: rollouts, or single tokens.
    rows: Rows,
    /// By layer and group.
    parts: Vec<Option<Tensor<2>>>,
}

impl<'a> KnobTap<'a> {
    /// One gradient per rollout of the batch.
    pub fn new(basis: &'a Basis, rows: &Rows) -> Self {
        Self { basis, rows: rows.clone(), parts: vec![None; basis.base.config.num_hidden_layers * Group::ALL.len()] }
    }

    /// One gradient per token.
    pub fn per_token(basis: &'a Basis, rows: &Rows) -> Self {
        Self::new(basis, &Rows::new(vec![1; rows.tokens()], &basis.base.backend.device))
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
    fn linear(&mut self, layer: usize, group: Group, x: &Tensor<2>, dy: &Tensor<2>) {
        let (ops, config) = (&self.basis.base.backend.ops, &self.basis.base.config);
        let Factors { u, vh } = self.basis.group(layer, group);
        let left = group.members().iter().zip(u).map(|(proj, u)| {
            let rows = proj.rows(config);
            ops.linear_backward(&dy.clone().narrow(1, rows.start, rows.len()), u)
        });
        let left = Tensor::cat(left.collect(), 1);
        let sums = ops.row_sums(&left, &ops.linear(x, vh), &self.rows);
        self.parts[layer * Group::ALL.len() + group as usize] = Some(sums);
    }
}
