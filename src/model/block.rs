//! One decoder layer: attention and SwiGLU with their residuals, forward and backward.

use crate::names::{Group, NormWeight};
use crate::tap::Tap;
use backend::Rows;
use backend::ops::{Heads, Ops, QkvStep, Rope, Rotation};
use backend::portable::{Part, unrotate};
use burn_tensor::{Int, Tensor};

/// A layer's tensors on the device.
#[derive(Clone)]
pub struct DecoderLayer {
    /// By [`Group`]: queries, keys and values; attention's output; gate and up; down.
    pub weights: [Tensor<2>; 4],
    /// Gain of the norm before attention, `[H]`.
    pub input_gain: Tensor<1>,
    /// Gain of the norm before the MLP, `[H]`.
    pub post_gain: Tensor<1>,
    /// What becomes of queries, keys and values before their rotation.
    pub step: QkvStep<Tensor<1>>,
}

/// What every layer of one pass shares.
pub struct Pass<'a> {
    /// What computes.
    pub ops: &'a dyn Ops,
    /// How queries, keys and values lie within their common width.
    pub heads: Heads,
    /// Rotation tables for all positions.
    pub rope: &'a Rope,
    /// Position of each token within its row, `[N]`.
    pub positions: &'a Tensor<1, Int>,
    /// Added to the mean square in every norm.
    pub eps: f64,
}

/// Where a backward pass is.
pub struct BackwardPass<'a> {
    /// What the layers of the forward pass share.
    pub pass: Pass<'a>,
    /// How the packed tokens divide into rows: attention stays within one.
    pub rows: &'a Rows,
    /// The layer, from 0, as [`Tap`] is told it.
    pub layer: usize,
}

/// What the backward pass reads, with what attention kept of its softmax (`[N, h]` in training, nothing when decoding). All
/// but a block's input can be made again from it.
pub struct BlockTrace<S = Tensor<2>> {
    /// `[N, width]`, before biases, norms and rotation.
    qkv: Tensor<2>,
    attn_out: Tensor<2>,
    lse: S,
    middle: Tensor<2>,
    gate_up: Tensor<2>,
}

impl DecoderLayer {
    /// The layer with every tensor replaced by what these two make of it.
    pub fn map(&self, weight: impl Fn(&Tensor<2>) -> Tensor<2>, vector: impl Fn(&Tensor<1>) -> Tensor<1>) -> Self {
        Self {
            weights: self.weights.each_ref().map(weight),
            input_gain: vector(&self.input_gain),
            post_gain: vector(&self.post_gain),
            step: self.step.map(vector),
        }
    }

    /// The stacked matrix of a group, `[out, in]`.
    pub fn weight(&self, group: Group) -> &Tensor<2> {
        &self.weights[group as usize]
    }

    /// A gain of this layer, `[H]`, or `[d]` for queries and keys; `None` if the family has no such norm.
    pub fn gain(&self, gain: NormWeight) -> Option<&Tensor<1>> {
        match (gain, &self.step) {
            (NormWeight::Input, _) => Some(&self.input_gain),
            (NormWeight::Post, _) => Some(&self.post_gain),
            (NormWeight::Q, QkvStep::Normed { q, .. }) => Some(q),
            (NormWeight::K, QkvStep::Normed { k, .. }) => Some(k),
            (NormWeight::Q | NormWeight::K, QkvStep::Biased(_) | QkvStep::Plain) => None,
        }
    }

    /// The same, to be replaced.
    pub(crate) fn gain_mut(&mut self, gain: NormWeight) -> Option<&mut Tensor<1>> {
        match (gain, &mut self.step) {
            (NormWeight::Input, _) => Some(&mut self.input_gain),
            (NormWeight::Post, _) => Some(&mut self.post_gain),
            (NormWeight::Q, QkvStep::Normed { q, .. }) => Some(q),
            (NormWeight::K, QkvStep::Normed { k, .. }) => Some(k),
            (NormWeight::Q | NormWeight::K, QkvStep::Biased(_) | QkvStep::Plain) => None,
        }
    }

    fn rotation<'a>(&'a self, pass: &Pass<'a>) -> Rotation<'a> {
        let Pass { heads, rope, positions, eps, .. } = *pass;
        Rotation { heads, step: &self.step, rope, positions, eps }
    }

