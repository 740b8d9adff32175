//! Both knobs take the whole gradient, and no gate is asked: what a second knob does by itself.

use super::{Arm, Entry, Treatment, route2b};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::Absorb,
    name: "absorb",
    what: "Both knobs take everything: no gate.",
    treatment: Treatment::Absorbed,
    refreshes: false,
    ..route2b::ENTRY
};
