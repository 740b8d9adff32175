//! The method with a direction from pairs that hold no hack.

use super::{Arm, Entry, PairSet, route2b};

pub const ENTRY: Entry =
    Entry { arm: Arm::PlaceboPairs, name: "placebo-pairs", pairs: PairSet::Placebo, ..route2b::ENTRY };
