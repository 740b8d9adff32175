//! The gate, per module and rollout: `f_b = clamp((cos(g_b, v) - lower) / max(upper - lower, 1e-6), 0, 1)`.
//! The quarantine gets `sum_b f_b g_b`, the deployed knob `sum_b (1 - f_b) g_b`.

use crate::{Band, Direction, cosine};
use adapter::{Layout, RolloutGradients};

/// Narrower bands than this count as this wide.
const NARROWEST: f64 = 1e-6;
/// Gate values are multiples of 2^-24, so `f g` and `(1 - f) g` are exact in f64 and add up to `g` bit for bit.
const STEPS: f64 = (1u64 << 24) as f64;

/// Steps of the search for a band that routes a given mass: the distance is then known to 2^-20.
const HALVINGS: usize = 24;

/// A direction with its band.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    pub direction: Direction,
    pub band: Band,
}

/// A batch of gradients, split. Vectors are flat in layout order.
#[derive(Clone, Debug, PartialEq)]
pub struct Routed {
    pub kept: Vec<f64>,
    pub quarantined: Vec<f64>,
    /// Mean gate value over modules, one per rollout.
    pub fractions: Vec<f64>,
}

impl Routed {
    fn empty(layout: &Layout) -> Self {
        Self { kept: vec![0.0; layout.len()], quarantined: vec![0.0; layout.len()], fractions: vec![] }
    }

    /// Everything to the deployed knob: what an arm without routing does.
    pub fn nothing(gradients: &RolloutGradients, layout: &Layout) -> Self {
        let mut kept = vec![0.0; layout.len()];
        for row in &gradients.rows {
            kept.iter_mut().zip(row).for_each(|(k, &g)| *k += g as f64);
        }
        Self { kept, quarantined: vec![0.0; layout.len()], fractions: vec![0.0; gradients.rows.len()] }
    }

    /// Both knobs take everything.
    pub fn absorbed(self) -> Self {
        Self { quarantined: self.kept.clone(), ..self }
    }

    /// The routed part is dropped.
    pub fn erased(self) -> Self {
        Self { quarantined: vec![0.0; self.kept.len()], ..self }
    }

    /// Mean gate value over rollouts.
    pub fn mass(&self) -> f64 {
        self.fractions.iter().sum::<f64>() / self.fractions.len().max(1) as f64
    }
}

impl Gate {
    /// The gate value of one module's gradient.
    fn fraction(&self, module: usize, gradient: &[f32], unit: &[f32]) -> f64 {
        let (lower, upper) = (self.band.lower[module] as f64, self.band.upper[module] as f64);
        let f = ((cosine(gradient, unit) - lower) / (upper - lower).max(NARROWEST)).clamp(0.0, 1.0);
        (f * STEPS).round() / STEPS
    }

    /// Gate values of one rollout, one per module.
    pub fn fractions(&self, row: &[f32], layout: &Layout) -> Vec<f64> {
        let one = |(module, r): (usize, std::ops::Range<usize>)| {
            self.fraction(module, &row[r.clone()], &self.direction.unit[r])
        };
        layout.ranges().enumerate().map(one).collect()
    }

    pub fn split(&self, gradients: &RolloutGradients, layout: &Layout) -> Routed {
        let mut routed = Routed::empty(layout);
        for row in &gradients.rows {
            let fraction = self.divide(row, layout, &mut routed);
            routed.fractions.push(fraction);
        }
        routed
    }

    /// Splits token by token: `rollouts[b]` holds a gradient per token. A rollout's fraction is the mean over its tokens.
    pub fn split_tokens(&self, rollouts: &[RolloutGradients], layout: &Layout) -> Routed {
        let mut routed = Routed::empty(layout);
        for tokens in rollouts {
            let sum: f64 = tokens.rows.iter().map(|row| self.divide(row, layout, &mut routed)).sum();
            routed.fractions.push(sum / tokens.rows.len().max(1) as f64);
        }
        routed
    }

    /// Adds the two parts of one gradient to `routed`; returns its mean gate value over modules.
    fn divide(&self, row: &[f32], layout: &Layout, routed: &mut Routed) -> f64 {
        let fractions = self.fractions(row, layout);
        for (range, &f) in layout.ranges().zip(&fractions) {
            for i in range {
                let g = row[i] as f64;
                routed.quarantined[i] += f * g;
                routed.kept[i] += (1.0 - f) * g;
            }
        }
        mean(&fractions)
    }

    /// Nothing is quarantined; each gradient shrinks by its mean gate value: `sum_b (1 - s_b) g_b`.
    pub fn scale(&self, gradients: &RolloutGradients, layout: &Layout) -> Routed {
        let mut routed = Routed::empty(layout);
        for row in &gradients.rows {
            let score = mean(&self.fractions(row, layout));
            routed.kept.iter_mut().zip(row).for_each(|(k, &g)| *k += (1.0 - score) * g as f64);
            routed.fractions.push(score);
        }
        routed
    }

    /// The same direction with its band moved, by one distance in all modules, until the mean gate value over these
    /// rollouts is `mass`. The mean falls as the band rises, so halving finds the place.
    pub fn routing(&self, mass: f64, gradients: &RolloutGradients, layout: &Layout) -> Gate {
        // Cosines differ by 2 at most, so at these ends the gate is all open or all shut.
        let (mut open, mut shut) = (-2.0f32 - self.reach(), 2.0 + self.reach());
        for _ in 0..HALVINGS {
            let middle = 0.5 * (open + shut);
            let found = self.moved(middle).split(gradients, layout).mass();
            if found > mass { open = middle } else { shut = middle }
        }
        self.moved(0.5 * (open + shut))
    }

    fn reach(&self) -> f32 {
        self.band.lower.iter().chain(&self.band.upper).fold(1.0, |most, x| most.max(x.abs()))
    }

    fn moved(&self, by: f32) -> Gate {
        let moved = |edges: &[f32]| edges.iter().map(|x| x + by).collect();
        let band = Band { lower: moved(&self.band.lower), upper: moved(&self.band.upper) };
        Gate { direction: self.direction.clone(), band }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
