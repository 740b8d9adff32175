//! The operations as plain tensor arithmetic: every backend runs them, none runs them fast. Sums and exponentials are
//! taken in f32 whatever type the tensors have.

use crate::batch::{Padding, Rows};
use crate::matrix::{Matrix, Raw};
use crate::memory::DeviceMemory;
use crate::ops::{Coefficients, Heads, Ops, QkvStep, Rotation};
use crate::{Result, svd};
use burn_tensor::{DType, Device, Int, Tensor, TensorData, activation};

/// The portable implementation.
#[derive(Debug)]
pub struct Portable;

const F32: DType = DType::F32;

impl Ops for Portable {
    fn name(&self) -> &'static str {
        "tensor operations"
    }

    fn linear(&self, x: &Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        x.clone().matmul(w.clone().transpose())
    }

    fn linear_onto(&self, onto: Tensor<2>, x: &Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        onto + self.linear(x, w)
    }

    fn linear_backward(&self, dy: &Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        dy.clone().matmul(w.clone())
    }

    fn rms_norm(&self, x: &Tensor<2>, gain: &Tensor<1>, eps: f64) -> Tensor<2> {
        let (unit, _) = unit(x, eps);
        unit.cast(x.dtype()) * gain.clone().unsqueeze()
    }

    fn rms_norm_backward(
        &self,
        onto: Tensor<2>,
        dy: &Tensor<2>,
        x: &Tensor<2>,
        gain: &Tensor<1>,
        eps: f64,
    ) -> Tensor<2> {
        onto + norm_backward(dy, x, gain, eps)
    }

    fn rotate(&self, qkv: &Tensor<2>, rotation: Rotation) -> Tensor<2> {
        let angles = Angles::of(&rotation);
        let qkv = biased(qkv, rotation.step);
        let one = |part: Part, gain: Option<&Tensor<1>>| {
            let heads = part.heads(&qkv);
            let normed = gain.map_or(heads.clone(), |gain| self.rms_norm(&heads, gain, rotation.eps));
            part.flat(angles.rotate(normed, part.count))
        };
        let ([q, k, v], [q_gain, k_gain]) = (Part::all(rotation.heads), gains(rotation.step));
        Tensor::cat(vec![one(q, q_gain), one(k, k_gain), v.flat(v.heads(&qkv))], 1)
    }

    fn rotate_backward(&self, drotated: &Tensor<2>, qkv: &Tensor<2>, rotation: Rotation) -> Tensor<2> {
        let one = |part: Part, gain: Option<&Tensor<1>>| {
            let dy = unrotate(drotated, part, &rotation);
            part.flat(match gain {
                Some(gain) => norm_backward(&dy, &part.heads(qkv), gain, rotation.eps),
                None => dy,
            })
        };
        let ([q, k, v], [q_gain, k_gain]) = (Part::all(rotation.heads), gains(rotation.step));
        Tensor::cat(vec![one(q, q_gain), one(k, k_gain), v.flat(v.heads(drotated))], 1)
    }

    fn attention(&self, rotated: &Tensor<2>, heads: Heads, rows: &Rows) -> (Tensor<2>, Tensor<2>) {
        let padding = rows.padding();
        let [q, k, v] = stacked(rotated, heads, padding);
        let scores = scores(&q, &k, heads, padding);
        let most = scores.clone().max_dim(2);
        let weights = (scores - most.clone()).exp();
        let sum = weights.clone().sum_dim(2);
        let out = (weights / sum.clone()).cast(v.dtype()).matmul(v);
        (unstack(out, heads, padding), unstack(most + sum.log(), heads, padding))
    }

    fn attention_backward(
        &self,
        dout: &Tensor<2>,
        out: &Tensor<2>,
        lse: &Tensor<2>,
        rotated: &Tensor<2>,
        heads: Heads,
        rows: &Rows,
    ) -> Tensor<2> {
        let padding = rows.padding();
        let [q, k, v] = stacked(rotated, heads, padding);
        // A place behind a row's end repeats a query, whose gradient must not count twice.
        let dout = stack(padding.spread(dout) * padding.real.clone().cast(dout.dtype()), heads, padding);
        let out = stack(padding.spread(out), heads, padding);
        let probs = (scores(&q, &k, heads, padding) - stack(padding.spread(lse), heads, padding)).exp();
        let dprobs = dout.clone().matmul(v.swap_dims(1, 2)).cast(F32);
        let along = (dout.clone().cast(F32) * out.cast(F32)).sum_dim(2);
        let dscores = (probs.clone() * (dprobs - along)).mul_scalar(scale(heads)).cast(q.dtype());
        let dv = probs.cast(q.dtype()).swap_dims(1, 2).matmul(dout);
        let dk = dscores.clone().swap_dims(1, 2).matmul(q);
        let dq = unstack(dscores.matmul(k), heads, padding);
        let pair = Heads { queries: heads.kv, ..heads };
        Tensor::cat(vec![dq, unstack(dk, pair, padding), unstack(dv, pair, padding)], 1)
    }

    fn swiglu(&self, gate_up: &Tensor<2>) -> Tensor<2> {
        let [gate, up] = halves(gate_up);
        activation::silu(gate) * up
    }

    /// `silu'(g) = s + g s (1 - s)` with `s = sigmoid(g)`.
    fn swiglu_backward(&self, dproduct: &Tensor<2>, gate_up: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let [gate, up] = halves(gate_up);
        let s = activation::sigmoid(gate.clone());
        let silu = gate * s.clone();
        let dup = dproduct.clone() * silu.clone();
        let dgate = dproduct.clone() * up.clone() * (s.clone() + silu.clone() - silu.clone() * s);
        (Tensor::cat(vec![dgate, dup], 1), silu * up)
    }

    fn logits(&self, x: &Tensor<2>, head: &Tensor<2>) -> Tensor<2> {
        self.linear(x, head).cast(F32)
    }

    fn token_logprobs(&self, logits: &Tensor<2>, tokens: &Tensor<1, Int>) -> Tensor<1> {
        let scores = activation::log_softmax(logits.clone(), 1);
        scores.gather(1, tokens.clone().unsqueeze_dim(1)).squeeze_dim(1)
    }

    fn token_logprobs_backward(
        &self,
        logits: Tensor<2>,
        tokens: &Tensor<1, Int>,
        coefficients: &Coefficients,
        dtype: DType,
    ) -> (Tensor<1>, Tensor<2>) {
        let scores = activation::log_softmax(logits, 1);
        let index = tokens.clone().unsqueeze_dim::<2>(1);
        let logp = scores.clone().gather(1, index.clone());
        let mut by: Tensor<2> = coefficients.weight.clone().unsqueeze_dim(1);
        if let Some((reference, kl)) = &coefficients.reference {
            let x = reference.clone().unsqueeze_dim::<2>(1) - logp.clone();
            by = by + (x.exp().neg() + 1.0).mul_scalar(*kl);
        }
        let add = burn_tensor::IndexingUpdateOp::Add;
        let dlogits = (scores.exp() * by.clone().neg()).scatter(1, index, by, add);
        (logp.squeeze_dim(1), dlogits.cast(dtype))
    }

    /// As a product with the matrix that says which token is whose.
    fn row_sums(&self, left: &Tensor<2>, right: &Tensor<2>, rows: &Rows) -> Tensor<2> {
        let products = left.clone().cast(F32) * right.clone().cast(F32);
        if rows.count() == rows.tokens() {
            return products;
        }
        rows.padding().owner.clone().matmul(products)
    }

    fn merge(&self, w: &Tensor<2>, u: &Tensor<2>, knob: &Tensor<1>, vh: &Tensor<2>) -> Tensor<2> {
        let scaled = u.clone() * knob.clone().cast(u.dtype()).unsqueeze();
        w.clone() + scaled.matmul(vh.clone())
    }

    fn svd(&self, matrix: &Matrix) -> Result<Option<svd::Svd>> {
        Ok(svd::on_the_host(matrix))
    }
}

