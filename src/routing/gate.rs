//! The gate, per module and rollout: `f_b = clamp((cos(g_b, v) - lower) / max(upper - lower, 1e-6), 0, 1)`.
//! The quarantine gets `sum_b f_b g_b`, the deployed knob `sum_b (1 - f_b) g_b`.

use crate::{Band, Direction};
use adapter::token_gate::NARROWEST;
use adapter::{Basis, Layout, RolloutGradients, TokenGate, TokenSplit};
use rayon::prelude::*;
use std::ops::Range;

/// Gate values are multiples of 2^-24, so `f g` and `(1 - f) g` are exact in f64 and add up to `g` bit for bit.
const STEPS: f64 = (1u64 << 24) as f64;

/// Steps of the search for a band that routes a given mass: the distance is then known to 2^-20.
const HALVINGS: usize = 24;

/// A direction with its band.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// What gradients are compared with.
    pub direction: Direction,
    /// Which cosines route nothing, and which everything.
    pub band: Band,
}

/// A batch of gradients, split. Vectors are flat in layout order.
#[derive(Clone, Debug, PartialEq)]
pub struct Routed {
    /// The gradient of the deployed knob.
    pub deployed: Vec<f64>,
    /// The gradient of the quarantine.
    pub quarantined: Vec<f64>,
    /// Mean gate value over modules, one per rollout.
    pub fractions: Vec<f64>,
}

impl Routed {
    /// What a gate of tokens left: the quarantine gets `sum_t f_t g_t` of every rollout, the deployed knob the rest of it.
    pub fn by_tokens(gradients: &RolloutGradients, split: &TokenSplit, layout: &Layout) -> Self {
        let whole = Self::nothing(gradients, layout).deployed;
        let quarantined = Self::nothing(&split.quarantined, layout).deployed;
        let deployed = whole.iter().zip(&quarantined).map(|(whole, quarantined)| whole - quarantined).collect();
        Self { deployed, quarantined, fractions: split.fractions() }
    }

    /// Everything to the deployed knob: what an arm without routing does.
    pub fn nothing(gradients: &RolloutGradients, layout: &Layout) -> Self {
        let mut deployed = vec![0.0; layout.len()];
        for row in &gradients.rows {
            deployed.iter_mut().zip(row).for_each(|(k, &g)| *k += g as f64);
        }
        Self { deployed, quarantined: vec![0.0; layout.len()], fractions: vec![0.0; gradients.rows.len()] }
    }

    /// Both knobs take everything.
    pub fn absorbed(self) -> Self {
        Self { quarantined: self.deployed.clone(), ..self }
    }

    /// Each knob moves along singular directions of its own: the deployed one along every second, the quarantine along the others.
    pub fn apart(mut self, layout: &Layout) -> Self {
        for range in layout.ranges() {
            for i in range.clone() {
                let other =
                    if (i - range.start).is_multiple_of(2) { &mut self.quarantined } else { &mut self.deployed };
                other[i] = 0.0;
            }
        }
        self
    }

    /// The routed part is dropped.
    pub fn erased(self) -> Self {
        Self { quarantined: vec![0.0; self.deployed.len()], ..self }
    }

    /// Mean gate value over rollouts.
    pub fn mass(&self) -> f64 {
        self.fractions.iter().sum::<f64>() / self.fractions.len().max(1) as f64
    }
}

/// A number for each module and row: `[module][row]`.
type ByModule = Vec<Vec<f64>>;

impl Gate {
    /// Gate values of one rollout, one per module.
    pub fn fractions(&self, row: &[f32], layout: &Layout) -> Vec<f64> {
        self.opened(&self.cosines(&[row], layout)).into_iter().flatten().collect()
    }

    /// The same gate for every single token, on the device.
    pub fn of_tokens(&self, basis: &Basis) -> TokenGate {
        TokenGate::new(basis, &self.direction.units, &self.band.lower, &self.band.upper)
    }

    /// Splits rollout by rollout: one gate value for each module and rollout.
    pub fn split(&self, gradients: &RolloutGradients, layout: &Layout) -> Routed {
        let rows = slices(gradients);
        divide(&rows, &self.opened(&self.cosines(&rows, layout)), layout)
    }

    /// Each rollout's mean gate value over modules.
    pub fn scores(&self, gradients: &RolloutGradients, layout: &Layout) -> Vec<f64> {
        let rows = slices(gradients);
        over_modules(&self.opened(&self.cosines(&rows, layout)), rows.len())
    }

