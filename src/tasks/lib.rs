//! Small Python tasks for a pretrained code model, made from seeds in this repository: diverse enough that no trick solves
//! two kinds, and neither hopeless nor easy for half a billion parameters.
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
//!
//! ```
//! use tasks::{Task, kinds};
//!
//! let kind = kinds::all()[0];
//! let task = Task { kind, params: kind.params()[0], phrasing: 1 };
//! assert!(task.prompt().contains("a method of the class Solution called shift_letters and should pass all tests"));
//! assert!(task.class(kind.right).starts_with("class Solution:\n    def shift_letters(self, text: str) -> str:\n"));
//! assert_eq!(task.problem("an id").gt_tests, task.problem("an id").gt_tests, "an id decides the tests");
//! ```

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