impl DeviceMemory for Portable {
    fn dtype(&self, _stored: DType) -> DType {
        F32
    }

    fn upload(&self, parts: &[Raw], dtype: DType, device: &Device) -> Result<Tensor<2>> {
        let cols = parts.first().map_or(0, |p| p.cols);
        let data: Vec<f32> = parts.iter().flat_map(Raw::widen).collect();
        let shape = [data.len() / cols.max(1), cols];
        Ok(Tensor::from_data(TensorData::new(data, shape), (device, dtype)))
    }

    fn copy_to_thread_stream(&self, tensor: &Tensor<2>) -> Tensor<2> {
        tensor.clone()
    }

    fn free(&self, _device: &Device) -> Option<usize> {
        None
    }

    fn forget_shapes(&self, _device: &Device) {}
}

/// The normalised input and the reciprocal root mean square, in f32.
pub fn unit(x: &Tensor<2>, eps: f64) -> (Tensor<2>, Tensor<2>) {
    let x = x.clone().cast(F32);
    let inverse = (x.clone().square().mean_dim(1) + eps).sqrt().recip();
    (x * inverse.clone(), inverse)
}

fn norm_backward(dy: &Tensor<2>, x: &Tensor<2>, gain: &Tensor<1>, eps: f64) -> Tensor<2> {
    let (unit, inverse) = unit(x, eps);
    let dn = (dy.clone() * gain.clone().unsqueeze()).cast(F32);
    let along = (dn.clone() * unit.clone()).mean_dim(1);
    ((dn - unit * along) * inverse).cast(x.dtype())
}

/// The product with its bias, if it has one.
fn biased(qkv: &Tensor<2>, step: &QkvStep<Tensor<1>>) -> Tensor<2> {
    match step {
        QkvStep::Biased(bias) => qkv.clone() + bias.clone().unsqueeze(),
        QkvStep::Normed { .. } | QkvStep::Plain => qkv.clone(),
    }
}

