//! The same arms with a teacher who shows the hacks at first, so that they emerge early.

use super::{Arm, Entry, route2b, vanilla};

pub const VANILLA: Entry = Entry { arm: Arm::VanillaTaught, name: "vanilla-taught", taught: true, ..vanilla::ENTRY };
pub const ROUTE2B: Entry = Entry { arm: Arm::Route2bTaught, name: "route2b-taught", taught: true, ..route2b::ENTRY };
