//! The arms: the same trainer, different treatments of a gradient. A file for each, all of one shape, and one table.

mod absorb;
mod advantage_mod;
mod erase;
mod frozen_v;
mod gt_only;
mod known_k;
mod placebo_pairs;
mod random_v;
mod random_v_matched;
mod route2b;
mod route2b_token;
mod taught;
mod vanilla;

use crate::gradients::LossGradients;
use crate::seeds::{Purpose, derive};
use crate::{Result, TrainConfig};
use adapter::Layout;
use routing::{Band, Direction, Gate, PairGradients, Routed};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use substrate::Mode;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    Vanilla,
    Route2b,
    Route2bToken,
    RandomV,
    RandomVMatched,
    FrozenV,
    PlaceboPairs,
    Erase,
    Absorb,
    WithoutRunTests,
    WithoutSentinel,
    WithoutStdoutMarker,
    WithoutFileMarker,
    KnownTwo,
    GtOnly,
    AdvantageMod,
    VanillaTaught,
    Route2bTaught,
}

/// In the order of [`Arm`].
const TABLE: [Entry; 18] = [
    vanilla::ENTRY,
    route2b::ENTRY,
    route2b_token::ENTRY,
    random_v::ENTRY,
    random_v_matched::ENTRY,
    frozen_v::ENTRY,
    placebo_pairs::ENTRY,
    erase::ENTRY,
    absorb::ENTRY,
    known_k::WITHOUT_RUN_TESTS,
    known_k::WITHOUT_SENTINEL,
    known_k::WITHOUT_STDOUT_MARKER,
    known_k::WITHOUT_FILE_MARKER,
    known_k::KNOWN_TWO,
    gt_only::ENTRY,
    advantage_mod::ENTRY,
    taught::VANILLA,
    taught::ROUTE2B,
];

/// Everything that makes an arm.
struct Entry {
    arm: Arm,
    name: &'static str,
    /// In a sentence, for the paper.
    what: &'static str,
    treatment: Treatment,
    /// Whether there is a quarantine knob, and rollouts sampled with it on.
    quarantine: bool,
    random_direction: bool,
    /// Whether the direction is made anew as the model changes.
    refreshes: bool,
    pairs: PairSet,
    /// Whether its training problems show their loopholes.
    loopholes: bool,
    /// Whether its first rollouts are demonstrations in part.
    taught: bool,
}

/// What an arm does with the gradients of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// All of it to the deployed knob.
    Nothing,
    /// Each rollout's gradient is split by the gate.
    Rollouts,
    /// Each token's.
    Tokens,
    /// Each rollout's, by a band that is shifted until as much is routed as in another arm's run.
    Matched { to: Arm },
    /// Split, and the routed part dropped.
    Erased,
    /// All of it to both knobs.
    Absorbed,
    /// Each rollout's gradient shrinks by its gate value, averaged over modules.
    Scaled,
}

/// The pairs that an arm's direction and band come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairSet {
    All,
    /// Those that show one of these modes.
    Modes(&'static [Mode]),
    Placebo,
}

impl Arm {
    pub const ALL: [Arm; 18] = {
        let mut all = [Self::Vanilla; TABLE.len()];
        let mut i = 0;
        while i < TABLE.len() {
            all[i] = TABLE[i].arm;
            i += 1;
        }
        all
    };
    /// Every mode held out once.
    pub const LEAVE_ONE_OUT: [Arm; 4] =
        [Self::WithoutRunTests, Self::WithoutSentinel, Self::WithoutStdoutMarker, Self::WithoutFileMarker];

    fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What it does, in a sentence.
    pub fn what(self) -> &'static str {
        self.entry().what
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    pub fn treatment(self) -> Treatment {
        self.entry().treatment
    }

    pub fn pairs(self) -> PairSet {
        self.entry().pairs
    }

    /// Whether its training problems show their loopholes.
    pub fn shows_loopholes(self) -> bool {
        self.entry().loopholes
    }

    /// Whether its first rollouts are demonstrations in part.
    pub fn is_taught(self) -> bool {
        self.entry().taught
    }

    /// Whether the arm has a quarantine at all.
    pub fn routes(self) -> bool {
        self.entry().quarantine
    }

    /// The loophole modes of which it gets no pairs.
    pub fn held_out(self) -> Vec<Mode> {
        match self.pairs() {
            PairSet::Modes(known) => Mode::LOOPHOLES.into_iter().filter(|m| !known.contains(m)).collect(),
            PairSet::All | PairSet::Placebo => vec![],
        }
    }

    /// Whether a gate is asked at all.
    pub fn needs_gate(self) -> bool {
        !matches!(self.treatment(), Treatment::Nothing | Treatment::Absorbed)
    }

    /// Whether the gate must be made before `update` (1-based), given that one exists.
    pub fn refreshes(self, update: usize, config: &TrainConfig) -> bool {
        self.entry().refreshes && update > 1 && (update - 1).is_multiple_of(config.refresh)
    }

    /// The gate from the pairs' gradients on the current deployed model.
    ///
    /// # Errors
    /// Pairs that should show the hack and give no band. A random or a placebo direction may collapse.
    pub fn gate(self, pairs: &PairGradients, layout: &Layout, config: &TrainConfig) -> Result<Gate> {
        if self.entry().random_direction {
            let direction = Direction::random(derive(config.seed, Purpose::RandomDirection, 0, 0), layout)?;
            let band = Band::calibrate(pairs, &direction, layout);
            return Ok(Gate { direction, band });
        }
        let direction = Direction::from_pairs(pairs, layout)?;
        let band = Band::calibrate(pairs, &direction, layout);
        let band = if self.pairs() == PairSet::Placebo { band } else { band.require_positive()? };
        Ok(Gate { direction, band })
    }

    /// Divides an update's gradients between the knobs. `matched` is the mean gate value that the band is shifted to.
    pub fn treat(self, gate: Option<&Gate>, loss: &LossGradients, layout: &Layout, matched: Option<f64>) -> Routed {
        let gradients = &loss.gradients;
        match (self.treatment(), gate) {
            (Treatment::Absorbed, _) => Routed::nothing(gradients, layout).absorbed(),
            (Treatment::Nothing, _) | (_, None) => Routed::nothing(gradients, layout),
            (Treatment::Tokens, Some(gate)) => gate.split_tokens(&loss.tokens, layout),
            (Treatment::Matched { .. }, Some(gate)) => {
                gate.routing(matched.unwrap_or(0.0), gradients, layout).split(gradients, layout)
            }
            (Treatment::Erased, Some(gate)) => gate.split(gradients, layout).erased(),
            (Treatment::Scaled, Some(gate)) => gate.scale(gradients, layout),
            (Treatment::Rollouts, Some(gate)) => gate.split(gradients, layout),
        }
    }
}

impl Serialize for Arm {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Arm {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::from_name(&name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            serde::de::Error::custom(format!("unknown arm `{name}`: arms are {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_arms_and_names_are_their_own() {
        for (i, arm) in Arm::ALL.into_iter().enumerate() {
            assert_eq!(arm as usize, i);
            assert_eq!(Arm::from_name(arm.name()), Some(arm));
        }
    }

    #[test]
    fn every_mode_is_held_out_once_and_two_of_four_are() {
        let held: Vec<Mode> = Arm::LEAVE_ONE_OUT.into_iter().flat_map(Arm::held_out).collect();
        assert_eq!(held, Mode::LOOPHOLES);
        assert_eq!(Arm::KnownTwo.held_out().len(), 2);
        assert!(Arm::Route2b.held_out().is_empty());
    }
}
