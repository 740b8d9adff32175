//! Pre-training: AdamW on every weight, next-token loss over prompt and response.
//!
//! The gradients come from the model's own backward pass, so a base that learned is evidence that it is right.

use crate::{Result, corpus, data, problems};
use backend::portable::unit;
use backend::{Backend, Batch, read};
use burn_tensor::{Int, Tensor};
use model::{Decoder, Group, NormWeight, Objective, Parameter, Tap, Targets, Tokenizer, Weights};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::collections::BTreeMap;

/// The schedule: `steps` batches of `rows` sequences, peak rate after `warmup`, then a cosine.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// What the corpus is made of.
    pub mix: corpus::Mix,
    /// Sequences in the corpus.
    pub samples: usize,
    /// Updates of the weights.
    pub steps: usize,
    /// Sequences of a batch, drawn with replacement.
    pub rows: usize,
    /// Peak learning rate; the cosine ends at a fiftieth of it.
    pub lr: f64,
    /// Updates in which the rate rises from zero.
    pub warmup: f64,
    /// Weight decay, times the learning rate.
    pub weight_decay: f64,
    /// What the corpus, the first weights and the batches are drawn from.
    pub seed: u64,
}

/// The seeds of the shipped base models, in their order.
pub const SEEDS: [u64; data::BASES] = [1, 2, 3];

impl Recipe {
    /// The recipe of the shipped base models.
    pub fn of(seed: u64) -> Self {
        let (mix, samples, steps) = (corpus::PRETRAIN, 60_000, 1_800);
        Self { mix, samples, steps, rows: 256, lr: 2e-3, warmup: 100.0, weight_decay: 0.05, seed }
    }
}

const BETAS: (f64, f64) = (0.9, 0.95);
const CLIP: f64 = 1.0;

/// Trains from random weights; `progress` hears the step and the mean loss.
pub fn pretrain(
    tokenizer: &Tokenizer,
    recipe: &Recipe,
    backend: &Backend,
    mut progress: impl FnMut(usize, f32),
) -> Result<Weights> {
    let world = problems::world();
    let rows = encode(tokenizer, &corpus::sample(&world.seen, recipe.mix, recipe.samples, recipe.seed))?;
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    let mut decoder = Decoder::new(&random_weights(&mut rng), backend)?;
    let mut moments: BTreeMap<Parameter, (Tensor<2>, Tensor<2>)> = BTreeMap::new();
    for step in 0..recipe.steps {
        let batch: Vec<&[u32]> = (0..recipe.rows).map(|_| &rows[rng.random_range(0..rows.len())][..]).collect();
        let (loss, gradients) = loss_and_gradients(&decoder, &batch)?;
        let norm =
            gradients.values().map(|g| g.clone().square().sum()).reduce(|a, b| a + b).expect("parameters").sqrt();
        let scale = (norm + 1e-9).recip().mul_scalar(CLIP).clamp_max(1.0).unsqueeze::<2>();
        let lr = learning_rate(recipe, step);
        // `train::optimizer` has AdamW for knobs, in f64 on vectors. Neither can take the other's arithmetic: here it is f32 on
        // the device with the decay as a factor, and another rounding would give other bases than those that are shipped.
        let (b1, b2) = BETAS;
        let t = (step + 1) as i32;
        for (parameter, gradient) in gradients {
            let gradient = gradient * scale.clone();
            let (m, v) = moments.remove(&parameter).unwrap_or_else(|| (gradient.zeros_like(), gradient.zeros_like()));
            let m = m * b1 + gradient.clone() * (1.0 - b1);
            let v = v * b2 + gradient.square() * (1.0 - b2);
            let update = (m.clone() / (1.0 - b1.powi(t))) / ((v.clone() / (1.0 - b2.powi(t))).sqrt() + 1e-8);
            let value = decoder.parameter(parameter) * (1.0 - lr * recipe.weight_decay) - update * lr;
            decoder.set_parameter(parameter, value);
            moments.insert(parameter, (m, v));
        }
        progress(step, loss);
    }
    Ok(decoder.download()?)
}

