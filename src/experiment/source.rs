//! Where problems, pairs and weights come from.

use serde::Deserialize;
use substrate::{Loophole, Protocol};

/// Where problems, pairs and weights come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// All in one folder that is shipped.
    #[default]
    Organism,
    /// The published benchmark, fetched.
    Leetcode,
    /// Tasks that are shipped, for a model that is fetched.
    Tasks,
}

impl Source {
    /// As manifests write it.
    pub fn name(self) -> &'static str {
        ["organism", "leetcode", "tasks"][self as usize]
    }

    /// Whether its problems are of this repository.
    pub fn ships_problems(self) -> bool {
        self != Self::Leetcode
    }

    /// Whether its base models are.
    pub fn ships_models(self) -> bool {
        self == Self::Organism
    }

    /// Whether models are also tested on problems without a loophole. They were made to write code before; an organism was made for
    /// its problems alone.
    pub fn tests_ability(self) -> bool {
        !self.ships_models()
    }

    /// The loopholes that its problems show.
    pub fn loopholes(self) -> &'static [Loophole] {
        match self {
            Self::Organism | Self::Tasks => &Loophole::ORGANISM,
            Self::Leetcode => &Loophole::LINES,
        }
    }

    /// Whose rules its problems are shown and graded by.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Organism => Protocol::Organism,
            Self::Leetcode | Self::Tasks => Protocol::Benchmark,
        }
    }
}
