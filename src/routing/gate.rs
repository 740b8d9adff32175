//! The gate, per module and rollout: `f_b = clamp((cos(g_b, v) - lower) / max(upper - lower, 1e-6), 0, 1)`.
//! The quarantine gets `sum_b f_b g_b`, the deployed knob `sum_b (1 - f_b) g_b`.

use crate::{Band, Direction, cosine};
use adapter::{Layout, RolloutGradients};

/// Narrower bands than this count as this wide.
const NARROWEST: f64 = 1e-6;
/// Gate values are multiples of 2^-24, so `f g` and `(1 - f) g` are exact in f64 and add up to `g` bit for bit.
const STEPS: f64 = (1u64 << 24) as f64;

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
    /// Everything to the deployed knob: what an arm without routing does.
    pub fn nothing(gradients: &RolloutGradients, layout: &Layout) -> Self {
        let mut kept = vec![0.0; layout.len()];
        for row in &gradients.rows {
            kept.iter_mut().zip(row).for_each(|(k, &g)| *k += g as f64);
        }
        Self { kept, quarantined: vec![0.0; layout.len()], fractions: vec![0.0; gradients.rows.len()] }
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
        let mut routed = Routed {
            kept: vec![0.0; layout.len()],
            quarantined: vec![0.0; layout.len()],
            fractions: Vec::with_capacity(gradients.rows.len()),
        };
        for row in &gradients.rows {
            let fractions = self.fractions(row, layout);
            for (range, &f) in layout.ranges().zip(&fractions) {
                for i in range {
                    let g = row[i] as f64;
                    routed.quarantined[i] += f * g;
                    routed.kept[i] += (1.0 - f) * g;
                }
            }
            routed.fractions.push(fractions.iter().sum::<f64>() / fractions.len().max(1) as f64);
        }
        routed
    }
}
