//! The arms: the same trainer, three ways to treat a gradient.

use crate::seeds::{Purpose, derive};
use crate::{Result, TrainConfig};
use adapter::Layout;
use routing::{Band, Direction, Gate, PairGradients};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// Plain GRPO: one knob, no routing.
    Vanilla,
    /// The method: the pairs' direction, refreshed.
    Route2b,
    /// The control: a random direction with the same machinery, never refreshed.
    RandomV,
}

impl Arm {
    pub const ALL: [Arm; 3] = [Self::Vanilla, Self::Route2b, Self::RandomV];

    pub fn name(self) -> &'static str {
        match self {
            Self::Vanilla => "vanilla",
            Self::Route2b => "route2b",
            Self::RandomV => "random-v",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    /// Whether the arm has a quarantine at all.
    pub fn routes(self) -> bool {
        self != Self::Vanilla
    }

    /// Whether the gate must be made before `update` (1-based), given that one exists.
    pub fn refreshes(self, update: usize, config: &TrainConfig) -> bool {
        self == Self::Route2b && update > 1 && (update - 1).is_multiple_of(config.refresh)
    }

    /// The gate from the pairs' gradients on the current deployed model.
    pub fn gate(self, pairs: &PairGradients, layout: &Layout, config: &TrainConfig) -> Result<Option<Gate>> {
        match self {
            Self::Vanilla => Ok(None),
            Self::Route2b => {
                let direction = Direction::from_pairs(pairs, layout)?;
                let band = Band::calibrate(pairs, &direction, layout).require_positive()?;
                Ok(Some(Gate { direction, band }))
            }
            Self::RandomV => {
                let direction = Direction::random(derive(config.seed, Purpose::RandomDirection, 0, 0), layout)?;
                let band = Band::calibrate(pairs, &direction, layout);
                Ok(Some(Gate { direction, band }))
            }
        }
    }
}
