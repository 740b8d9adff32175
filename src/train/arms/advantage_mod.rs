//! The published alternative: a rollout's advantage, and with it its whole gradient, is reduced by the direction's score.

use super::{Arm, Entry, Treatment, route2b};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::AdvantageMod,
    name: "advantage-mod",
    what: "No quarantine; each advantage shrinks by the mean gate value.",
    treatment: Treatment::Scaled,
    quarantine: false,
    ..route2b::ENTRY
};
