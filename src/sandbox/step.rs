//! The named points of a grading, for whoever watches a pool.

/// A point that a worker has just reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The process outside runs; the zygote has not answered yet.
    Spawned,
    /// The zygote has isolated itself and waits for jobs.
    Started,
    /// It has forked the response's child.
    Forked,
    /// The response compiled.
    Compiled,
    /// A call was answered.
    Answered,
    /// All was said; the child has not been reaped.
    Ended,
    /// The child is gone and its result is known.
    Reaped,
}

/// Told of every step, with the process outside whose descendants do the work. It runs on the worker's thread, so nothing
/// goes on before it returns.
pub type Watch = dyn Fn(Step, u32) + Send + Sync;
