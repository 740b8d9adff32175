//! The mathematics of a decoder as one interface: a portable implementation in tensor operations and a fast one in CUDA
//! kernels. Shapes: `N` packed tokens, `H` hidden, `h` query and `kv` key/value heads of `d` dimensions each.

use crate::Result;
use crate::batch::Rows;
use crate::matrix::Matrix;
use crate::svd::Svd;
use burn_tensor::{DType, Device, Int, Tensor, TensorData};
use std::fmt::Debug;

/// Attention's sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Query heads, `h`.
    pub queries: usize,
    /// Key/value heads, `kv`, each shared by `h / kv` query heads.
    pub kv: usize,
    /// Width of a head.
    pub d: usize,
}

impl Heads {
    /// Query heads per key/value head.
    pub fn group(self) -> usize {
        self.queries / self.kv
    }

    /// Width of queries, keys and values side by side.
    pub fn width(self) -> usize {
        (self.queries + 2 * self.kv) * self.d
    }
}

/// Cosines and sines for every position, each `[positions, d/2]`, f32.
#[derive(Clone, Debug)]
pub struct Rope {
    /// `cos(p theta^(-2i/d))` for position `p` and pair `i`.
    pub cos: Tensor<2>,
    /// `sin(p theta^(-2i/d))`, likewise.
    pub sin: Tensor<2>,
}

impl Rope {
    /// The tables of `positions` positions, from 0, for rotary base `theta`.
    pub fn new(positions: usize, head_dim: usize, theta: f64, device: &Device) -> Self {
        let half = head_dim / 2;
        let angle = |i: usize| (i / half) as f64 * theta.powf(-2.0 * (i % half) as f64 / head_dim as f64);
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..positions * half).map(|i| f(angle(i)) as f32).collect();
            Tensor::from_data(TensorData::new(values, [positions, half]), (device, DType::F32))
        };
        Self { cos: table(f64::cos), sin: table(f64::sin) }
    }
}

/// What becomes of queries, keys and values between their product and the rotation: the family's choice. `T` is what stands for a
/// tensor: one on the device, its address, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QkvStep<T> {
    /// Every query and every key head has an RMSNorm with these gains, `[d]` each; values have none.
    Normed {
        /// Of the queries.
        q: T,
        /// Of the keys.
        k: T,
    },
    /// Queries, keys and values have a bias, stacked, `[width]`.
    Biased(T),
    /// Nothing.
    Plain,
}

impl<T> QkvStep<T> {
    /// The same step with what `make` gives for each of its tensors, in the order of [`Self::tensors`].
    ///
    /// # Errors
    /// The first that `make` has.
    pub fn try_map<U, E>(
        &self,
        mut make: impl FnMut(&T) -> std::result::Result<U, E>,
    ) -> std::result::Result<QkvStep<U>, E> {
        Ok(match self {
            Self::Normed { q, k } => QkvStep::Normed { q: make(q)?, k: make(k)? },
            Self::Biased(bias) => QkvStep::Biased(make(bias)?),
            Self::Plain => QkvStep::Plain,
        })
    }

    /// The same where nothing can fail.
    pub fn map<U>(&self, mut make: impl FnMut(&T) -> U) -> QkvStep<U> {
        let Ok(step) = self.try_map(|tensor| Ok::<U, std::convert::Infallible>(make(tensor)));
        step
    }

    /// As kernels are named that take it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Normed { .. } => "normed",
            Self::Biased(_) => "biased",
            Self::Plain => "plain",
        }
    }

    /// Its tensors, in the order in which kernels take them.
    pub fn tensors(&self) -> Vec<&T> {
        match self {
            Self::Normed { q, k } => vec![q, k],
            Self::Biased(bias) => vec![bias],
            Self::Plain => vec![],
        }
    }
}

/// Everything that turns a product into rotated queries and keys, besides the product.
#[derive(Clone, Copy)]
pub struct Rotation<'a> {
    /// How the heads lie within a token's row.
    pub heads: Heads,
    /// What comes before the rotation.
    pub step: &'a QkvStep<Tensor<1>>,
    /// The rotation's cosines and sines.
    pub rope: &'a Rope,
    /// Position of each token within its row, `[N]`.
    pub positions: &'a Tensor<1, Int>,
    /// Added to the mean square in a norm.
    pub eps: f64,
}

/// The loss's derivative by each target's log-probability: `weight + kl (1 - exp(reference - logp))`, each `[n]` in f32.
#[derive(Clone)]
pub struct Coefficients {
    /// What is left of the derivative without a KL term.
    pub weight: Tensor<1>,
    /// Log-probabilities under the base model, and the weight of the KL term.
    pub reference: Option<(Tensor<1>, f32)>,
}

