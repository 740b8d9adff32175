//! One decoder layer: attention and SwiGLU with their residuals, forward, backward and one decode step.

use crate::decoder::{Gain, Proj, Site, Tap};
use crate::ops::{self, Attended, Normed};
use burn::tensor::{Bool, Tensor, activation};

/// A layer's tensors on the device: seven projections `[out, in]` and four gains.
#[derive(Clone)]
pub struct Layer {
    pub proj: [Tensor<2>; 7],
    pub gains: [Tensor<1>; 4],
}

/// Sizes that every step of a block needs: batch, positions, key/value heads, group, head dimension.
#[derive(Clone, Copy)]
pub struct Dims {
    pub b: usize,
    pub t: usize,
    pub kv: usize,
    pub group: usize,
    pub d: usize,
    pub eps: f64,
}

/// Activations that the backward pass reads, all `[N, width]` with `N = B*T`.
pub struct BlockTrace {
    attn_in: Tensor<2>,
    input: Normed,
    q: Normed,
    k: Normed,
    attended: Attended,
    attn_out: Tensor<2>,
    mlp_in: Tensor<2>,
    post: Normed,
    gate: Tensor<2>,
    up: Tensor<2>,
    product: Tensor<2>,
}

impl Layer {
    fn gain(&self, gain: Gain) -> &Tensor<1> {
        &self.gains[gain as usize]
    }

    /// `y = x W^T`, `[N, in] -> [N, out]`.
    fn linear(&self, proj: Proj, x: &Tensor<2>) -> Tensor<2> {
        x.clone().matmul(self.proj[proj as usize].clone().transpose())
    }

    /// `dx = dy W`, after showing the pair to the tap.
    fn linear_backward(&self, layer: usize, proj: Proj, x: &Tensor<2>, dy: Tensor<2>, tap: &mut dyn Tap) -> Tensor<2> {
        tap.linear(Site { layer, proj }, x, &dy);
        dy.matmul(self.proj[proj as usize].clone())
    }

    /// `[N, H] -> [N, H]`, keeping what the backward pass needs.
    pub fn forward(
        &self,
        x: Tensor<2>,
        dims: Dims,
        rope: &(Tensor<3>, Tensor<3>),
        mask: &Tensor<3, Bool>,
    ) -> (Tensor<2>, BlockTrace) {
        let (attn_in, input) = ops::rms_norm(x.clone(), self.gain(Gain::Input), dims.eps);
        let (q, k, v, q_norm, k_norm) = self.queries_keys_values(&attn_in, dims, rope);
        let (out, attended) = ops::attention(stack_group(q, dims), k, v, mask);
        let attn_out = dims.merge_queries(out);
        let x = x + self.linear(Proj::O, &attn_out);
        let (mlp_in, post) = ops::rms_norm(x.clone(), self.gain(Gain::Post), dims.eps);
        let (gate, up) = (self.linear(Proj::Gate, &mlp_in), self.linear(Proj::Up, &mlp_in));
        let product = activation::silu(gate.clone()) * up.clone();
        let x = x + self.linear(Proj::Down, &product);
        let trace =
            BlockTrace { attn_in, input, q: q_norm, k: k_norm, attended, attn_out, mlp_in, post, gate, up, product };
        (x, trace)
    }

    /// One or more new positions against a cache that `remember` extends: `x [B*t, H]`.
    pub fn decode(
        &self,
        x: Tensor<2>,
        dims: Dims,
        rope: &(Tensor<3>, Tensor<3>),
        mask: &Tensor<3, Bool>,
        remember: impl FnOnce(Tensor<3>, Tensor<3>) -> (Tensor<3>, Tensor<3>),
    ) -> Tensor<2> {
        let (attn_in, _) = ops::rms_norm(x.clone(), self.gain(Gain::Input), dims.eps);
        let (q, k, v, _, _) = self.queries_keys_values(&attn_in, dims, rope);
        let (k, v) = remember(k, v);
        let (out, _) = ops::attention(stack_group(q, dims), k, v, mask);
        let x = x + self.linear(Proj::O, &dims.merge_queries(out));
        let (mlp_in, _) = ops::rms_norm(x.clone(), self.gain(Gain::Post), dims.eps);
        let product = activation::silu(self.linear(Proj::Gate, &mlp_in)) * self.linear(Proj::Up, &mlp_in);
        x + self.linear(Proj::Down, &product)
    }

    /// q `[B*KV*G, T, D]`, k and v `[B*KV, T, D]`, q and k normalised per head and rotated.
    fn queries_keys_values(
        &self,
        x: &Tensor<2>,
        dims: Dims,
        rope: &(Tensor<3>, Tensor<3>),
    ) -> (Tensor<3>, Tensor<3>, Tensor<3>, Normed, Normed) {
        let heads = dims.kv * dims.group;
        let (q, q_norm) =
            ops::rms_norm(self.linear(Proj::Q, x).reshape([-1, dims.d as i64]), self.gain(Gain::Q), dims.eps);
        let (k, k_norm) =
            ops::rms_norm(self.linear(Proj::K, x).reshape([-1, dims.d as i64]), self.gain(Gain::K), dims.eps);
        let q = ops::rotate(dims.split(q, heads), &dims.angles(&rope.0, heads), &dims.angles(&rope.1, heads));
        let k = ops::rotate(dims.split(k, dims.kv), &dims.angles(&rope.0, dims.kv), &dims.angles(&rope.1, dims.kv));
        let v = dims.split(self.linear(Proj::V, x), dims.kv);
        (q, k, v, q_norm, k_norm)
    }

