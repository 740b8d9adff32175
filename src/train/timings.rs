//! Where an update's time goes. Kept apart from the results: times differ from run to run, results must not.

use serde::Serialize;
use std::time::Instant;

/// What an update is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Knobs into weights.
    Merge,
    /// Direction and band from the pairs.
    Pairs,
    /// Completions, of which those that have ended are graded meanwhile.
    Sample,
    /// Waiting for gradings when all is sampled.
    Grade,
    /// Reference log-probabilities, forward and backward.
    Gradients,
    /// Gate, clipping, optimizer.
    Step,
    /// Log, state, checkpoint.
    Save,
}

impl Stage {
    const ALL: [Stage; 7] =
        [Self::Merge, Self::Pairs, Self::Sample, Self::Grade, Self::Gradients, Self::Step, Self::Save];

    fn name(self) -> &'static str {
        ["merge", "pairs", "sample", "grade", "gradients", "step", "save"][self as usize]
    }

    /// Whether the device has work meanwhile.
    fn computes(self) -> bool {
        matches!(self, Self::Merge | Self::Pairs | Self::Sample | Self::Gradients)
    }
}

/// Seconds of one update, by stage.
#[derive(Clone, Debug, Default)]
pub struct Timings([f64; Stage::ALL.len()]);

/// One row of `log/timings.jsonl`.
#[derive(Clone, Debug, Serialize)]
pub struct TimingRow {
    /// From 1.
    pub update: usize,
    /// Of all stages.
    pub seconds: f64,
    /// Of each.
    pub stages: serde_json::Map<String, serde_json::Value>,
    /// Sampled tokens by the seconds of sampling, and trained tokens by those of the gradients.
    pub sampled_per_second: f64,
    /// Tokens trained on, while gradients were computed.
    pub trained_per_second: f64,
    /// Share of the update in which nothing was asked of the device. Gaps within the other stages come on top.
    pub idle: f64,
}

impl Timings {
    /// Does the work and books its time.
    pub fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let out = work();
        self.0[stage as usize] += started.elapsed().as_secs_f64();
        out
    }

    /// The same for work that goes over from one stage into another, when it calls what it is given.
    pub fn time_both<T>(&mut self, [first, second]: [Stage; 2], work: impl FnOnce(&mut dyn FnMut()) -> T) -> T {
        let (started, mut between) = (Instant::now(), None);
        let out = work(&mut || between = Some(started.elapsed()));
        let whole = started.elapsed();
        let between = between.unwrap_or(whole);
        self.0[first as usize] += between.as_secs_f64();
        self.0[second as usize] += (whole - between).as_secs_f64();
        out
    }

    /// The row of an update that sampled and trained so many tokens.
    pub fn row(&self, update: usize, sampled: usize, trained: usize) -> TimingRow {
        let of = |stage: Stage| self.0[stage as usize];
        let seconds: f64 = self.0.iter().sum();
        let busy: f64 = Stage::ALL.into_iter().filter(|s| s.computes()).map(of).sum();
        let rate = |n: usize, stage: Stage| n as f64 / of(stage).max(1e-9);
        TimingRow {
            update,
            seconds,
            stages: Stage::ALL.into_iter().map(|s| (s.name().into(), of(s).into())).collect(),
            sampled_per_second: rate(sampled, Stage::Sample),
            trained_per_second: rate(trained, Stage::Gradients),
            idle: 1.0 - busy / seconds.max(1e-9),
        }
    }
}