/// The operations of a decoder, on the device of their tensors. A name such as `dy` is the loss's gradient by `y`.
pub trait Ops: Debug + Send + Sync {
    /// What computes, for reports.
    fn name(&self) -> &'static str;

    /// `y = x W^T`: `[N, in]`, `[out, in] -> [N, out]`.
    fn linear(&self, x: &Tensor<2>, w: &Tensor<2>) -> Tensor<2>;

    /// `onto + x W^T`.
    fn linear_onto(&self, onto: Tensor<2>, x: &Tensor<2>, w: &Tensor<2>) -> Tensor<2>;

    /// `dx = dy W`: `[N, out]`, `[out, in] -> [N, in]`.
    fn linear_backward(&self, dy: &Tensor<2>, w: &Tensor<2>) -> Tensor<2>;

    /// `y = x / sqrt(mean(x^2) + eps) * gain` over the last dimension, `[N, H]`.
    fn rms_norm(&self, x: &Tensor<2>, gain: &Tensor<1>, eps: f64) -> Tensor<2>;

    /// `onto + dx`, `dx = i (dn - u mean(dn u))` with `i = 1 / sqrt(mean(x^2) + eps)`, `u = x i`, `dn = dy gain`.
    fn rms_norm_backward(
        &self,
        onto: Tensor<2>,
        dy: &Tensor<2>,
        x: &Tensor<2>,
        gain: &Tensor<1>,
        eps: f64,
    ) -> Tensor<2>;

    /// Takes the family's [`QkvStep`], then rotates queries and keys by their position. `[N, width]`.
    fn rotate(&self, qkv: &Tensor<2>, rotation: Rotation) -> Tensor<2>;

    /// Gradient of [`Self::rotate`]'s input from that of its output. It is a bias's, too, summed over tokens.
    fn rotate_backward(&self, drotated: &Tensor<2>, qkv: &Tensor<2>, rotation: Rotation) -> Tensor<2>;

    /// Causal attention within each row: rotated `[N, width] -> out [N, h d]` and the log of each softmax's sum `[N, h]`.
    fn attention(&self, rotated: &Tensor<2>, heads: Heads, rows: &Rows) -> (Tensor<2>, Tensor<2>);

    /// Gradient of the rotated queries, keys and values, `[N, width]`.
    fn attention_backward(
        &self,
        dout: &Tensor<2>,
        out: &Tensor<2>,
        lse: &Tensor<2>,
        rotated: &Tensor<2>,
        heads: Heads,
        rows: &Rows,
    ) -> Tensor<2>;

    /// `silu(gate) up`: `[N, 2 I] -> [N, I]`.
    fn swiglu(&self, gate_up: &Tensor<2>) -> Tensor<2>;

    /// Gradient of gate and up `[N, 2 I]`, and the product `[N, I]` once more.
    fn swiglu_backward(&self, dproduct: &Tensor<2>, gate_up: &Tensor<2>) -> (Tensor<2>, Tensor<2>);

    /// `x head^T` in f32: `[n, H]`, `[V, H] -> [n, V]`.
    fn logits(&self, x: &Tensor<2>, head: &Tensor<2>) -> Tensor<2>;

    /// `log softmax(logits)[token]`: `[n, V]`, `[n] -> [n]`.
    fn token_logprobs(&self, logits: &Tensor<2>, tokens: &Tensor<1, Int>) -> Tensor<1>;

    /// The same, and the gradient of the logits, `coefficient (onehot - softmax)`, in the model's type `dtype`.
    fn token_logprobs_backward(
        &self,
        logits: Tensor<2>,
        tokens: &Tensor<1, Int>,
        coefficients: &Coefficients,
        dtype: DType,
    ) -> (Tensor<1>, Tensor<2>);

    /// For each row the sum over its tokens of `left * right`: `[N, r]` twice `-> [B, r]` in f32.
    fn row_sums(&self, left: &Tensor<2>, right: &Tensor<2>, rows: &Rows) -> Tensor<2>;

    /// `W + U diag(k) Vh`: `[out, in]`, `[out, r]`, `[r]` in f32, `[r, in]`.
    fn merge(&self, w: &Tensor<2>, u: &Tensor<2>, knob: &Tensor<1>, vh: &Tensor<2>) -> Tensor<2>;

    /// Thin singular value decomposition, signs as they come; `None` if it did not converge. Not held against the matrix: see
    /// [`crate::svd::holds`].
    ///
    /// # Errors
    /// The device failed.
    fn svd(&self, matrix: &Matrix) -> Result<Option<Svd>>;
}
