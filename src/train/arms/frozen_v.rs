//! The method with the direction of the base model, never refreshed.

use super::{Arm, Entry, route2b};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::FrozenV,
    name: "frozen-v",
    what: "The direction of the base model, never made anew.",
    refreshes: false,
    ..route2b::ENTRY
};
