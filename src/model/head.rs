//! Log-probabilities of chosen tokens, and the gradient of a loss that is written in them.
//!
//! Rows are taken a chunk at a time, so a 151,936-token vocabulary never exists for all positions at once.

use crate::Result;
use crate::decoder::{Decoder, Trace};
use crate::tap::Tap;
use backend::ops::Coefficients;
use backend::read;
use burn_tensor::{DType, Int, Tensor, TensorData};
use std::ops::Range;

/// Logits that may exist at a time: 640 MiB in f32, about 1,100 rows of the largest vocabulary.
pub const LOGITS_AT_ONCE: usize = 160 << 20;

/// Which hidden rows predict which tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// Row of the hidden states whose output is scored; each at most once.
    pub rows: Vec<i32>,
    /// The token that came next.
    pub tokens: Vec<i32>,
}

impl Targets {
    /// The completion tokens of packed rows: row `i` holds `total[i]` tokens, the first `prompt[i]` given.
    pub fn completions(spans: &[(usize, usize)], rows: &[&[u32]]) -> Self {
        let (mut out, mut start) = (Self::default(), 0);
        for (&(prompt, total), row) in spans.iter().zip(rows) {
            out.rows.extend((prompt..total).map(|position| (start + position - 1) as i32));
            out.tokens.extend(row[prompt..total].iter().map(|&token| token as i32));
            start += row.len();
        }
        out
    }

    /// How many tokens are scored.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn chunks(&self, vocabulary: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let (n, step) = (self.len(), (LOGITS_AT_ONCE / vocabulary).max(1));
        (0..n).step_by(step).map(move |start| start..(start + step).min(n))
    }
}

/// A loss over chosen log-probabilities, given by its derivative `dL/dlogp_i` for each target.
pub enum Objective<'a> {
    /// A fixed weight per target: a (weighted) negative log-likelihood, or the policy gradient at ratio 1.
    Linear(&'a [f32]),
    /// The same plus `kl * (exp(x) - x - 1)`, `x = reference - logp`: adds `kl * (1 - exp(x))`.
    WithKl {
        /// As for [`Self::Linear`].
        weight: &'a [f32],
        /// Log-probabilities of the same tokens under the base model.
        reference: &'a [f32],
        /// Weight of the KL term.
        kl: f32,
    },
}

impl Decoder {
    fn ints(&self, values: &[i32]) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &self.backend.device)
    }

    fn floats(&self, values: &[f32]) -> Tensor<1> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), (&self.backend.device, DType::F32))
    }

    /// `log softmax(logits)[token]` for every target, in order.
    pub fn log_probs(&self, hidden: &Tensor<2>, targets: &Targets) -> Result<Vec<f32>> {
        let parts: Vec<Tensor<1>> = targets
            .chunks(self.config.vocab_size)
            .map(|chunk| {
                let taken = hidden.clone().select(0, self.ints(&targets.rows[chunk.clone()]));
                self.backend.ops.token_logprobs(&self.logits(&taken), &self.ints(&targets.tokens[chunk]))
            })
            .collect();
        if parts.is_empty() { Ok(vec![]) } else { Ok(read(Tensor::cat(parts, 0))?) }
    }

    /// Log-probabilities and the gradient of the objective with respect to the hidden states, `[N, H]`.
    /// `dlogits = coefficient * (onehot - softmax)`; `on_head` sees each chunk's `(hidden, dlogits)`.
    pub fn head_gradient(
        &self,
        hidden: &Tensor<2>,
        targets: &Targets,
        objective: &Objective,
        mut on_head: impl FnMut(&Tensor<2>, &Tensor<2>),
    ) -> (Tensor<1>, Tensor<2>) {
        let [n, width] = hidden.dims();
        let (mut logp, mut back) = (vec![], vec![]);
        for chunk in targets.chunks(self.config.vocab_size) {
            let taken = hidden.clone().select(0, self.ints(&targets.rows[chunk.clone()]));
            let tokens = self.ints(&targets.tokens[chunk.clone()]);
            let coefficients = match objective {
                Objective::Linear(weight) => Coefficients { weight: self.floats(&weight[chunk]), reference: None },
                Objective::WithKl { weight, reference, kl } => Coefficients {
                    weight: self.floats(&weight[chunk.clone()]),
                    reference: Some((self.floats(&reference[chunk]), *kl)),
                },
            };
            let (found, dlogits) =
                self.backend.ops.token_logprobs_backward(self.logits(&taken), &tokens, &coefficients, self.dtype());
            on_head(&taken, &dlogits);
            back.push(self.backend.ops.linear_backward(&dlogits, &self.head));
            logp.push(found);
        }
        // Rows without a target take the row of zeros behind all others: a gather, so no two writes can meet.
        let mut place = vec![targets.len() as i32; n];
        targets.rows.iter().enumerate().for_each(|(i, &row)| place[row as usize] = i as i32);
        back.push(Tensor::zeros([1, width], (&self.backend.device, self.dtype())));
        let logp = if targets.is_empty() { self.floats(&[]) } else { Tensor::cat(logp, 0) };
        (logp, Tensor::cat(back, 0).select(0, self.ints(&place)))
    }

    /// Forward and backward in one call: returns the targets' log-probabilities.
    pub fn gradient(
        &self,
        (hidden, trace): (Tensor<2>, Trace),
        targets: &Targets,
        objective: &Objective,
        tap: &mut dyn Tap,
    ) -> Tensor<1> {
        let (logp, dhidden) = self.head_gradient(&hidden, targets, objective, |_, _| {});
        drop(hidden);
        self.backward(trace, dhidden, tap);
        logp
    }
}
