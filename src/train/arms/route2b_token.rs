//! The method with every token's gradient compared and split by itself.

use super::{Arm, Entry, Treatment, route2b};

pub(super) const ENTRY: Entry = Entry {
    arm: Arm::Route2bToken,
    name: "route2b-token",
    what: "The same, split token by token.",
    treatment: Treatment::Tokens,
    ..route2b::ENTRY
};
