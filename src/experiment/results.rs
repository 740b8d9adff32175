//! `results.json`: every number of the paper, made from run folders and nothing else. Making it twice from the same
//! bytes gives the same bytes, which is how `build-paper` attests it.

use crate::collect;
use crate::quantity::{Key, Statistic};
use crate::{Manifest, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use train::Arm;

/// One number and the runs it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// The number.
    pub value: f64,
    /// Names of ledger entries.
    pub runs: Vec<String>,
}

/// All numbers of one tier, by key. A key that is absent was not measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The plan's name.
    pub tier: String,
    /// Whether only some of that plan's arms or seeds were run: those below.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted: bool,
    /// Every arm that was run, in the order of tables.
    pub arms: Vec<Arm>,
    /// Every seed.
    pub seeds: Vec<u64>,
    /// Updates at which the curves have a point.
    pub updates: Vec<usize>,
    /// The numbers.
    pub values: BTreeMap<Key, Value>,
}

impl Results {
    /// Reads the run folders of a finished plan.
    pub fn collect(manifest: &Manifest, out: &Path) -> Result<Self> {
        collect::collect(manifest, out)
    }

    /// The text of `results.json`.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("results serialise") + "\n"
    }

    /// A number, if it was measured.
    pub fn get(&self, key: Key) -> Option<f64> {
        self.values.get(&key).map(|v| v.value)
    }

    /// The values of one quantity by seed.
    pub fn by_seed(&self, key: Key) -> BTreeMap<u64, f64> {
        let first = key.with(Statistic::Seed(0));
        let last = key.with(Statistic::Seed(u64::MAX));
        let seed = |key: &Key| if let Statistic::Seed(seed) = key.statistic { Some(seed) } else { None };
        self.values.range(first..=last).filter_map(|(key, value)| Some((seed(key)?, value.value))).collect()
    }
}
