//! Parts of the program measured beside a peer. Nothing here decides a result.
//!
//! | module | what it holds |
//! |---|---|
//! | [`engine`] | a device's operations: whether they are right, then how fast they are |
//! | [`grading`] | gradings a second beside a subprocess per check, and the same gradings on a loaded machine |

pub mod engine;
pub mod grading;
