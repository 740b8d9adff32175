//! `bench`: parts of the program measured beside a peer.

mod engine;
mod grading;

pub use engine::engine;
pub use grading::grading;
