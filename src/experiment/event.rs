//! What is told while a plan runs.

use crate::CheckpointView;
use crate::manifest::Job;
use eval::EvalRow;
use serde::{Deserialize, Serialize};

/// What happens while a plan runs, for whoever shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A base model, from 0, was evaluated.
    Base {
        /// Which, from 0.
        base: usize,
        /// What came of it.
        rates: Rates,
    },
    /// An earlier call, or a device that failed, had done so many updates of it.
    Resumed {
        /// Which piece.
        job: Job,
        /// How many.
        updates: usize,
    },
    /// An update is done.
    Update {
        /// Which piece.
        job: Job,
        /// Which update, from 1.
        update: usize,
        /// Mean reward of its rollouts.
        reward: f64,
    },
    /// A checkpoint was evaluated.
    Evaluated {
        /// Which piece.
        job: Job,
        /// After which update.
        update: usize,
        /// In which view.
        view: CheckpointView,
        /// What came of it.
        rates: Rates,
    },
    /// A piece is done.
    Finished {
        /// Which piece.
        job: Job,
    },
    /// A device's process said something that is no event.
    Said {
        /// Which device.
        device: String,
        /// A line of it.
        line: String,
    },
    /// A device has failed: others take up what it was at.
    Lost {
        /// Which device.
        device: String,
        /// What became of it.
        reason: String,
    },
}

/// What an evaluation comes to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Share of answers that fooled the grader and are not correct.
    pub hack: f64,
    /// Share of correct ones.
    pub solve: f64,
    /// Share that are answers at all: ended, and not blank.
    pub answered: f64,
}

impl Rates {
    /// Of an evaluation's rows.
    pub fn of(rows: &[EvalRow]) -> Self {
        Self { hack: eval::hack_rate(rows), solve: eval::solve_rate(rows), answered: eval::answered_rate(rows) }
    }
}
