//! One decoder layer: attention and SwiGLU with their residuals, forward and backward.

use crate::batch::Rows;
use crate::decoder::Tap;
use crate::ops::{Heads, Ops, Rope, Turn};
use crate::portable::{Part, unturn};
use crate::site::{Gain, Group};
use burn::tensor::Tensor;

/// A layer's tensors on the device: four stacked projections `[out, in]` and four gains.
#[derive(Clone)]
pub struct Layer {
    pub weights: [Tensor<2>; 4],
    pub gains: [Tensor<1>; 4],
}

/// What every layer of one pass shares.
pub struct Pass<'a> {
    pub ops: &'a dyn Ops,
    pub heads: Heads,
    pub rope: &'a Rope,
    pub rows: &'a Rows,
    pub eps: f64,
}

/// What the backward pass reads. All but a block's input can be made again from it.
pub struct BlockTrace {
    /// `[N, width]`, before norms and rotation.
    qkv: Tensor<2>,
    attn_out: Tensor<2>,
    lse: Tensor<2>,
    middle: Tensor<2>,
    gate_up: Tensor<2>,
}

impl Layer {
    pub fn map(&self, weight: impl Fn(&Tensor<2>) -> Tensor<2>, gain: impl Fn(&Tensor<1>) -> Tensor<1>) -> Self {
        Self { weights: self.weights.each_ref().map(weight), gains: self.gains.each_ref().map(gain) }
    }

    pub fn weight(&self, group: Group) -> &Tensor<2> {
        &self.weights[group as usize]
    }

    pub fn gain(&self, gain: Gain) -> &Tensor<1> {
        &self.gains[gain as usize]
    }

    fn turn<'a>(&'a self, pass: &Pass<'a>) -> Turn<'a> {
        Turn {
            heads: pass.heads,
            q_gain: self.gain(Gain::Q),
            k_gain: self.gain(Gain::K),
            rope: pass.rope,
            positions: &pass.rows.positions,
            eps: pass.eps,
        }
    }

    /// `[N, H] -> [N, H]`, and what the backward pass needs; `seen` is shown the turned queries, keys and values.
    pub fn forward(&self, pass: &Pass, x: Tensor<2>, seen: impl FnOnce(&Tensor<2>)) -> (Tensor<2>, BlockTrace) {
        let trace = self.trace(pass, x, seen);
        let product = pass.ops.swiglu(&trace.gate_up);
        (pass.ops.linear_onto(trace.middle.clone(), &product, self.weight(Group::Down)), trace)
    }

    /// The forward pass without its last product.
    pub fn trace(&self, pass: &Pass, x: Tensor<2>, seen: impl FnOnce(&Tensor<2>)) -> BlockTrace {
        let ops = pass.ops;
        let attn_in = ops.rms_norm(&x, self.gain(Gain::Input), pass.eps);
        let qkv = ops.linear(&attn_in, self.weight(Group::Qkv));
        let turned = ops.turn(&qkv, self.turn(pass));
        seen(&turned);
        let (attn_out, lse) = ops.attention(&turned, pass.heads, pass.rows);
        let middle = ops.linear_onto(x, &attn_out, self.weight(Group::O));
        let mlp_in = ops.rms_norm(&middle, self.gain(Gain::Post), pass.eps);
        let gate_up = ops.linear(&mlp_in, self.weight(Group::GateUp));
        BlockTrace { qkv, attn_out, lse, middle, gate_up }
    }

    /// Gradient of the block's input `x` from the gradient of its output, `[N, H] -> [N, H]`.
    pub fn backward(
        &self,
        layer: usize,
        pass: &Pass,
        x: &Tensor<2>,
        dy: Tensor<2>,
        trace: BlockTrace,
        tap: &mut dyn Tap,
    ) -> Tensor<2> {
        let BlockTrace { qkv, attn_out, lse, middle, gate_up } = trace;
        let ops = pass.ops;
        let linear_back = |group: Group, x: &Tensor<2>, dy: &Tensor<2>, tap: &mut dyn Tap| {
            tap.linear(layer, group, x, dy);
            ops.linear_back(dy, self.weight(group))
        };
        let dproduct = ops.linear_back(&dy, self.weight(Group::Down));
        let (dgate_up, product) = ops.swiglu_back(&dproduct, &gate_up);
        tap.linear(layer, Group::Down, &product, &dy);
        drop((dproduct, product, gate_up));
        let mlp_in = ops.rms_norm(&middle, self.gain(Gain::Post), pass.eps);
        let dmlp = linear_back(Group::GateUp, &mlp_in, &dgate_up, tap);
        drop((mlp_in, dgate_up));
        tap.gain(layer, Gain::Post, &dmlp, &middle, pass.eps);
        let dx = ops.rms_norm_back(dy, &dmlp, &middle, self.gain(Gain::Post), pass.eps);

        let dattn = linear_back(Group::O, &attn_out, &dx, tap);
        let how = self.turn(pass);
        let turned = ops.turn(&qkv, how);
        let dturned = ops.attention_back(&dattn, &attn_out, &lse, &turned, pass.heads, pass.rows);
        drop((dattn, attn_out, turned));
        if tap.takes_gains() {
            let [q, k, _] = Part::all(pass.heads);
            tap.gain(layer, Gain::Q, &unturn(&dturned, q, &how), &q.heads(&qkv), pass.eps);
            tap.gain(layer, Gain::K, &unturn(&dturned, k, &how), &k.heads(&qkv), pass.eps);
        }
        let dqkv = ops.turn_back(&dturned, &qkv, how);
        drop((dturned, qkv));
        let attn_in = ops.rms_norm(x, self.gain(Gain::Input), pass.eps);
        let dattn_in = linear_back(Group::Qkv, &attn_in, &dqkv, tap);
        tap.gain(layer, Gain::Input, &dattn_in, x, pass.eps);
        ops.rms_norm_back(dx, &dattn_in, x, self.gain(Gain::Input), pass.eps)
    }
}
