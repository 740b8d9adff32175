//! The hack direction: `v = unit(mean_p(grad NLL(hack_p) - grad NLL(clean_p)))`, one unit vector per module.

use crate::{Result, RoutingError, dot};
use adapter::{Layout, RolloutGradients};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Knob gradients of the pairs' mean NLL, quarantine ablated; row `p` of both belongs to pair `p`.
#[derive(Clone, Debug)]
pub struct PairGradients {
    /// Of the answers that hack.
    pub hack: RolloutGradients,
    /// Of the clean answers to the same prompts.
    pub clean: RolloutGradients,
}

/// Unit vectors, flat in layout order.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    /// `v`: each module's stretch has norm 1.
    pub unit: Vec<f32>,
}

impl Direction {
    /// The method's direction.
    pub fn from_pairs(pairs: &PairGradients, layout: &Layout) -> Result<Self> {
        let mut mean = vec![0.0f64; layout.len()];
        for (hack, clean) in pairs.hack.rows.iter().zip(&pairs.clean.rows) {
            for ((m, h), c) in mean.iter_mut().zip(hack).zip(clean) {
                *m += (*h as f64 - *c as f64) / pairs.hack.rows.len() as f64;
            }
        }
        Self::normalised(mean.into_iter().map(|x| x as f32).collect(), layout)
    }

    /// A Haar-random unit vector per module: the control that knows nothing.
    pub fn random(seed: u64, layout: &Layout) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let normal = (0..layout.len()).map(|_| Distribution::<f64>::sample(&StandardNormal, &mut rng) as f32);
        Self::normalised(normal.collect(), layout)
    }

    fn normalised(mut unit: Vec<f32>, layout: &Layout) -> Result<Self> {
        for (module, range) in layout.ranges().enumerate() {
            let part = &mut unit[range];
            let norm = dot(part, part).sqrt();
            if norm == 0.0 || !norm.is_finite() {
                return Err(RoutingError::NoDirection(module));
            }
            part.iter_mut().for_each(|x| *x = (*x as f64 / norm) as f32);
        }
        Ok(Self { unit })
    }
}