fn learning_rate(recipe: &Recipe, step: usize) -> f64 {
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / recipe.steps as f64).cos());
    recipe.lr * (step as f64 / recipe.warmup).min(1.0) * (cosine + 0.02)
}

fn encode(tokenizer: &Tokenizer, samples: &[corpus::Sample]) -> Result<Vec<Vec<u32>>> {
    samples
        .iter()
        .map(|(prompt, response)| {
            let mut row = tokenizer.encode(prompt)?;
            row.extend(tokenizer.encode(response)?);
            row.push(tokenizer.end());
            Ok(row)
        })
        .collect()
}

fn random_weights(rng: &mut ChaCha8Rng) -> Weights {
    Weights::from_fn(data::architecture(), |name, shape| {
        let n = shape.iter().product();
        let spread = if name.contains("embed") { 0.05 } else { (shape[shape.len() - 1] as f64).powf(-0.5) };
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        if shape.len() == 1 { vec![1.0; n] } else { (0..n).map(|_| (normal() * spread) as f32).collect() }
    })
}

/// Mean loss over all next tokens, and its gradient for every parameter.
fn loss_and_gradients(decoder: &Decoder, rows: &[&[u32]]) -> Result<(f32, BTreeMap<Parameter, Tensor<2>>)> {
    let batch = Batch::new(rows, &decoder.backend.device);
    let spans: Vec<(usize, usize)> = rows.iter().map(|r| (1, r.len())).collect();
    let targets = Targets::completions(&spans, rows);
    let weight = vec![-1.0 / targets.len() as f32; targets.len()];
    let mut tap = AllWeights { vocabulary: decoder.config.vocab_size, gradients: BTreeMap::new() };
    let (hidden, trace) = decoder.forward(&batch);
    let mut head = None;
    let (logp, dhidden) = decoder.head_gradient(&hidden, &targets, &Objective::Linear(&weight), |h, dlogits| {
        let part = dlogits.clone().transpose().matmul(h.clone());
        head = Some(head.take().map_or(part.clone(), |sum: Tensor<2>| sum + part));
    });
    decoder.backward(trace, dhidden, &mut tap);
    if let Some(head) = head {
        tap.add(Parameter::Embed, head);
    }
    let logp = read(logp)?;
    Ok((-logp.iter().sum::<f32>() / logp.len() as f32, tap.gradients))
}

/// Collects the gradient of every weight of a model with tied embeddings.
struct AllWeights {
    vocabulary: usize,
    gradients: BTreeMap<Parameter, Tensor<2>>,
}

impl AllWeights {
    fn add(&mut self, parameter: Parameter, gradient: Tensor<2>) {
        let sum = match self.gradients.remove(&parameter) {
            Some(g) => g + gradient,
            None => gradient,
        };
        self.gradients.insert(parameter, sum);
    }
}

impl Tap for AllWeights {
    fn linear(&mut self, layer: usize, group: Group, x: &Tensor<2>, dy: &Tensor<2>) {
        self.add(Parameter::Linear(layer, group), dy.clone().transpose().matmul(x.clone()));
    }

    fn takes_gains(&self) -> bool {
        true
    }

    fn gain(&mut self, layer: usize, gain: NormWeight, dy: &Tensor<2>, x: &Tensor<2>, eps: f64) {
        self.add(Parameter::Gain(layer, gain), (dy.clone() * unit(x, eps).0).sum_dim(0));
    }

    fn final_gain(&mut self, dy: &Tensor<2>, x: &Tensor<2>, eps: f64) {
        self.add(Parameter::Final, (dy.clone() * unit(x, eps).0).sum_dim(0));
    }

    /// As a product with the one-hot matrix: a scatter would add in whatever order threads arrive.
    fn embedded(&mut self, ids: &Tensor<1, Int>, dx: &Tensor<2>) {
        let onehot = ids.clone().one_hot::<2>(self.vocabulary).float();
        self.add(Parameter::Embed, onehot.transpose().matmul(dx.clone()));
    }
}
