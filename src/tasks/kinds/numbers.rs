//! Whole numbers: digits, divisors, sequences, bases.

use crate::TaskKind;

pub(super) static KINDS: [TaskKind; 0] = [];
