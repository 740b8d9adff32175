//! A tier's run small enough for a processor: what `train --quick` does. Everything runs, and nothing is decided.

use crate::{ExperimentError, Manifest, Result};
use substrate::Loophole;

/// Of every setting that costs time, what a processor does in minutes.
const SETTINGS: [(&str, i64); 3] = [("prompts", 2), ("group", 4), ("batch_rows", 8)];
/// Tokens of an answer at most: enough for most of a short method.
const MOST_NEW: usize = 96;
/// Updates, where nothing else is asked for.
const UPDATES: usize = 2;
/// Pairs of each set, from all over it.
const PAIRS: usize = 4;

impl Manifest {
    /// The same with few and short rollouts, few pairs and one test problem of each mode, under a name of its own.
    ///
    /// # Errors
    /// A benchmark's problems, which are tested on whole.
    pub fn in_miniature(mut self) -> Result<Self> {
        if !self.source.ships_problems() {
            let reason = "--quick is for problems that are shipped; of a benchmark's none are left out".into();
            return Err(ExperimentError::Restriction { plan: self.name, reason });
        }
        let shorter = |max_new: usize| max_new.min(MOST_NEW);
        let trained = self.train.get("max_new").and_then(toml::Value::as_integer).map(|n| shorter(n as usize));
        let of_answers = trained.map(|n| ("max_new", n as i64));
        for (setting, value) in SETTINGS.into_iter().chain(of_answers) {
            self.train.insert(setting.into(), value.into());
        }
        self.set_updates(UPDATES);
        self.eval.max_new = shorter(self.eval.max_new);
        self.eval.batch_rows = self.eval.batch_rows.min(8);
        (self.eval.test, self.most_pairs) = (Some(Loophole::ORGANISM.len()), Some(PAIRS));
        self.name = format!("{}-quick", self.name);
        Ok(self)
    }
}

/// At most so many, evenly from all over.
pub(crate) fn thinned<T>(all: Vec<T>, most: Option<usize>) -> Vec<T> {
    let step = most.map_or(1, |most| all.len().div_ceil(most.max(1)).max(1));
    all.into_iter().step_by(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunId;
    use train::Arm;

    #[test]
    fn a_miniature_has_a_tiers_settings_but_for_what_costs_time() {
        let run = RunId { arm: Arm::ROUTE2B, seed: 81 };
        let whole = Manifest::tier("coder").unwrap().unwrap();
        let small = whole.clone().in_miniature().unwrap();
        let (whole, config) = (whole.config(run).unwrap(), small.config(run).unwrap());
        assert_eq!((config.prompts, config.group, config.max_new, config.updates), (2, 4, 96, 2));
        assert_eq!((config.lr, config.kl, config.teacher), (whole.lr, whole.kl, whole.teacher));
        assert_eq!((small.name.as_str(), small.eval.test), ("coder-quick", Some(5)));
        let error = Manifest::tier("full").unwrap().unwrap().in_miniature().unwrap_err().to_string();
        assert!(error.contains("--quick"), "{error}");
    }

    #[test]
    fn few_are_taken_from_all_over() {
        assert_eq!(thinned((0..24).collect(), Some(4)), [0, 6, 12, 18]);
        assert_eq!(thinned((0..3).collect(), Some(4)), [0, 1, 2]);
        assert_eq!(thinned((0..3).collect(), None), [0, 1, 2]);
    }
}
