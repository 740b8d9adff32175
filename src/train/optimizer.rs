//! AdamW on a flat knob, and the learning-rate schedule.

use crate::TrainConfig;

const EPSILON: f64 = 1e-8;

/// What decides how far a gradient moves a knob.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepSize {
    /// The learning rate of the update.
    pub lr: f64,
    /// How much of the running means of the gradient and of its square is kept.
    pub betas: [f64; 2],
    /// Decay toward zero, times the learning rate.
    pub weight_decay: f64,
}

impl StepSize {
    /// That of an update of the deployed knob, from 1.
    pub fn of(config: &TrainConfig, update: usize) -> Self {
        let (lr, betas) = (learning_rate(config, update), config.betas.unwrap_or([0.9, 0.99]));
        Self { lr, betas, weight_decay: config.weight_decay }
    }
}

/// First and second moments of one knob.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Running mean of gradients.
    pub first: Vec<f32>,
    /// Running mean of their squares.
    pub second: Vec<f32>,
}

impl Moments {
    /// Before the first step of a knob of this length.
    pub fn zero(len: usize) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len] }
    }

    /// One step; `update` counts from 1.
    pub fn step(&mut self, knob: &mut [f32], gradient: &[f64], update: usize, how: StepSize) {
        let StepSize { lr, betas: [b1, b2], weight_decay } = how;
        let (c1, c2) = (1.0 - b1.powi(update as i32), 1.0 - b2.powi(update as i32));
        for (i, &g) in gradient.iter().enumerate() {
            let m = b1 * self.first[i] as f64 + (1.0 - b1) * g;
            let v = b2 * self.second[i] as f64 + (1.0 - b2) * g * g;
            let x = knob[i] as f64;
            (self.first[i], self.second[i]) = (m as f32, v as f32);
            knob[i] = (x - lr * (m / c1 / ((v / c2).sqrt() + EPSILON) + weight_decay * x)) as f32;
        }
    }
}

/// Linear warm-up, then a cosine from the peak to `lr_floor` of it at the last update.
pub fn learning_rate(config: &TrainConfig, update: usize) -> f64 {
    if update <= config.warmup {
        return config.lr * update as f64 / config.warmup as f64;
    }
    let done = (update - config.warmup) as f64 / (config.updates - config.warmup).max(1) as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
    config.lr * (config.lr_floor + (1.0 - config.lr_floor) * cosine)
}

/// Scales both halves of the gradient so that their joint norm is at most `clip`; returns the norm before.
pub fn clip(deployed: &mut [f64], quarantined: &mut [f64], clip: f64) -> f64 {
    let norm = deployed.iter().chain(quarantined.iter()).map(|g| g * g).sum::<f64>().sqrt();
    let scale = if norm > clip { clip / norm } else { 1.0 };
    deployed.iter_mut().chain(quarantined.iter_mut()).for_each(|g| *g *= scale);
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: one gradient, then none.
    #[test]
    fn betas_decide_how_long_a_gradient_is_remembered() {
        let moved = |betas: [f64; 2]| {
            let (mut moments, mut knob) = (Moments::zero(1), [0.0f32]);
            moments.step(&mut knob, &[1.0], 1, StepSize { lr: 1.0, betas, weight_decay: 0.0 });
            assert!((knob[0] + 1.0).abs() < 1e-6, "the first step is the learning rate, whatever the betas: {knob:?}");
            moments.step(&mut knob, &[0.0], 2, StepSize { lr: 1.0, betas, weight_decay: 0.0 });
            f64::from(knob[0]) + 1.0
        };
        let expected =
            |[b1, b2]: [f64; 2]| -((1.0 - b1) * b1 / (1.0 - b1 * b1)) / ((1.0 - b2) * b2 / (1.0 - b2 * b2)).sqrt();
        for betas in [[0.9, 0.99], [0.5, 0.9]] {
            assert!((moved(betas) - expected(betas)).abs() < 1e-5, "{betas:?}: {}", moved(betas));
        }
        assert!(moved([0.5, 0.9]).abs() < moved([0.9, 0.99]).abs());
    }
}
