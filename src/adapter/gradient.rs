//! Per-rollout knob gradients: `g_b = sum_t (U^T dL/dy_{b,t}) * (Vh x_{b,t})`, exactly, from one backward pass over
//! the merged model. No division by the knob, no second pass per rollout. On request a gate divides the sum token by token.

use crate::basis::Factors;
use crate::token_gate::{self, TokenGate, TokenValues};
use crate::{Basis, Result};
use backend::{Rows, read};
use burn_tensor::{DType, Tensor};
use model::{Group, Tap};

/// One row per rollout, each in [`crate::Layout`] order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutGradients {
    /// Gradients by `d + m h`: `[rollouts][knobs]`.
    pub rows: Vec<Vec<f32>>,
}

/// A batch's gradients.
#[derive(Debug)]
pub struct KnobGradients {
    /// Of each rollout.
    pub rollouts: RolloutGradients,
    /// What a gate sends to the quarantine token by token, where there was one.
    pub split: Option<TokenSplit>,
}

/// The part of each rollout's gradient that a gate opens for, token by token.
#[derive(Clone, Debug, Default)]
pub struct TokenSplit {
    /// `sum_t f_t g_t` of each rollout.
    pub quarantined: RolloutGradients,
    /// Each rollout's gate values, `[rollouts][tokens]`, prompts included: means over modules.
    pub gates: Vec<Vec<f32>>,
}

impl TokenSplit {
    /// Each rollout's mean gate value over modules and tokens.
    pub fn fractions(&self) -> Vec<f64> {
        let mean = |own: &Vec<f32>| own.iter().map(|&f| f64::from(f)).sum::<f64>() / own.len().max(1) as f64;
        self.gates.iter().map(mean).collect()
    }
}

/// Collects the gradients of one batch of packed rollouts.
pub struct KnobTap<'a> {
    basis: &'a Basis,
    rows: Rows,
    gate: Option<&'a TokenGate>,
    /// By layer and group.
    parts: Vec<Option<Part>>,
}

/// What one group of projections gives.
struct Part {
    /// `[rollouts, knobs]`.
    sums: Tensor<2>,
    /// The same of what the gate opens for, and its values, `[modules, N]`.
    split: Option<[Tensor<2>; 2]>,
}

impl<'a> KnobTap<'a> {
    /// One gradient per rollout of the batch.
    pub fn new(basis: &'a Basis, rows: &Rows) -> Self {
        let parts = (0..basis.base.config.num_hidden_layers * Group::ALL.len()).map(|_| None).collect();
        Self { basis, rows: rows.clone(), gate: None, parts }
    }

    /// The same, and what this gate makes of each token.
    pub fn gated(self, gate: Option<&'a TokenGate>) -> Self {
        Self { gate, ..self }
    }

    /// Brings the gradients to the host.
    pub fn finish(self) -> Result<KnobGradients> {
        let width = self.basis.layout.len();
        let rows = |parts: Vec<Tensor<2>>| -> Result<RolloutGradients> {
            let flat = read(Tensor::cat(parts, 1))?;
            Ok(RolloutGradients { rows: flat.chunks_exact(width).map(<[f32]>::to_vec).collect() })
        };
        let (sums, splits): (Vec<_>, Vec<_>) = self.parts.into_iter().flatten().map(|p| (p.sums, p.split)).unzip();
        let split = match self.gate {
            None => None,
            Some(_) => {
                let (opened, values) = splits.into_iter().flatten().map(|[opened, values]| (opened, values)).unzip();
                Some(TokenSplit { quarantined: rows(opened)?, gates: token_gate::by_token(values, &self.rows)? })
            }
        };
        Ok(KnobGradients { rollouts: rows(sums)?, split })
    }
}

impl Tap for KnobTap<'_> {
    fn linear(&mut self, layer: usize, group: Group, x: &Tensor<2>, dy: &Tensor<2>) {
        let (ops, config) = (&*self.basis.base.backend.ops, &self.basis.base.config);
        let Factors { u, vh } = self.basis.group(layer, group);
        let left = group.members().iter().zip(u).map(|(proj, u)| {
            let rows = proj.rows(config);
            ops.linear_backward(&dy.clone().narrow(1, rows.start, rows.len()), u)
        });
        let (left, right) = (Tensor::cat(left.collect(), 1), ops.linear(x, vh));
        let split = self.gate.map(|gate| {
            let TokenValues { left, gate } = gate.values(ops, (layer, group), &left, &right);
            [ops.row_sums(&left, &right.clone().cast(DType::F32), &self.rows), gate]
        });
        let sums = ops.row_sums(&left, &right, &self.rows);
        self.parts[layer * Group::ALL.len() + group as usize] = Some(Part { sums, split });
    }
}
