//! The method: each rollout's gradient is compared with the pairs' direction, which is refreshed.

use super::{Arm, Entry, PairSet, Treatment};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::Route2b,
    name: "route2b",
    what: "The method: each rollout split by the gate, direction from all pairs, made anew as the model changes.",
    treatment: Treatment::Rollouts,
    quarantine: true,
    random_direction: false,
    refreshes: true,
    pairs: PairSet::All,
    loopholes: true,
    taught: false,
};
