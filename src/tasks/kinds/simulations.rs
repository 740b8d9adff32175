//! Small simulations: queues, games, machines, accounts.

use crate::TaskKind;

pub(super) static KINDS: [TaskKind; 0] = [];
