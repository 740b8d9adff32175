//! Hack directions. The method's own: `v = unit(mean_p(grad NLL(hack_p) - grad NLL(clean_p)))`, one unit vector per module. Others span
//! more than one, or leave out what they share with another direction.

use crate::{Result, RoutingError, cosine, dot};
use adapter::{Layout, RolloutGradients};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::ops::Range;

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
    /// `v_1 .. v_k`, orthogonal to each other in each module, where each one's stretch has norm 1. The method has one.
    pub units: Vec<Vec<f32>>,
}

impl Direction {
    /// The method's direction.
    pub fn from_pairs(pairs: &PairGradients, layout: &Layout) -> Result<Self> {
        Ok(Self { units: vec![normalised(mean_difference(pairs, layout), layout)?] })
    }

    /// The `count` leading right singular vectors of the pairs' differences in each module, each turned toward the mean difference.
    ///
    /// # Errors
    /// Fewer pairs, or differences of a lower rank, than directions are asked for.
    pub fn leading(pairs: &PairGradients, layout: &Layout, count: usize) -> Result<Self> {
        let mean = mean_difference(pairs, layout);
        let mut units = vec![vec![0.0f32; layout.len()]; count];
        for (module, range) in layout.ranges().enumerate() {
            let differences = faer::Mat::from_fn(pairs.hack.rows.len(), range.len(), |p, i| {
                let at = range.start + i;
                f64::from(pairs.hack.rows[p][at]) - f64::from(pairs.clean.rows[p][at])
            });
            let svd = differences.thin_svd().map_err(|_| RoutingError::NoDirection(module))?;
            let known = svd.S().column_vector().iter().take(count).filter(|s| **s > 0.0).count();
            if known < count {
                return Err(RoutingError::NoDirection(module));
            }
            for (k, unit) in units.iter_mut().enumerate() {
                let part: Vec<f32> = svd.V().col(k).iter().map(|x| *x as f32).collect();
                let sign = if dot(&part, &mean[range.clone()]) < 0.0 { -1.0 } else { 1.0 };
                unit[range.clone()].iter_mut().zip(&part).for_each(|(u, x)| *u = sign * x);
            }
        }
        Ok(Self { units })
    }

    /// A Haar-random unit vector per module: the control that knows nothing.
    pub fn random(seed: u64, layout: &Layout) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let normal = (0..layout.len()).map(|_| Distribution::<f64>::sample(&StandardNormal, &mut rng) as f32);
        Ok(Self { units: vec![normalised(normal.collect(), layout)?] })
    }

    /// Each of these without its part along `other`'s first: `unit(v - (v . w) w)` in each module.
    pub fn without(&self, other: &Self, layout: &Layout) -> Result<Self> {
        let one = |unit: &Vec<f32>| {
            let mut left = unit.clone();
            for range in layout.ranges() {
                let along = &other.units[0][range.clone()];
                let shared = dot(&unit[range.clone()], along);
                left[range]
                    .iter_mut()
                    .zip(along)
                    .for_each(|(x, w)| *x = (f64::from(*x) - shared * f64::from(*w)) as f32);
            }
            normalised(left, layout)
        };
        Ok(Self { units: self.units.iter().map(one).collect::<Result<_>>()? })
    }

    /// A knob of size `size` that begins toward the hack: `-size sign(v)`, since gradients are of a loss and go uphill, along the
    /// singular directions that are the quarantine's own where knobs lie apart ([`crate::Routed::apart`]).
    pub fn toward_the_hack(&self, size: f32, layout: &Layout) -> Vec<f32> {
        let mut knob = vec![0.0; layout.len()];
        for range in layout.ranges() {
            for i in range.skip(1).step_by(2) {
                knob[i] = -size * self.units[0][i].signum();
            }
        }
        knob
    }

    /// How far a gradient points this way in one module: the cosine with a single direction, or the length of a unit gradient's
    /// part in the cone of several, `sqrt(sum_k max(0, cos(g, v_k))^2)`.
    pub fn alignment(&self, gradient: &[f32], module: Range<usize>) -> f64 {
        let along = |unit: &Vec<f32>| cosine(&gradient[module.clone()], &unit[module.clone()]);
        match self.units.as_slice() {
            [one] => along(one),
            several => several.iter().map(|unit| along(unit).max(0.0).powi(2)).sum::<f64>().sqrt(),
        }
    }
}

fn mean_difference(pairs: &PairGradients, layout: &Layout) -> Vec<f32> {
    let mut mean = vec![0.0f64; layout.len()];
    for (hack, clean) in pairs.hack.rows.iter().zip(&pairs.clean.rows) {
        for ((m, h), c) in mean.iter_mut().zip(hack).zip(clean) {
            *m += (*h as f64 - *c as f64) / pairs.hack.rows.len() as f64;
        }
    }
    mean.into_iter().map(|x| x as f32).collect()
}

fn normalised(mut unit: Vec<f32>, layout: &Layout) -> Result<Vec<f32>> {
    for (module, range) in layout.ranges().enumerate() {
        let part = &mut unit[range];
        let norm = dot(part, part).sqrt();
        if norm == 0.0 || !norm.is_finite() {
            return Err(RoutingError::NoDirection(module));
        }
        part.iter_mut().for_each(|x| *x = (*x as f64 / norm) as f32);
    }
    Ok(unit)
}
