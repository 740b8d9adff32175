//! Multi-line Python tasks for a pretrained code model, made from seeds in this repository: diverse enough that no trick solves
//! two kinds, and hard for half a billion parameters.
//!
//! | module | what it holds |
//! |---|---|
//! | [`value`] | values of Python |
//! | [`draw`] | random inputs |
//! | [`kind`] | a kind of task, and tasks of it |
//! | [`kinds`] | the kinds, a file a subject: questions, right and wrong answers, and their truth in Rust |
//! | [`problems`] | training and test problems with their partition, split so that no question is in both |
//! | [`pairs`] | their contrastive pairs |
//! | [`data`] | writing and reading `data/tasks` |

pub mod data;
pub mod draw;
pub mod kind;
pub mod kinds;
pub mod pairs;
pub mod problems;
pub mod value;

pub use data::generate;
pub use kind::{Params, Task, TaskKind};
pub use value::Value;