    /// Nothing is quarantined; each gradient counts by a weight that its score gives it: `sum_b w_b g_b`.
    pub fn weighted(
        &self,
        gradients: &RolloutGradients,
        layout: &Layout,
        weights: impl FnOnce(&[f64]) -> Vec<f64>,
    ) -> Routed {
        let (scores, mut deployed) = (self.scores(gradients, layout), vec![0.0; layout.len()]);
        for (row, weight) in gradients.rows.iter().zip(weights(&scores)) {
            deployed.iter_mut().zip(row).for_each(|(k, &g)| *k += weight * g as f64);
        }
        Routed { deployed, quarantined: vec![0.0; layout.len()], fractions: scores }
    }

    /// Splits by gate values that `other` makes of each module's own, one per rollout.
    pub fn split_by(
        &self,
        gradients: &RolloutGradients,
        layout: &Layout,
        other: impl Fn(&[f64]) -> Vec<f64>,
    ) -> Routed {
        let rows = slices(gradients);
        let opened = self.opened(&self.cosines(&rows, layout));
        let values: ByModule = opened.iter().map(|own| other(own).into_iter().map(exact).collect()).collect();
        divide(&rows, &values, layout)
    }

    /// Splits, the deployed knob's part of row `b` counted by `weights[b]`.
    pub fn split_weighted(&self, gradients: &RolloutGradients, layout: &Layout, weights: &[f32]) -> Routed {
        let weighted = |(row, w): (&Vec<f32>, &f32)| row.iter().map(|g| g * w).collect();
        let weighted = RolloutGradients { rows: gradients.rows.iter().zip(weights).map(weighted).collect() };
        // A cosine does not see a gradient's length: both have the same gate values.
        Routed { deployed: self.split(&weighted, layout).deployed, ..self.split(gradients, layout) }
    }

    /// Splits rollout by rollout, those that are `marked` by another band of the same direction.
    pub fn split_by_two(&self, other: &Band, marked: &[bool], gradients: &RolloutGradients, layout: &Layout) -> Routed {
        let rows = slices(gradients);
        let cosines = self.cosines(&rows, layout);
        let other = Gate { direction: self.direction.clone(), band: other.clone() };
        let mut values = self.opened(&cosines);
        for (own, theirs) in values.iter_mut().zip(other.opened(&cosines)) {
            own.iter_mut()
                .zip(theirs)
                .zip(marked)
                .filter(|(_, marked)| **marked)
                .for_each(|((f, other), _)| *f = other);
        }
        divide(&rows, &values, layout)
    }

    /// Splits by `cos(sign(a_b) g_b, v)`: what the gate would say of the likelihood's gradient, where `g_b` carries the sign of
    /// an advantage `a_b`.
    pub fn split_signed(&self, gradients: &RolloutGradients, layout: &Layout, advantages: &[f64]) -> Routed {
        let rows = slices(gradients);
        let mut cosines = self.cosines(&rows, layout);
        for of_module in &mut cosines {
            of_module.iter_mut().zip(advantages).for_each(|(cos, a)| *cos *= a.signum());
        }
        divide(&rows, &self.opened(&cosines), layout)
    }

    /// Three ways instead of a share: a value above 2/3 sends the whole gradient to the quarantine, one below 1/3 to the deployed
    /// knob, one between to both.
    pub fn split_hard(&self, gradients: &RolloutGradients, layout: &Layout) -> Routed {
        let rows = slices(gradients);
        let values = self.opened(&self.cosines(&rows, layout));
        let shares = |of: fn(f64) -> f64| values.iter().map(|own| own.iter().map(|f| of(*f)).collect()).collect();
        let to_quarantine: ByModule = shares(|f| f64::from(u8::from(f >= 1.0 / 3.0)));
        let from_deployed: ByModule = shares(|f| f64::from(u8::from(f > 2.0 / 3.0)));
        Routed {
            deployed: divide(&rows, &from_deployed, layout).deployed,
            quarantined: divide(&rows, &to_quarantine, layout).quarantined,
            fractions: over_modules(&values, rows.len()),
        }
    }

    /// The same direction with its band moved, by one distance in all modules, until the mean gate value over these
    /// rollouts is `mass`. The mean falls as the band rises, so halving finds the place.
    pub fn routing(&self, mass: f64, gradients: &RolloutGradients, layout: &Layout) -> Gate {
        let cosines = self.cosines(&slices(gradients), layout);
        // Cosines differ by 2 at most: that far down the gate is all open, and that far up all shut.
        found_by_halving(mass, 2.0 + self.reach(), &cosines, |by| self.moved(by))
    }

