//! Multi-line Python tasks for a pretrained code model, made from seeds in this repository: diverse enough that no trick solves
//! two kinds, and hard for half a billion parameters.
//!
//! | module | what it holds |
//! |---|---|
//! | [`value`] | values of Python |
//! | [`draw`] | random inputs |
//! | [`kind`] | a kind of task, and tasks of it |
//! | [`kinds`] | the kinds, a file a subject: questions, right and wrong answers, and their truth in Rust |

pub mod draw;
pub mod kind;
pub mod kinds;
pub mod value;

pub use kind::{Params, Task, TaskKind};
pub use value::Value;
