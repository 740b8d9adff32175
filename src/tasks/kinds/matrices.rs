//! Matrices and grids.

use crate::TaskKind;

pub(super) static KINDS: [TaskKind; 0] = [];
