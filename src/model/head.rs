//! Log-probabilities of chosen tokens, and the gradient of a loss that is written in them.
//!
//! Rows are taken a chunk at a time, so a 151,936-token vocabulary never exists for all positions at once.

use crate::{Decoder, Result, decoder::Tap, decoder::Trace, read};
use burn::tensor::{Int, Tensor, TensorData, activation};

/// Logits that may exist at a time: 64 Mi entries, 256 MiB in f32.
const LOGITS_AT_ONCE: usize = 64 << 20;

/// Which hidden rows predict which tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// Row of the hidden states, `b * T + position`, whose output is scored.
    pub rows: Vec<i32>,
    /// The token that came next.
    pub tokens: Vec<i32>,
}

impl Targets {
    /// The completion tokens of right-padded rows: row `i` holds `total[i]` tokens, the first `prompt[i]` given.
    pub fn completions(spans: &[(usize, usize)], rows: &[&[u32]], t: usize) -> Self {
        let mut out = Self::default();
        for (i, (&(prompt, total), row)) in spans.iter().zip(rows).enumerate() {
            out.rows.extend((prompt..total).map(|position| (i * t + position - 1) as i32));
            out.tokens.extend(row[prompt..total].iter().map(|&token| token as i32));
        }
        out
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A loss over chosen log-probabilities, given by its derivative `dL/dlogp_i` for each target.
pub enum Objective<'a> {
    /// A fixed weight per target: a (weighted) negative log-likelihood, or the policy gradient at ratio 1.
    Linear(&'a [f32]),
    /// The same plus `kl * (exp(x) - x - 1)`, `x = reference - logp`: adds `kl * (1 - exp(x))`.
    WithKl { weight: &'a [f32], reference: &'a [f32], kl: f32 },
}

impl Objective<'_> {
    fn coefficient(&self, i: usize, logp: f32) -> f32 {
        match self {
            Self::Linear(weight) => weight[i],
            Self::WithKl { weight, reference, kl } => weight[i] + kl * (1.0 - (reference[i] - logp).exp()),
        }
    }
}

impl Decoder {
    /// `log softmax(logits)[token]` for every target, in order.
    pub fn log_probs(&self, hidden: &Tensor<2>, targets: &Targets) -> Result<Vec<f32>> {
        let mut out = Vec::with_capacity(targets.len());
        for chunk in self.chunks(targets) {
            let (rows, tokens) = self.indices(targets, chunk);
            let scores = activation::log_softmax(self.logits(hidden.clone().select(0, rows)), 1);
            out.extend(read(scores.gather(1, tokens.unsqueeze_dim(1)))?);
        }
        Ok(out)
    }

    /// Log-probabilities and the gradient of the objective with respect to the hidden states, `[N, H]`.
    /// `dlogits = coefficient * (onehot - softmax)`; `on_head` sees each chunk's `(hidden, dlogits)`.
    pub fn head_gradient(
        &self,
        hidden: &Tensor<2>,
        targets: &Targets,
        objective: &Objective,
        mut on_head: impl FnMut(&Tensor<2>, &Tensor<2>),
    ) -> Result<(Vec<f32>, Tensor<2>)> {
        let mut all = Vec::with_capacity(targets.len());
        let mut dhidden = hidden.zeros_like();
        for chunk in self.chunks(targets) {
            let start = chunk.start;
            let (rows, tokens) = self.indices(targets, chunk);
            let taken = hidden.clone().select(0, rows.clone());
            let scores = activation::log_softmax(self.logits(taken.clone()), 1);
            let index = tokens.unsqueeze_dim::<2>(1);
            let logp: Vec<f32> = read(scores.clone().gather(1, index.clone()))?;
            let weights: Vec<f32> =
                logp.iter().enumerate().map(|(i, &l)| objective.coefficient(start + i, l)).collect();
            let m = weights.len();
            let weights = Tensor::<2>::from_data(TensorData::new(weights, [m, 1]), &self.device);
            let dlogits =
                (scores.exp() * weights.clone().neg()).scatter(1, index, weights, burn::tensor::IndexingUpdateOp::Add);
            on_head(&taken, &dlogits);
            let back = dlogits.matmul(self.head.clone());
            dhidden = dhidden.select_assign(0, rows, back, burn::tensor::IndexingUpdateOp::Add);
            all.extend(logp);
        }
        Ok((all, dhidden))
    }

    /// Forward and backward in one call: returns the targets' log-probabilities.
    pub fn gradient(
        &self,
        (hidden, trace): (Tensor<2>, Trace),
        targets: &Targets,
        objective: &Objective,
        tap: &mut dyn Tap,
    ) -> Result<Vec<f32>> {
        let (logp, dhidden) = self.head_gradient(&hidden, targets, objective, |_, _| {})?;
        self.backward(&trace, dhidden, tap);
        Ok(logp)
    }

    fn chunks(&self, targets: &Targets) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (n, step) = (targets.len(), (LOGITS_AT_ONCE / self.config.vocab_size).max(1));
        (0..n).step_by(step).map(move |start| start..(start + step).min(n))
    }

    fn indices(&self, targets: &Targets, chunk: std::ops::Range<usize>) -> (Tensor<1, Int>, Tensor<1, Int>) {
        let put =
            |v: &[i32]| Tensor::from_data(TensorData::new(v[chunk.clone()].to_vec(), [chunk.len()]), &self.device);
        (put(&targets.rows), put(&targets.tokens))
    }
}