    /// Gradient of the block's input from the gradient of its output, `[N, H] -> [N, H]`.
    pub fn backward(
        &self,
        layer: usize,
        dy: Tensor<2>,
        trace: &BlockTrace,
        dims: Dims,
        rope: &(Tensor<3>, Tensor<3>),
        tap: &mut dyn Tap,
    ) -> Tensor<2> {
        let dproduct = self.linear_backward(layer, Proj::Down, &trace.product, dy.clone(), tap);
        let (dgate, dup) = swiglu_backward(dproduct, &trace.gate, &trace.up);
        let dmlp = self.linear_backward(layer, Proj::Gate, &trace.mlp_in, dgate, tap)
            + self.linear_backward(layer, Proj::Up, &trace.mlp_in, dup, tap);
        tap.gain(layer, Gain::Post, &dmlp, &trace.post.unit);
        let dx = dy + ops::rms_norm_backward(dmlp, self.gain(Gain::Post), &trace.post);

        let dattn = self.linear_backward(layer, Proj::O, &trace.attn_out, dx.clone(), tap);
        let (dq, dk, dv) = ops::attention_backward(dims.split_queries(dattn), &trace.attended);
        let heads = dims.kv * dims.group;
        let unrotate = |g: Tensor<3>, heads| {
            let back = ops::rotate(g, &dims.angles(&rope.0, heads), &dims.angles(&rope.1, heads).neg());
            dims.join(back, heads).reshape([-1, dims.d as i64])
        };
        let dq = unrotate(dq.reshape([dims.b * heads, dims.t, dims.d]), heads);
        let dk = unrotate(dk, dims.kv);
        tap.gain(layer, Gain::Q, &dq, &trace.q.unit);
        tap.gain(layer, Gain::K, &dk, &trace.k.unit);
        let n = dims.b * dims.t;
        let dq = ops::rms_norm_backward(dq, self.gain(Gain::Q), &trace.q).reshape([n, heads * dims.d]);
        let dk = ops::rms_norm_backward(dk, self.gain(Gain::K), &trace.k).reshape([n, dims.kv * dims.d]);
        let dattn_in = self.linear_backward(layer, Proj::Q, &trace.attn_in, dq, tap)
            + self.linear_backward(layer, Proj::K, &trace.attn_in, dk, tap)
            + self.linear_backward(layer, Proj::V, &trace.attn_in, dims.join(dv, dims.kv), tap);
        tap.gain(layer, Gain::Input, &dattn_in, &trace.input.unit);
        dx + ops::rms_norm_backward(dattn_in, self.gain(Gain::Input), &trace.input)
    }
}

/// `d(silu(gate) * up)`: `silu'(g) = s + g s (1 - s)` with `s = sigmoid(g)`.
fn swiglu_backward(dproduct: Tensor<2>, gate: &Tensor<2>, up: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let s = activation::sigmoid(gate.clone());
    let silu = gate.clone() * s.clone();
    let dup = dproduct.clone() * silu.clone();
    let dgate = dproduct * up.clone() * (s.clone() + silu.clone() - silu * s);
    (dgate, dup)
}

/// `[B*KV*G, T, D] -> [B*KV, G*T, D]`: a group's query heads share one key/value head without copying it.
fn stack_group(q: Tensor<3>, dims: Dims) -> Tensor<3> {
    q.reshape([dims.b * dims.kv, dims.group * dims.t, dims.d])
}

impl Dims {
    /// `[B*T, heads*D]` or `[B*T*heads, D] -> [B*heads, T, D]`.
    fn split<const R: usize>(&self, x: Tensor<R>, heads: usize) -> Tensor<3> {
        x.reshape([self.b, self.t, heads, self.d]).swap_dims(1, 2).reshape([self.b * heads, self.t, self.d])
    }

    /// `[B*heads, T, D] -> [B*T, heads*D]`.
    fn join(&self, x: Tensor<3>, heads: usize) -> Tensor<2> {
        x.reshape([self.b, heads, self.t, self.d]).swap_dims(1, 2).reshape([self.b * self.t, heads * self.d])
    }

    /// `[B*KV, G*T, D] -> [B*T, heads*D]`.
    fn merge_queries(&self, x: Tensor<3>) -> Tensor<2> {
        let heads = self.kv * self.group;
        self.join(x.reshape([self.b * heads, self.t, self.d]), heads)
    }

    /// `[B*T, heads*D] -> [B*KV, G*T, D]`.
    fn split_queries(&self, x: Tensor<2>) -> Tensor<3> {
        stack_group(self.split(x, self.kv * self.group), *self)
    }

    /// Angles that are shared by all rows pass through; angles per row `[B, T, D/2]` repeat for each head.
    fn angles(&self, table: &Tensor<3>, heads: usize) -> Tensor<3> {
        let [rows, t, half] = table.dims();
        if rows == 1 {
            return table.clone();
        }
        table.clone().unsqueeze_dim::<4>(1).expand([rows, heads, t, half]).reshape([rows * heads, t, half])
    }
}