    /// `[N, H] -> [N, H]`, and what the backward pass needs. `attend` is given rotated queries and keys, and values
    /// `[N, width]` and gives back what attention makes of them, `[N, h d]`: over packed rows in training, over a cache when
    /// decoding.
    pub fn forward<S>(
        &self,
        pass: &Pass,
        x: Tensor<2>,
        attend: impl FnOnce(&Tensor<2>) -> (Tensor<2>, S),
    ) -> (Tensor<2>, BlockTrace<S>) {
        let trace = self.trace(pass, x, attend);
        let product = pass.ops.swiglu(&trace.gate_up);
        (pass.ops.linear_onto(trace.middle.clone(), &product, self.weight(Group::Down)), trace)
    }

    /// The forward pass without its last product.
    pub fn trace<S>(
        &self,
        pass: &Pass,
        x: Tensor<2>,
        attend: impl FnOnce(&Tensor<2>) -> (Tensor<2>, S),
    ) -> BlockTrace<S> {
        let ops = pass.ops;
        let attn_in = ops.rms_norm(&x, &self.input_gain, pass.eps);
        let qkv = ops.linear(&attn_in, self.weight(Group::Qkv));
        let (attn_out, lse) = attend(&ops.rotate(&qkv, self.rotation(pass)));
        let middle = ops.linear_onto(x, &attn_out, self.weight(Group::O));
        let mlp_in = ops.rms_norm(&middle, &self.post_gain, pass.eps);
        let gate_up = ops.linear(&mlp_in, self.weight(Group::GateUp));
        BlockTrace { qkv, attn_out, lse, middle, gate_up }
    }

    /// Gradient of the block's input `x` from the gradient of its output, `[N, H] -> [N, H]`.
    pub fn backward(
        &self,
        at: &BackwardPass,
        x: &Tensor<2>,
        dy: Tensor<2>,
        trace: BlockTrace,
        tap: &mut dyn Tap,
    ) -> Tensor<2> {
        let BackwardPass { pass, rows, layer } = at;
        let layer = *layer;
        let BlockTrace { qkv, attn_out, lse, middle, gate_up } = trace;
        let ops = pass.ops;
        let linear_backward = |group: Group, x: &Tensor<2>, dy: &Tensor<2>, tap: &mut dyn Tap| {
            tap.linear(layer, group, x, dy);
            ops.linear_backward(dy, self.weight(group))
        };
        let dproduct = ops.linear_backward(&dy, self.weight(Group::Down));
        let (dgate_up, product) = ops.swiglu_backward(&dproduct, &gate_up);
        tap.linear(layer, Group::Down, &product, &dy);
        drop((dproduct, product, gate_up));
        let mlp_in = ops.rms_norm(&middle, &self.post_gain, pass.eps);
        let dmlp = linear_backward(Group::GateUp, &mlp_in, &dgate_up, tap);
        drop((mlp_in, dgate_up));
        tap.gain(layer, NormWeight::Post, &dmlp, &middle, pass.eps);
        let dx = ops.rms_norm_backward(dy, &dmlp, &middle, &self.post_gain, pass.eps);

        let dattn = linear_backward(Group::O, &attn_out, &dx, tap);
        let rotation = self.rotation(pass);
        let rotated = ops.rotate(&qkv, rotation);
        let drotated = ops.attention_backward(&dattn, &attn_out, &lse, &rotated, pass.heads, rows);
        drop((dattn, attn_out, rotated));
        if tap.takes_gains() && matches!(self.step, QkvStep::Normed { .. }) {
            let [q, k, _] = Part::all(pass.heads);
            tap.gain(layer, NormWeight::Q, &unrotate(&drotated, q, &rotation), &q.heads(&qkv), pass.eps);
            tap.gain(layer, NormWeight::K, &unrotate(&drotated, k, &rotation), &k.heads(&qkv), pass.eps);
        }
        let dqkv = ops.rotate_backward(&drotated, &qkv, rotation);
        drop((drotated, qkv));
        let attn_in = ops.rms_norm(x, &self.input_gain, pass.eps);
        let dattn_in = linear_backward(Group::Qkv, &attn_in, &dqkv, tap);
        tap.gain(layer, NormWeight::Input, &dattn_in, x, pass.eps);
        ops.rms_norm_backward(dx, &dattn_in, x, &self.input_gain, pass.eps)
    }
}
