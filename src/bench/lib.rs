//! Parts of the program measured beside a peer. Nothing here decides a result.
//!
//! | module | what it holds |
//! |---|---|
//! | [`engine`] | a device's operations: whether they are right, then how fast they are |
//! | [`grading`] | gradings a second beside a subprocess per check, and the same gradings on a loaded machine |
//!
//! ```
//! use backend::DeviceChoice;
//! use bench::engine::{Architecture, Request, Work};
//!
//! // What `bench engine --device cpu --only decode,merge --layers 2` asks for. `engine::run` would check every operation of the
//! // device first, which takes half a minute on two cores.
//! let only: Vec<Work> = Work::ALL.into_iter().filter(|work| ["decode", "merge"].contains(&work.name())).collect();
//! let asked = Request { device: DeviceChoice::Cpu, verbose: false, check_only: false, peer: None, only, shape: Architecture::Qwen3, layers: Some(2) };
//! assert_eq!(asked.only, [Work::Decode, Work::Merge]);
//! ```

pub mod engine;
pub mod grading;
