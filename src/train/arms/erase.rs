//! The routed part of every gradient is dropped: there is no quarantine to put it into.

use super::{Arm, Entry, Treatment, route2b};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::Erase,
    name: "erase",
    what: "The routed part is dropped: no quarantine.",
    treatment: Treatment::Erased,
    quarantine: false,
    ..route2b::ENTRY
};
