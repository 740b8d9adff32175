//! The control: a Haar-random unit vector per module with the same machinery, never refreshed. Its band may collapse.

use super::{Arm, Entry, route2b};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::RandomV,
    name: "random-v",
    what: "A random unit vector in each module, its band calibrated alike.",
    random_direction: true,
    refreshes: false,
    ..route2b::ENTRY
};
