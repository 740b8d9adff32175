//! The band, from the pairs alone, per module: `lower = mean cos(grad clean, v)`, `upper = mean cos(grad hack, v)`.

use crate::{Direction, PairGradients, Result, RoutingError};
use adapter::{Layout, RolloutGradients};

/// One lower and one upper edge per module.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Mean cosine of the clean answers: from here down nothing is routed.
    pub lower: Vec<f32>,
    /// Mean cosine of the hacks: from here up everything is routed.
    pub upper: Vec<f32>,
}

impl Band {
    /// Measures both edges of each module on the pairs.
    pub fn calibrate(pairs: &PairGradients, direction: &Direction, layout: &Layout) -> Self {
        let edge = |side: &RolloutGradients| {
            let mean = |range: std::ops::Range<usize>| {
                let cosines = side.rows.iter().map(|row| direction.alignment(row, range.clone()));
                (cosines.sum::<f64>() / side.rows.len() as f64) as f32
            };
            layout.ranges().map(mean).collect()
        };
        Self { lower: edge(&pairs.clean), upper: edge(&pairs.hack) }
    }

    /// `mean(upper - lower)` over the modules.
    pub fn width(&self) -> f64 {
        let widths = self.upper.iter().zip(&self.lower).map(|(u, l)| (u - l) as f64);
        widths.sum::<f64>() / self.lower.len().max(1) as f64
    }

    /// A direction made from pairs must separate them; a random one may not.
    pub fn require_positive(self) -> Result<Self> {
        let width = self.width();
        if width > 0.0 { Ok(self) } else { Err(RoutingError::NoBand(width)) }
    }
}
