//! The logs of a run that are results, and the digests of what they hold: the state is saved with these, and goes on with no others.

use crate::state::RunFolder;
use crate::{Metrics, Result, RolloutRow, TrainError};
use backend::tensor_file::Said;
use bundle::digest::Hasher;
use bundle::jsonl;
use std::path::PathBuf;

/// One log as it grows.
struct Log {
    name: &'static str,
    path: PathBuf,
    so_far: Hasher,
}

/// `metrics.jsonl` and `rollouts.jsonl`.
pub struct ResultLogs([Log; 2]);

impl ResultLogs {
    /// The logs of a run as they lie there.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(run: &RunFolder) -> Result<Self> {
        let mut logs = [("metrics", run.metrics()), ("rollouts", run.rollouts())].map(|(name, path)| Log {
            name,
            path,
            so_far: Hasher::default(),
        });
        for log in logs.iter_mut().filter(|log| log.path.exists()) {
            log.so_far.update_from(&log.path)?;
        }
        Ok(Self(logs))
    }

    /// Adds what an update came to.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn append(&mut self, metrics: &Metrics, rollouts: &[RolloutRow]) -> Result<()> {
        let [of_metrics, of_rollouts] = &mut self.0;
        // Rollouts first: a row of metrics says that there are all of its update.
        jsonl::append(&of_rollouts.path, rollouts)?;
        of_rollouts.so_far.update(jsonl::to_text(rollouts).as_bytes());
        let metrics = std::slice::from_ref(metrics);
        jsonl::append(&of_metrics.path, metrics)?;
        of_metrics.so_far.update(jsonl::to_text(metrics).as_bytes());
        Ok(())
    }

    /// Each log's digest under its name.
    pub fn digests(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.0.iter().map(|log| (log.name.into(), log.so_far.digest().to_string()))
    }

    /// Refuses logs other than those that a state was saved with.
    ///
    /// # Errors
    /// The first that is gone, or not as it was.
    pub fn check(&self, said: &Said) -> Result<()> {
        let changed = |log: &&Log| !log.path.exists() || said.get(log.name) != Some(&log.so_far.digest().to_string());
        match self.0.iter().find(changed) {
            Some(log) => Err(TrainError::Changed { log: log.path.clone() }),
            None => Ok(()),
        }
    }
}
