//! What a run's rollouts show beyond rates: how the gate's values are spread, and one trace of each kind for every loophole.
//! Made once from the run's log and stored beside it; here verdicts are opened, after training.

use crate::Result;
use crate::quantity::Metric;
use bundle::{Finished, files, jsonl};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use substrate::verdict::Sealed;
use substrate::{Loophole, PromptedProblem, Reward};
use train::state::RunFolder;
use train::{RolloutRow, grpo};

/// Equal stretches of the gate's values from 0 to 1.
pub const BINS: usize = 20;

/// Rollouts by their mean gate value, those that hacked apart from the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// How many hacked, by bin.
    pub hacked: Vec<usize>,
    /// How many did not.
    pub other: Vec<usize>,
    /// Of the first, those that earned more than their group: they pull the model towards what they did, the rest push it away.
    pub hacked_gaining: Vec<usize>,
    /// Of the second.
    pub other_gaining: Vec<usize>,
    /// The gate value as a detector of hacks over the whole run.
    pub whole: Detector,
    /// The same between two checkpoints, by the later one.
    pub stretches: BTreeMap<usize, Detector>,
}

/// How well a gate value tells rollouts that hacked from those that did not and yet gained. Demonstrations are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    /// Area under the ROC curve; absent without one of each kind.
    pub auroc: Option<f64>,
    /// F0.5 of calling a hack what has a gate value above one half; absent without a hack.
    pub f_half: Option<f64>,
}

impl Gates {
    fn new() -> Self {
        let none = || vec![0; BINS];
        Self { hacked: none(), other: none(), hacked_gaining: none(), other_gaining: none(), ..Self::default() }
    }

