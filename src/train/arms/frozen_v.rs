//! The method with the direction of the base model, never refreshed.

use super::{Arm, Entry, route2b};

pub const ENTRY: Entry = Entry { arm: Arm::FrozenV, name: "frozen-v", refreshes: false, ..route2b::ENTRY };
