//! The four operations that a block is made of besides matrix products, each with its backward pass.

use burn::tensor::{Bool, Device, Tensor, TensorData, activation};

/// What RMSNorm's backward needs: the normalised input and the reciprocal root mean square, `[N, D]` and `[N, 1]`.
pub struct Normed {
    pub unit: Tensor<2>,
    inverse: Tensor<2>,
}

/// `y = x / sqrt(mean(x^2) + eps) * gain` over the last dimension, `[N, D] -> [N, D]`.
pub fn rms_norm(x: Tensor<2>, gain: &Tensor<1>, eps: f64) -> (Tensor<2>, Normed) {
    let inverse = (x.clone().square().mean_dim(1) + eps).sqrt().recip();
    let unit = x * inverse.clone();
    (unit.clone() * gain.clone().unsqueeze(), Normed { unit, inverse })
}

/// `dx = inverse * (dn - unit * mean(dn * unit))`, `dn = dy * gain`.
pub fn rms_norm_backward(dy: Tensor<2>, gain: &Tensor<1>, saved: &Normed) -> Tensor<2> {
    let dn = dy * gain.clone().unsqueeze();
    let along = (dn.clone() * saved.unit.clone()).mean_dim(1);
    (dn - saved.unit.clone() * along) * saved.inverse.clone()
}

/// Cosines and sines for every position, each `[positions, D/2]`.
#[derive(Clone)]
pub struct Rope {
    pub cos: Tensor<2>,
    pub sin: Tensor<2>,
}

impl Rope {
    pub fn new(positions: usize, head_dim: usize, theta: f64, device: &Device) -> Self {
        let half = head_dim / 2;
        let angle = |i: usize| (i / half) as f64 * theta.powf(-2.0 * (i % half) as f64 / head_dim as f64);
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..positions * half).map(|i| f(angle(i)) as f32).collect();
            Tensor::from_data(TensorData::new(values, [positions, half]), device)
        };
        Self { cos: table(f64::cos), sin: table(f64::sin) }
    }

    /// The first `t` positions, shaped to broadcast over `[heads, t, D/2]`.
    pub fn first(&self, t: usize) -> (Tensor<3>, Tensor<3>) {
        (self.cos.clone().narrow(0, 0, t).unsqueeze(), self.sin.clone().narrow(0, 0, t).unsqueeze())
    }
}

/// Rotates `[X, T, D]` by angles `[1 or X, T, D/2]`, halves paired as the hub's Qwen3 pairs them.
/// The backward pass is the rotation by the negated sine.
pub fn rotate(x: Tensor<3>, cos: &Tensor<3>, sin: &Tensor<3>) -> Tensor<3> {
    let half = x.dims()[2] / 2;
    let a = x.clone().narrow(2, 0, half);
    let b = x.narrow(2, half, half);
    let left = a.clone() * cos.clone() - b.clone() * sin.clone();
    let right = b * cos.clone() + a * sin.clone();
    Tensor::cat(vec![left, right], 2)
}

/// True where a query may not look: `[1, group * T, T]`, the query heads of a group stacked.
pub fn causal_mask(t: usize, group: usize, device: &Device) -> Tensor<3, Bool> {
    let hidden: Vec<bool> = (0..group * t).flat_map(|row| (0..t).map(move |col| col > row % t)).collect();
    Tensor::from_data(TensorData::new(hidden, [1, group * t, t]), device)
}

/// What attention's backward needs. `q` and `probs` have the group's query heads stacked along the rows.
pub struct Attended {
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    probs: Tensor<3>,
}

/// `softmax(q k^T / sqrt(D)) v`: q `[B*KV, G*T, D]`, k and v `[B*KV, S, D]`, mask true where hidden.
pub fn attention(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, mask: &Tensor<3, Bool>) -> (Tensor<3>, Attended) {
    let [x, rows, d] = q.dims();
    let cols = k.dims()[1];
    let scores = q.clone().matmul(k.clone().swap_dims(1, 2)) * (d as f64).powf(-0.5);
    let probs = activation::softmax(scores.mask_fill(mask.clone().expand([x, rows, cols]), -1e30), 2);
    (probs.clone().matmul(v.clone()), Attended { q, k, v, probs })
}

/// Gradients of q, k and v from the gradient of the output, shapes as in [`attention`].
pub fn attention_backward(dout: Tensor<3>, saved: &Attended) -> (Tensor<3>, Tensor<3>, Tensor<3>) {
    let Attended { q, k, v, probs } = saved;
    let scale = (q.dims()[2] as f64).powf(-0.5);
    let dv = probs.clone().swap_dims(1, 2).matmul(dout.clone());
    let weighted = dout.matmul(v.clone().swap_dims(1, 2)) * probs.clone();
    let dscores = (weighted.clone() - probs.clone() * weighted.sum_dim(2)) * scale;
    let dq = dscores.clone().matmul(k.clone());
    let dk = dscores.swap_dims(1, 2).matmul(q.clone());
    (dq, dk, dv)
}
