//! Plain GRPO: one knob, no routing. What every other arm is compared with.

use super::{Arm, Entry, PairSet, Treatment};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::Vanilla,
    name: "vanilla",
    what: "Plain GRPO with one knob and no gate.",
    treatment: Treatment::Nothing,
    quarantine: false,
    random_direction: false,
    refreshes: false,
    pairs: PairSet::All,
    loopholes: true,
    taught: false,
};
