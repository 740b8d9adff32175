//! The arms: one trainer, different treatments of a gradient. Every arm is an entry of one table, and nothing else: to add an arm
//! is to add an entry.

mod table;
mod treatment;

pub use treatment::Treatment;

use crate::Result;
use crate::seeds::{Purpose, derive};
use adapter::Layout;
use routing::{Band, Direction, Gate, PairGradients};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use substrate::{Contrast, Loophole};
use table::TABLE;

/// An arm, by its place in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arm(u8);

/// Everything that makes an arm.
struct ArmEntry {
    name: &'static str,
    /// In a sentence, for the paper.
    what: &'static str,
    treatment: Treatment,
    /// Whether there is a quarantine knob, and rollouts sampled with it on.
    quarantine: bool,
    direction: DirectionSource,
    /// What the pairs contrast that direction and band come from.
    contrast: Contrast,
    /// The modes whose pairs it gets; all that have pairs, if none are named.
    known: Option<&'static [Loophole]>,
    /// The contrast whose direction its own leaves out.
    leaves_out: Option<Contrast>,
    /// Whether its training problems show their loopholes.
    disclosure: Disclosure,
    /// Whether its first rollouts are demonstrations in part.
    taught: bool,
    /// A judge from outside that knows the truth, for ceilings.
    supervision: Option<Supervision>,
    /// Whether each knob moves along singular directions of its own, instead of both along all.
    apart: bool,
    /// How far the quarantine begins toward the hack, in every knob of its own.
    toward_the_hack: Option<f32>,
    adapter: Adapter,
    settings: Settings,
}

/// Whether training problems disclose their loopholes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Each problem shows the hint of its mode.
    Shown,
    /// The same problems without a hint.
    None,
    /// Each problem shows the hint of its mode and asks for it to be used: inoculation.
    Invited,
}

/// What the knobs scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adapter {
    /// Each projection's singular directions.
    Singular,
    /// The entries of a LoRA of rank one whose `B` is frozen.
    FrozenB,
}

/// Where the hack direction comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DirectionSource {
    /// From the pairs, anew every `refresh` updates.
    Pairs,
    /// So many leading singular vectors of the pairs' differences, anew every `refresh` updates.
    Leading(usize),
    /// From the pairs on the base model, once.
    PairsOnce,
    /// Haar-random, once.
    Random,
}

/// Settings in which an arm differs from its plan; `None` leaves the plan's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Share of each group sampled and trained with the quarantine off.
    pub deploy_fraction: Option<f64>,
    /// That share in the last update, where it changes over updates.
    pub deploy_fraction_last: Option<f64>,
    /// The quarantine's learning rate, in units of the deployed knob's.
    pub quarantine_lr: Option<f64>,
    /// Share of each group that a teacher writes, where there is one.
    pub teacher_share: Option<f64>,
    /// Rollouts of each group, as a share of the plan's.
    pub group_share: Option<f64>,
    /// Weight of the KL term.
    pub kl: Option<f64>,
    /// Floor of the standard deviation that advantages are divided by.
    pub std_floor: Option<f64>,
    /// Updates between refreshes of the direction.
    pub refresh: Option<usize>,
    /// How many pairs are used.
    pub pairs: Option<usize>,
}

impl Settings {
    const PLAN: Self = Self {
        deploy_fraction: None,
        deploy_fraction_last: None,
        quarantine_lr: None,
        teacher_share: None,
        group_share: None,
        kl: None,
        std_floor: None,
        refresh: None,
        pairs: None,
    };
}

/// What a judge that knows the truth does to rewards. It reads verdicts, so it lives outside this crate: here is only its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Supervision {
    /// A rollout that it takes for a hack loses what passing paid. It is right with this probability.
    Penalty(f64),
    /// A rollout that it takes for a hack leaves the update.
    Screening(f64),
    /// Only what is correct passes, whatever the hint says.
    CleanReward,
}

impl Arm {
    /// How many there are.
    pub const COUNT: usize = TABLE.len();
    /// Plain GRPO, which all others are compared with.
    pub const VANILLA: Self = Self::named("vanilla");
    /// The method.
    pub const ROUTE2B: Self = Self::named("route2b");
    /// The method, split token by token: what the published figures are of.
    pub const ROUTE2B_TOKEN: Self = Self::named("route2b-token");
    /// The control that knows nothing.
    pub const RANDOM_V: Self = Self::named("random-v");
    /// Random, with as much routed as by the method.
    pub const RANDOM_V_MATCHED: Self = Self::named("random-v-matched");
    /// The method's gate without a quarantine.
    pub const ERASE: Self = Self::named("erase");
    /// Pairs with no hack in them.
    pub const PLACEBO: Self = Self::named("placebo-pairs");
    /// No loopholes: the ceiling for solving.
    pub const GT_ONLY: Self = Self::named("gt-only");

    /// The arm of this name; compilation fails where there is none.
    const fn named(name: &str) -> Self {
        let mut i = 0;
        while i < TABLE.len() {
            if same(TABLE[i].name, name) {
                return Self(i as u8);
            }
            i += 1;
        }
        panic!("no arm of this name")
    }

