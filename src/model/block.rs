//! One decoder layer: attention and SwiGLU with their residuals, forward and backward.

use crate::names::{Group, NormWeight};
use crate::tap::Tap;
use backend::Rows;
use backend::ops::{Heads, Ops, QkNormRope, Rope};
use backend::portable::{Part, unrotate};
use burn::tensor::{Int, Tensor};

/// A layer's tensors on the device: four stacked projections `[out, in]` and four gains.
#[derive(Clone)]
pub struct DecoderLayer {
    /// By [`Group`]: queries, keys and values; attention's output; gate and up; down.
    pub weights: [Tensor<2>; 4],
    /// By [`NormWeight`]: before attention and before the MLP, `[H]`; of queries and of keys, `[d]`.
    pub gains: [Tensor<1>; 4],
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
    /// `[N, width]`, before norms and rotation.
    qkv: Tensor<2>,
    attn_out: Tensor<2>,
    lse: S,
    middle: Tensor<2>,
    gate_up: Tensor<2>,
}

impl DecoderLayer {
    /// The layer with every tensor replaced by what these two make of it.
    pub fn map(&self, weight: impl Fn(&Tensor<2>) -> Tensor<2>, gain: impl Fn(&Tensor<1>) -> Tensor<1>) -> Self {
        Self { weights: self.weights.each_ref().map(weight), gains: self.gains.each_ref().map(gain) }
    }

    /// The stacked matrix of a group, `[out, in]`.
    pub fn weight(&self, group: Group) -> &Tensor<2> {
        &self.weights[group as usize]
    }

    /// One of the four gains: `[H]`, or `[d]` for queries and keys.
    pub fn gain(&self, gain: NormWeight) -> &Tensor<1> {
        &self.gains[gain as usize]
    }

    fn qk_norm_rope<'a>(&'a self, pass: &Pass<'a>) -> QkNormRope<'a> {
        QkNormRope {
            heads: pass.heads,
            q_gain: self.gain(NormWeight::Q),
            k_gain: self.gain(NormWeight::K),
            rope: pass.rope,
            positions: pass.positions,
            eps: pass.eps,
        }
    }

    /// `[N, H] -> [N, H]`, and what the backward pass needs. `attend` is given the normalised, rotated queries, keys and values
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
        let attn_in = ops.rms_norm(&x, self.gain(NormWeight::Input), pass.eps);
        let qkv = ops.linear(&attn_in, self.weight(Group::Qkv));
        let (attn_out, lse) = attend(&ops.qk_norm_rope(&qkv, self.qk_norm_rope(pass)));
        let middle = ops.linear_onto(x, &attn_out, self.weight(Group::O));
        let mlp_in = ops.rms_norm(&middle, self.gain(NormWeight::Post), pass.eps);
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
        let mlp_in = ops.rms_norm(&middle, self.gain(NormWeight::Post), pass.eps);
        let dmlp = linear_backward(Group::GateUp, &mlp_in, &dgate_up, tap);
        drop((mlp_in, dgate_up));
        tap.gain(layer, NormWeight::Post, &dmlp, &middle, pass.eps);
        let dx = ops.rms_norm_backward(dy, &dmlp, &middle, self.gain(NormWeight::Post), pass.eps);

        let dattn = linear_backward(Group::O, &attn_out, &dx, tap);
        let params = self.qk_norm_rope(pass);
        let rotated = ops.qk_norm_rope(&qkv, params);
        let drotated = ops.attention_backward(&dattn, &attn_out, &lse, &rotated, pass.heads, rows);
        drop((dattn, attn_out, rotated));
        if tap.takes_gains() {
            let [q, k, _] = Part::all(pass.heads);
            tap.gain(layer, NormWeight::Q, &unrotate(&drotated, q, &params), &q.heads(&qkv), pass.eps);
            tap.gain(layer, NormWeight::K, &unrotate(&drotated, k, &params), &k.heads(&qkv), pass.eps);
        }
        let dqkv = ops.qk_norm_rope_backward(&drotated, &qkv, params);
        drop((drotated, qkv));
        let attn_in = ops.rms_norm(x, self.gain(NormWeight::Input), pass.eps);
        let dattn_in = linear_backward(Group::Qkv, &attn_in, &dqkv, tap);
        tap.gain(layer, NormWeight::Input, &dattn_in, x, pass.eps);
        ops.rms_norm_backward(dx, &dattn_in, x, self.gain(NormWeight::Input), pass.eps)
    }
}