/// The gains of queries and of keys, if they are normed.
fn gains(step: &QkvStep<Tensor<1>>) -> [Option<&Tensor<1>>; 2] {
    match step {
        QkvStep::Normed { q, k } => [Some(q), Some(k)],
        QkvStep::Biased(_) | QkvStep::Plain => [None, None],
    }
}

/// The gradient behind the rotation, per head: `[N * heads, d]`.
pub fn unrotate(drotated: &Tensor<2>, part: Part, rotation: &Rotation) -> Tensor<2> {
    let mut angles = Angles::of(rotation);
    angles.sin = angles.sin.neg();
    angles.rotate(part.heads(drotated), part.count)
}

/// Queries, keys or values within their common width.
#[derive(Clone, Copy)]
pub struct Part {
    first: usize,
    count: usize,
    d: usize,
}

impl Part {
    /// Queries, keys, values.
    pub fn all(heads: Heads) -> [Part; 3] {
        let Heads { queries, kv, d } = heads;
        [(0, queries), (queries, kv), (queries + kv, kv)].map(|(first, count)| Part { first, count, d })
    }

    /// `[N, width] -> [N * count, d]`.
    pub fn heads(self, x: &Tensor<2>) -> Tensor<2> {
        let n = x.dims()[0];
        x.clone().narrow(1, self.first * self.d, self.count * self.d).reshape([n * self.count, self.d])
    }

    /// `[N * count, d] -> [N, count * d]`.
    fn flat(self, x: Tensor<2>) -> Tensor<2> {
        let n = x.dims()[0] / self.count;
        x.reshape([n, self.count * self.d])
    }
}

/// Each token's cosines and sines, `[N, 1, d/2]`.
struct Angles {
    cos: Tensor<3>,
    sin: Tensor<3>,
}

impl Angles {
    fn of(rotation: &Rotation) -> Self {
        let take = |table: &Tensor<2>| table.clone().select(0, rotation.positions.clone()).unsqueeze_dim(1);
        Self { cos: take(&rotation.rope.cos), sin: take(&rotation.rope.sin) }
    }

    /// Rotates `[N * heads, d]`, halves paired as the hub's models pair them. Backward is the rotation by the negated sine.
    fn rotate(&self, x: Tensor<2>, heads: usize) -> Tensor<2> {
        let ([rows, d], dtype) = (x.dims(), x.dtype());
        let x = x.cast(F32).reshape([rows / heads, heads, d]);
        let (a, b) = (x.clone().narrow(2, 0, d / 2), x.narrow(2, d / 2, d / 2));
        let left = a.clone() * self.cos.clone() - b.clone() * self.sin.clone();
        let right = b * self.cos.clone() + a * self.sin.clone();
        Tensor::cat(vec![left, right], 2).reshape([rows, d]).cast(dtype)
    }
}

fn scale(heads: Heads) -> f64 {
    (heads.d as f64).powf(-0.5)
}

/// Masked scores in f32, `[B * kv, group * T, T]`.
fn scores(q: &Tensor<3>, k: &Tensor<3>, heads: Heads, padding: &Padding) -> Tensor<3> {
    let raw = q.clone().matmul(k.clone().swap_dims(1, 2)).cast(F32).mul_scalar(scale(heads));
    let shape = raw.dims();
    raw.mask_fill(padding.hidden(heads.group()).expand(shape), -1e30)
}

/// `[N, width]` as padded queries `[B * kv, group * T, d]`, keys and values `[B * kv, T, d]`.
fn stacked(rotated: &Tensor<2>, heads: Heads, padding: &Padding) -> [Tensor<3>; 3] {
    let rotated = padding.spread(rotated);
    let take = |from: usize, count: usize| rotated.clone().narrow(1, from * heads.d, count * heads.d);
    let pair = Heads { queries: heads.kv, ..heads };
    [
        stack(take(0, heads.queries), heads, padding),
        stack(take(heads.queries, heads.kv), pair, padding),
        stack(take(heads.queries + heads.kv, heads.kv), pair, padding),
    ]
}

/// `[B * T, queries * w] -> [B * kv, group * T, w]`: the query heads of a group share one key/value head without a copy.
fn stack(x: Tensor<2>, heads: Heads, padding: &Padding) -> Tensor<3> {
    let w = x.dims()[1] / heads.queries;
    let b = x.dims()[0] / padding.t;
    x.reshape([b, padding.t, heads.queries, w]).swap_dims(1, 2).reshape([b * heads.kv, heads.group() * padding.t, w])
}

/// The way back, without the padding.
fn unstack(x: Tensor<3>, heads: Heads, padding: &Padding) -> Tensor<2> {
    let [rows, _, w] = x.dims();
    let b = rows / heads.kv;
    let x = x.reshape([b, heads.queries, padding.t, w]).swap_dims(1, 2).reshape([b * padding.t, heads.queries * w]);
    x.select(0, padding.place.clone())
}

fn halves(gate_up: &Tensor<2>) -> [Tensor<2>; 2] {
    let half = gate_up.dims()[1] / 2;
    [gate_up.clone().narrow(1, 0, half), gate_up.clone().narrow(1, half, half)]
}