    /// All arms, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABLE.len()).map(|i| Self(i as u8))
    }

    fn entry(self) -> &'static ArmEntry {
        &TABLE[self.0 as usize]
    }

    /// As manifests, folders and tables write it.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What it does, in a sentence.
    pub fn what(self) -> &'static str {
        self.entry().what
    }

    /// The arm of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|a| a.name() == name)
    }

    /// What it does with the gradients of an update.
    pub fn treatment(self) -> Treatment {
        self.entry().treatment
    }

    /// What its pairs contrast.
    pub fn contrast(self) -> Contrast {
        self.entry().contrast
    }

    /// The modes whose pairs it gets, of those that have pairs.
    pub fn knows(self, loophole: Loophole) -> bool {
        self.entry().known.is_none_or(|known| known.contains(&loophole))
    }

    /// Whether it gets the pairs of named loopholes alone.
    pub fn knows_some(self) -> bool {
        self.entry().known.is_some()
    }

    /// What pairs contrast whose direction its own leaves out.
    pub fn leaves_out(self) -> Option<Contrast> {
        self.entry().leaves_out
    }

    /// Whether its training problems show their loopholes.
    pub fn disclosure(self) -> Disclosure {
        self.entry().disclosure
    }

    /// What its knobs scale.
    pub fn adapter(self) -> Adapter {
        self.entry().adapter
    }

    /// Whether its knobs move along directions of their own.
    pub fn has_knobs_apart(self) -> bool {
        self.entry().apart
    }

    /// How far its quarantine begins toward the hack, if it does.
    pub fn begins_toward_the_hack(self) -> Option<f32> {
        self.entry().toward_the_hack
    }

    /// Whether its first rollouts are demonstrations in part.
    pub fn is_taught(self) -> bool {
        self.entry().taught
    }

    /// The judge from outside that changes its rewards: a ceiling reads verdicts, every other arm has none.
    pub fn supervision(self) -> Option<Supervision> {
        self.entry().supervision
    }

    /// Settings that are its own.
    pub fn settings(self) -> Settings {
        self.entry().settings
    }

    /// Whether the arm has a quarantine at all.
    pub fn routes(self) -> bool {
        self.entry().quarantine
    }

    /// The loopholes of which it gets no pairs: those that no pair shows, and those that are held out from it.
    pub fn held_out(self) -> Vec<Loophole> {
        let shown = |m: &Loophole| Loophole::LINES.contains(m) && self.knows(*m) && self.contrast().shows_the_hack();
        if self.needs_gate() { Loophole::ORGANISM.into_iter().filter(|m| !shown(m)).collect() } else { vec![] }
    }

    /// Whether a gate is asked at all.
    pub fn needs_gate(self) -> bool {
        !matches!(self.treatment(), Treatment::Nothing | Treatment::Absorbed)
    }

    /// Whether the gate must be made before `update` (1-based), given that one exists and is refreshed after `every` updates.
    pub fn refreshes(self, update: usize, every: usize) -> bool {
        let anew = matches!(self.entry().direction, DirectionSource::Pairs | DirectionSource::Leading(_));
        anew && update > 1 && (update - 1).is_multiple_of(every)
    }

    /// The gate from the pairs' gradients on the current deployed model, in a run with this seed; `left_out` are those of the pairs
    /// whose direction it leaves out.
    ///
    /// # Errors
    /// Pairs that should show the hack and give no band. A random or a placebo direction may collapse.
    pub fn gate(
        self,
        pairs: &PairGradients,
        left_out: Option<&PairGradients>,
        layout: &Layout,
        seed: u64,
    ) -> Result<Gate> {
        let direction = match self.entry().direction {
            DirectionSource::Random => Direction::random(derive(seed, Purpose::RandomDirection, 0, 0), layout)?,
            DirectionSource::Pairs | DirectionSource::PairsOnce => Direction::from_pairs(pairs, layout)?,
            DirectionSource::Leading(count) => Direction::leading(pairs, layout, count)?,
        };
        let direction = match left_out {
            Some(other) => direction.without(&Direction::from_pairs(other, layout)?, layout)?,
            None => direction,
        };
        let band = Band::calibrate(pairs, &direction, layout);
        let real = self.entry().direction != DirectionSource::Random && self.contrast().shows_the_hack();
        Ok(Gate { direction, band: if real { band.require_positive()? } else { band } })
    }
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

impl fmt::Debug for Arm {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
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
            let names = Self::all().map(Self::name).collect::<Vec<_>>().join(", ");
            serde::de::Error::custom(format!("unknown arm `{name}`: arms are {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_own() {
        for arm in Arm::all() {
            assert_eq!(Arm::from_name(arm.name()), Some(arm));
        }
    }

    #[test]
    fn every_line_mode_is_held_out_once_alone_and_in_three_of_six_halves() {
        let known = |prefix: &str, loophole: Loophole| {
            Arm::all().filter(|a| a.name().starts_with(prefix)).filter(|a| a.held_out().contains(&loophole)).count()
        };
        for loophole in Loophole::LINES {
            assert_eq!(known("route2b-without-", loophole), 1);
            assert_eq!(known("route2b-known-", loophole), 3);
        }
        assert_eq!(Arm::ROUTE2B.held_out(), [Loophole::ShownTests]);
        assert!(Arm::VANILLA.held_out().is_empty());
    }
}
