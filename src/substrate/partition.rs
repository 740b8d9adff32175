//! Which problem shows which mode. Modes share the training problems out evenly, and no problem has two.

use crate::{Loophole, Problem, Result, SubstrateError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Problem id to mode, for training and for test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// The mode of each training problem.
    pub train: BTreeMap<String, Loophole>,
    /// The mode of each test problem.
    pub test: BTreeMap<String, Loophole>,
}

impl Partition {
    /// Reads `partition.json`, whose problems [`Self::faults`] then checks.
    pub fn load(path: &Path) -> Result<Self> {
        let text = bundle::files::read_text(path)?;
        serde_json::from_str(&text).map_err(|e| SubstrateError::Partition { path: path.into(), reason: e.to_string() })
    }

    /// The faults of this partition of some modes against the problem files, in words; none means it holds. Where problems are no
    /// multiple of the modes, some modes have one more.
    pub fn faults(&self, modes: &[Loophole], train: &[Problem], test: &[Problem]) -> Vec<String> {
        let mut faults = vec![];
        for (name, loopholes, problems) in [("train", &self.train, train), ("test", &self.test, test)] {
            let ids: BTreeSet<&str> = problems.iter().map(|p| p.problem_id.as_str()).collect();
            if ids.len() != problems.len() {
                faults.push(format!("{name}: {} rows but {} distinct ids", problems.len(), ids.len()));
            }
            for id in ids.iter().filter(|id| !loopholes.contains_key(**id)) {
                faults.push(format!("{name}: problem {id} has no mode"));
            }
            for id in loopholes.keys().filter(|id| !ids.contains(id.as_str())) {
                faults.push(format!("{name}: {id} has a mode but is not in the problem file"));
            }
            let count = |m: Loophole| loopholes.values().filter(|x| **x == m).count();
            let counts: Vec<usize> = modes.iter().map(|m| count(*m)).collect();
            let fewest = loopholes.len() / modes.len();
            let even = counts.iter().all(|&n| n == fewest || n == loopholes.len().div_ceil(modes.len()));
            if !even || counts.iter().sum::<usize>() != loopholes.len() {
                faults.push(format!("{name}: modes are not even: {counts:?} of {}", loopholes.len()));
            }
        }
        for id in self.train.keys().filter(|id| self.test.contains_key(*id)) {
            faults.push(format!("{id} is in both train and test"));
        }
        let task = |p: &Problem| (p.prompt.clone(), p.func_name.clone());
        let trained: BTreeSet<_> = train.iter().map(task).collect();
        for p in test.iter().filter(|p| trained.contains(&task(p))) {
            faults.push(format!("test problem {} is a training problem under another id", p.problem_id));
        }
        faults
    }
}
