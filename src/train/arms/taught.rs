//! The same arms with a teacher who shows the hacks at first, so that they emerge early.

use super::{Arm, Entry, route2b, vanilla};

pub(super) const VANILLA: Entry = Entry {
    arm: Arm::VanillaTaught,
    name: "vanilla-taught",
    what: "Plain GRPO that is shown hacks at first.",
    taught: true,
    ..vanilla::ENTRY
};
pub(super) const ROUTE2B: Entry = Entry {
    arm: Arm::Route2bTaught,
    name: "route2b-taught",
    what: "The method, shown the same hacks.",
    taught: true,
    ..route2b::ENTRY
};