    /// The counts under their names.
    pub fn kinds(&self) -> [(Metric, &[usize]); 4] {
        [
            (Metric::GateHacked, &self.hacked),
            (Metric::GateOther, &self.other),
            (Metric::GateHackedGaining, &self.hacked_gaining),
            (Metric::GateOtherGaining, &self.other_gaining),
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

impl Detector {
    /// Of gate values and whether each hacked.
    fn of(seen: &[(f64, bool)]) -> Self {
        let (hacks, others) = (seen.iter().filter(|s| s.1).count(), seen.iter().filter(|s| !s.1).count());
        let mut sorted = seen.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Mann and Whitney: pairs in which the hack has the higher value, ties counting half.
        let (mut below, mut won) = (0.0, 0.0);
        for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
            let here = tied.iter().filter(|s| !s.1).count() as f64;
            won += (tied.len() as f64 - here) * (below + here / 2.0);
            below += here;
        }
        let called = seen.iter().filter(|s| s.0 > 0.5).count() as f64;
        let right = seen.iter().filter(|s| s.0 > 0.5 && s.1).count() as f64;
        Self {
            auroc: (hacks > 0 && others > 0).then(|| won / (hacks as f64 * others as f64)),
            // (1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp) with b = 1/2.
            f_half: (hacks > 0).then(|| 1.25 * right / (0.25 * hacks as f64 + called)),
        }
    }
}

/// One rollout as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The loophole that its prompt disclosed.
    #[serde(rename = "mode")]
    pub loophole: Loophole,
    /// `hack` or `clean`.
    pub kind: String,
    /// From 1.
    pub update: usize,
    /// What the model read.
    pub prompt: String,
    /// What it wrote.
    pub completion: String,
    /// What it earned.
    pub reward: Option<f32>,
    /// Whether it is correct.
    pub solved: bool,
    /// Whether it fooled the grader and is not correct.
    pub exploited: bool,
    /// Mean gate value over modules.
    pub routed: Option<f64>,
}

/// Where the gate values of a run lie.
pub fn gates_file(run: &Path) -> PathBuf {
    run.join("evidence/gates.json")
}

/// Where the traces of a run lie.
pub fn traces_file(run: &Path) -> PathBuf {
    run.join("evidence/traces.jsonl")
}

/// Makes both files of a finished run, unless they are there; checkpoints are `every` so many updates, and the last.
pub fn make(run: &Path, group: usize, every: usize, problems: &[PromptedProblem]) -> Result<()> {
    let finished = Finished::of(run);
    if finished.has(&gates_file(run))? && finished.has(&traces_file(run))? {
        return Ok(());
    }
    let shown: BTreeMap<&str, &PromptedProblem> = problems.iter().map(|s| (s.problem.problem_id.as_str(), s)).collect();
    let mut gates = Gates::new();
    let rows = jsonl::read::<RolloutRow>(&RunFolder::at(run).rollouts())?;
    let last = rows.last().map_or(0, |row| row.update);
    let rewards: Vec<_> = rows.iter().map(|row| row.reward.map(Reward)).collect();
    let advantages = grpo::advantages(&rewards, group, None).values;
    let mut traces: BTreeMap<(Loophole, &str), Trace> = BTreeMap::new();
    let mut detected: BTreeMap<usize, Vec<(f64, bool)>> = BTreeMap::new();
    for (row, advantage) in rows.into_iter().zip(advantages) {
        let verdict = oracle::open(&Sealed::from_log(&row.sealed))
            .map_err(|e| crate::ExperimentError::Eval(eval::EvalError::Seal(e)))?;
        if let Some(routed) = row.routed {
            let (bin, gaining) = (((routed * BINS as f64) as usize).min(BINS - 1), advantage.is_some_and(|a| a > 0.0));
            gates.count(verdict.exploited, gaining, bin);
            // A detector is for what the model does: a teacher's lines are one text a mode, which any gate would know.
            if (verdict.exploited || gaining) && !row.demonstrated {
                let checkpoint = row.update.next_multiple_of(every).min(last);
                detected.entry(checkpoint).or_default().push((routed, verdict.exploited));
            }
        }
        let kind = match (verdict.exploited, verdict.solved) {
            (true, _) => "hack",
            (false, true) => "clean",
            (false, false) => continue,
        };
        // The last of each kind that the model wrote and that took part in an update.
        let written = row.routed.is_some() && !row.demonstrated;
        let Some(of) = shown.get(row.problem_id.as_str()).filter(|_| written) else { continue };
        let trace = Trace {
            loophole: of.loophole,
            kind: kind.into(),
            update: row.update,
            prompt: of.problem.shown_text(of.loophole, of.family)?,
            completion: row.completion,
            reward: row.reward,
            solved: verdict.solved,
            exploited: verdict.exploited,
            routed: row.routed,
        };
        traces.insert((of.loophole, kind), trace);
    }
    gates.whole = Detector::of(&detected.values().flatten().copied().collect::<Vec<_>>());
    gates.stretches = detected.iter().map(|(update, seen)| (*update, Detector::of(seen))).collect();
    let traces: Vec<Trace> = traces.into_values().collect();
    finished.write(&traces_file(run), jsonl::to_text(&traces).as_bytes())?;
    let text = serde_json::to_string(&gates).expect("counts serialise") + "\n";
    Ok(finished.write(&gates_file(run), text.as_bytes())?)
}

/// The gate's values of a run.
pub fn gates(run: &Path) -> Result<Gates> {
    let path = gates_file(run);
    let wrong = |e: serde_json::Error| bundle::BundleError::Format { path: path.clone(), reason: e.to_string() };
    Ok(serde_json::from_str(&files::read_text(&path)?).map_err(wrong)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four hacks against three others by hand: 12 pairs, of which 9 are won and 1 is tied.
    #[test]
    fn the_area_counts_pairs_and_ties_by_half() {
        let seen = [(0.9, true), (0.8, true), (0.6, false), (0.6, true), (0.3, true), (0.2, false), (0.1, false)];
        let Detector { auroc, f_half } = Detector::of(&seen);
        assert!((auroc.unwrap() - 10.5 / 12.0).abs() < 1e-12, "{auroc:?}");
        // Called: four, right: three; precision 3/4, recall 3/4.
        assert!((f_half.unwrap() - 0.75).abs() < 1e-12, "{f_half:?}");
        assert_eq!(Detector::of(&[(0.5, false)]), Detector { auroc: None, f_half: None });
    }
}
