//! The control that routes as much as the method: its band is shifted in every update until the mean gate value is the one
//! of the route2b run with the same seed.

use super::{Arm, Entry, Treatment, random_v};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::RandomVMatched,
    name: "random-v-matched",
    what: "Random too, its band shifted until as much is routed as in the paired run of route2b.",
    treatment: Treatment::Matched { to: Arm::Route2b },
    ..random_v::ENTRY
};
