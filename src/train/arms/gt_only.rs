//! Plain GRPO on problems without a loophole: the ceiling for solving.

use super::{Arm, Entry, vanilla};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::GtOnly,
    name: "gt-only",
    what: "Plain GRPO on problems without loopholes: the ceiling.",
    loopholes: false,
    ..vanilla::ENTRY
};