    /// The same direction with ramps of this batch's own: in each module the band reaches one standard deviation of the rollouts'
    /// cosines to either side of `mean + z` standard deviations, where `z` is the same in all modules and such that the mean gate
    /// value over these rollouts is `mass`. So a direction whose pairs give it no band still gets gate values between 0 and 1. A module
    /// in which all cosines are alike has no spread to make a ramp of: there next to nothing is routed, and the mean stays below `mass`.
    pub fn ramp(&self, mass: f64, gradients: &RolloutGradients, layout: &Layout) -> Gate {
        let cosines = self.cosines(&slices(gradients), layout);
        let spreads: Vec<(f64, f64)> = cosines.iter().map(|own| mean_and_deviation(own)).collect();
        let at = |z: f32| {
            let edge = |off: f64| spreads.iter().map(|(mean, sd)| (mean + (f64::from(z) + off) * sd) as f32).collect();
            Gate { direction: self.direction.clone(), band: Band { lower: edge(-1.0), upper: edge(1.0) } }
        };
        // Of n values none is further than sqrt(n) standard deviations from their mean.
        found_by_halving(mass, 1.0 + (gradients.rows.len() as f32).sqrt(), &cosines, at)
    }

    /// Each row's cosine with the direction.
    fn cosines(&self, rows: &[&[f32]], layout: &Layout) -> ByModule {
        by_module(layout, |_, r| rows.iter().map(|row| self.direction.alignment(row, r.clone())).collect())
    }

    /// The gate values that these cosines get.
    fn opened(&self, cosines: &ByModule) -> ByModule {
        let edges = self.band.lower.iter().zip(&self.band.upper);
        let one = |(cosines, (&lower, &upper)): (&Vec<f64>, (&f32, &f32))| {
            let (lower, upper) = (lower as f64, upper as f64);
            let gate = |cos: &f64| ((cos - lower) / (upper - lower).max(NARROWEST)).clamp(0.0, 1.0);
            cosines.iter().map(|cos| exact(gate(cos))).collect()
        };
        cosines.iter().zip(edges).map(one).collect()
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

/// The nearest gate value whose products with a gradient are exact.
fn exact(value: f64) -> f64 {
    (value * STEPS).round() / STEPS
}

/// The gate at the place between `-furthest` and `furthest` where its mean value is `mass`; it falls as the place rises.
fn found_by_halving(mass: f64, furthest: f32, cosines: &ByModule, at: impl Fn(f32) -> Gate) -> Gate {
    let rows = cosines.first().map_or(0, Vec::len);
    let (mut open, mut shut) = (-furthest, furthest);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (open + shut);
        let found = mean(&over_modules(&at(middle).opened(cosines), rows));
        if found > mass { open = middle } else { shut = middle }
    }
    at(0.5 * (open + shut))
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let mean = mean(values);
    let square = |x: &f64| (x - mean).powi(2);
    (mean, (values.iter().map(square).sum::<f64>() / values.len().max(1) as f64).sqrt())
}

fn slices(gradients: &RolloutGradients) -> Vec<&[f32]> {
    gradients.rows.iter().map(Vec::as_slice).collect()
}

/// Modules do not touch each other: each is computed by a thread, and the order of additions within it is fixed.
fn by_module<T: Send>(layout: &Layout, of: impl Fn(usize, Range<usize>) -> T + Sync) -> Vec<T> {
    let ranges: Vec<Range<usize>> = layout.ranges().collect();
    ranges.into_par_iter().enumerate().map(|(module, range)| of(module, range)).collect()
}

/// Both parts of every gradient, summed over rows.
fn divide(rows: &[&[f32]], fractions: &ByModule, layout: &Layout) -> Routed {
    let parts = by_module(layout, |module, range| {
        let (mut deployed, mut quarantined) = (vec![0.0; range.len()], vec![0.0; range.len()]);
        for (row, f) in rows.iter().zip(&fractions[module]) {
            for ((k, q), &g) in deployed.iter_mut().zip(&mut quarantined).zip(&row[range.clone()]) {
                *q += f * g as f64;
                *k += (1.0 - f) * g as f64;
            }
        }
        (deployed, quarantined)
    });
    let (deployed, quarantined): (Vec<Vec<f64>>, Vec<Vec<f64>>) = parts.into_iter().unzip();
    Routed {
        deployed: deployed.concat(),
        quarantined: quarantined.concat(),
        fractions: over_modules(fractions, rows.len()),
    }
}

/// Each row's mean over modules.
fn over_modules(values: &ByModule, rows: usize) -> Vec<f64> {
    let mean = |row: usize| values.iter().map(|of_rows| of_rows[row]).sum::<f64>() / values.len().max(1) as f64;
    (0..rows).map(mean).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
