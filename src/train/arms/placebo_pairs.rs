//! The method with a direction from pairs that hold no hack.

use super::{Arm, Entry, PairSet, route2b};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::PlaceboPairs,
    name: "placebo-pairs",
    what: "A direction from pairs with no hack in them.",
    pairs: PairSet::Placebo,
    ..route2b::ENTRY
};
