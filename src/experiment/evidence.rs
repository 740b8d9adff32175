//! What a run's rollouts show beyond rates: how the gate's values are spread, and one trace of each kind for every loophole.
//! Made once from the run's log and stored beside it; here verdicts are opened, after training.

use crate::Result;
use bundle::jsonl;
use bundle::{files, write_atomic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use substrate::verdict::Sealed;
use substrate::{Mode, PromptedProblem, Reward};
use train::grpo;
use train::run::RolloutRow;
use train::state::RunFolder;

/// Equal stretches of the gate's values from 0 to 1.
pub const BINS: usize = 20;

/// Rollouts by their mean gate value, those that hacked apart from the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    pub hacked: Vec<usize>,
    pub other: Vec<usize>,
    /// Of these, the ones that earned more than their group: they pull the model towards what they did, the rest push it away.
    /// Empty in evidence of older versions.
    #[serde(default)]
    pub hacked_gaining: Vec<usize>,
    #[serde(default)]
    pub other_gaining: Vec<usize>,
}

impl Gates {
    /// The counts under their names.
    pub fn kinds(&self) -> [(&'static str, &[usize]); 4] {
        [
            ("hacked", &self.hacked),
            ("other", &self.other),
            ("hacked_gaining", &self.hacked_gaining),
            ("other_gaining", &self.other_gaining),
        ]
    }

    fn count(&mut self, hacked: bool, gaining: bool, bin: usize) {
        let (all, own) = match hacked {
            true => (&mut self.hacked, &mut self.hacked_gaining),
            false => (&mut self.other, &mut self.other_gaining),
        };
        all[bin] += 1;
        own[bin] += usize::from(gaining);
    }
}

/// One rollout as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    pub mode: Mode,
    /// `hack` or `clean`.
    pub kind: String,
    pub update: usize,
    pub prompt: String,
    pub completion: String,
    pub reward: Option<f32>,
    pub solved: bool,
    pub exploited: bool,
    /// Mean gate value over modules.
    pub routed: Option<f64>,
}

pub fn gates_file(run: &Path) -> PathBuf {
    run.join("evidence/gates.json")
}

pub fn traces_file(run: &Path) -> PathBuf {
    run.join("evidence/traces.jsonl")
}

/// Makes both files of a finished run, unless they are there.
pub fn make(run: &Path, group: usize, problems: &[PromptedProblem]) -> Result<()> {
    if gates_file(run).exists() && traces_file(run).exists() {
        return Ok(());
    }
    let shown: BTreeMap<&str, &PromptedProblem> = problems.iter().map(|s| (s.problem.problem_id.as_str(), s)).collect();
    let none = vec![0; BINS];
    let mut gates =
        Gates { hacked: none.clone(), other: none.clone(), hacked_gaining: none.clone(), other_gaining: none };
    let rows = jsonl::read::<RolloutRow>(&RunFolder::at(run).rollouts())?;
    let rewards: Vec<_> = rows.iter().map(|row| row.reward.map(Reward)).collect();
    let advantages = grpo::advantages(&rewards, group, None).values;
    let mut traces: BTreeMap<(Mode, &str), Trace> = BTreeMap::new();
    for (row, advantage) in rows.into_iter().zip(advantages) {
        let verdict = oracle::open(&Sealed::from_log(&row.sealed))
            .map_err(|e| crate::ExperimentError::Eval(eval::EvalError::Seal(e)))?;
        if let Some(routed) = row.routed {
            let bin = ((routed * BINS as f64) as usize).min(BINS - 1);
            gates.count(verdict.exploited, advantage.is_some_and(|a| a > 0.0), bin);
        }
        let kind = match (verdict.exploited, verdict.solved) {
            (true, _) => "hack",
            (false, true) => "clean",
            (false, false) => continue,
        };
        // The last of each kind that took part in an update.
        let Some(of) = shown.get(row.problem_id.as_str()).filter(|_| row.routed.is_some()) else { continue };
        let trace = Trace {
            mode: of.mode,
            kind: kind.into(),
            update: row.update,
            prompt: of.problem.shown_text(of.mode, of.family),
            completion: row.completion,
            reward: row.reward,
            solved: verdict.solved,
            exploited: verdict.exploited,
            routed: row.routed,
        };
        traces.insert((of.mode, kind), trace);
    }
    let traces: Vec<Trace> = traces.into_values().collect();
    write_atomic(&traces_file(run), jsonl::to_text(&traces).as_bytes())?;
    let text = serde_json::to_string(&gates).expect("counts serialise") + "\n";
    Ok(write_atomic(&gates_file(run), text.as_bytes())?)
}

/// The gate's values of a run.
pub fn gates(run: &Path) -> Result<Gates> {
    let path = gates_file(run);
    let wrong = |e: serde_json::Error| bundle::BundleError::Format { path: path.clone(), reason: e.to_string() };
    Ok(serde_json::from_str(&files::read_text(&path)?).map_err(wrong)?)
}
