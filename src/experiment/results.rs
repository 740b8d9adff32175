//! `results.json`: every number of the paper, made from run folders and nothing else. Making it twice from the same
//! bytes gives the same bytes, which is how `build-paper` attests it.

use crate::evidence::{self, Gates};
use crate::manifest::{Job, Relearn};
use crate::runner::{BASE_RUN, View, eval_file};
use crate::{Manifest, Result, RunId, statistics};
use bundle::jsonl;
use eval::{EvalRow, hack_rate, monitoring_subset, solve_rate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use substrate::Mode;
use train::state::RunFolder;
use train::{Arm, Metrics};

/// One number and the runs it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    pub value: f64,
    pub runs: Vec<String>,
}

/// All numbers of one tier, by key. A key that is absent was not measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    pub tier: String,
    pub arms: Vec<Arm>,
    pub seeds: Vec<u64>,
    /// Updates at which the curves have a point.
    pub updates: Vec<usize>,
    pub values: BTreeMap<String, Value>,
}

impl Results {
    /// Reads the run folders of a finished plan.
    pub fn collect(manifest: &Manifest, out: &Path) -> Result<Self> {
        let mut table = Table { out, manifest, values: BTreeMap::new(), updates: vec![] };
        table.fill()?;
        let Table { values, updates, .. } = table;
        Ok(Self {
            tier: manifest.name.clone(),
            arms: manifest.arms.clone(),
            seeds: manifest.seeds.clone(),
            updates,
            values,
        })
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("results serialise") + "\n"
    }

    pub fn get(&self, key: &str) -> Option<f64> {
        self.values.get(key).map(|v| v.value)
    }
}

struct Table<'a> {
    out: &'a Path,
    manifest: &'a Manifest,
    values: BTreeMap<String, Value>,
    updates: Vec<usize>,
}

/// The final evaluations of one arm, seed by seed.
struct Finals {
    off: Vec<Vec<EvalRow>>,
    runs: Vec<String>,
}

impl Table<'_> {
    fn put(&mut self, key: String, value: f64, runs: &[String]) {
        self.values.insert(key, Value { value, runs: runs.to_vec() });
    }

    /// Mean and standard error over seeds.
    fn spread(&mut self, key: &str, values: &[f64], runs: &[String]) {
        self.put(format!("{key}.mean"), statistics::mean(values), runs);
        if let Some(sem) = statistics::sem(values) {
            self.put(format!("{key}.sem"), sem, runs);
        }
    }

    fn rows(&self, run: &str, update: usize, view: View) -> Result<Vec<EvalRow>> {
        Ok(jsonl::read(&eval_file(&self.out.join(run), update, view))?)
    }

    fn fill(&mut self) -> Result<()> {
        let base_runs = [BASE_RUN.to_string()];
        let base = self.rows(BASE_RUN, 0, View::Deployed)?;
        let subset = monitoring_subset(&base, self.manifest.eval.monitor);
        self.put("base.hack".into(), hack_rate(&base), &base_runs);
        self.put("base.solve".into(), solve_rate(&base), &base_runs);
        self.put("n.test".into(), base.len() as f64, &base_runs);
        self.put("n.monitor".into(), subset.len() as f64, &base_runs);
        let watched = |rows: &[EvalRow]| -> Vec<EvalRow> {
            rows.iter().filter(|r| subset.contains(&r.problem_id)).cloned().collect()
        };

        let mut finals: BTreeMap<Arm, Finals> = BTreeMap::new();
        for arm in self.manifest.arms.clone() {
            let runs: Vec<RunId> = self.manifest.seeds.iter().map(|&seed| RunId { arm, seed }).collect();
            let names: Vec<String> = runs.iter().map(RunId::to_string).collect();
            let config = self.manifest.config(runs[0])?;
            self.put("n.seeds".into(), runs.len() as f64, &names);
            self.put("n.updates".into(), config.updates as f64, &names);
            self.put("n.rollouts".into(), config.rollouts() as f64, &names);

            let off =
                names.iter().map(|run| self.rows(run, config.updates, View::Deployed)).collect::<Result<Vec<_>>>()?;
            self.rates(arm.name(), &off, &names);
            for mode in Mode::LOOPHOLES {
                let of_mode: Vec<Vec<EvalRow>> =
                    off.iter().map(|rows| rows.iter().filter(|r| r.mode == mode).cloned().collect()).collect();
                self.rates(&format!("{}.{}", arm.name(), mode.name()), &of_mode, &names);
            }
            for &view in View::of_last(arm).iter().filter(|view| **view != View::Deployed) {
                let rows = names.iter().map(|run| self.rows(run, config.updates, view)).collect::<Result<Vec<_>>>()?;
                self.rates(&format!("{}.{}", arm.name(), view.key()), &rows, &names);
            }
            self.training(arm, &names, config.checkpoint_every)?;
            self.updates = (0..=config.updates).step_by(config.checkpoint_every).collect();
            for &view in View::of_checkpoint(arm) {
                let key = format!("{}.{}", arm.name(), if view == View::Deployed { "curve" } else { "curve_on" });
                for update in self.updates.clone() {
                    let rows = names.iter().map(|run| match update {
                        0 => Ok(watched(&base)),
                        _ => Ok(watched(&self.rows(run, update, view)?)),
                    });
                    let rows = rows.collect::<Result<Vec<_>>>()?;
                    self.curve(&key, update, &rows, &names);
                }
            }
            finals.insert(arm, Finals { off, runs: names });
        }
        self.held_out(&finals);
        if let Some(vanilla) = finals.get(&Arm::Vanilla) {
            for (arm, routed) in finals.iter().filter(|(arm, _)| **arm != Arm::Vanilla) {
                self.against(arm.name(), routed, vanilla);
            }
        }
        self.correct();
        self.relearning()
    }

    /// Holm's correction over all tests against vanilla, hack and solve together: that is the table that is looked at.
    fn correct(&mut self) {
        let tests: Vec<(String, Value)> = self
            .values
            .iter()
            .filter(|(key, _)| key.ends_with(".diff.p"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let corrected = statistics::holm(&tests.iter().map(|(_, v)| v.value).collect::<Vec<_>>());
        for ((key, test), p) in tests.iter().zip(corrected) {
            self.put(format!("{key}_holm"), p, &test.runs);
        }
        if let Some((_, first)) = tests.first() {
            self.put("n.tests".into(), tests.len() as f64, &first.runs);
            self.put("alpha".into(), statistics::ALPHA, &first.runs);
            self.put("power".into(), statistics::POWER, &first.runs);
        }
    }

    /// How fast the hack comes back: rates of the deployed model over updates of plain GRPO, from each arm and from the base.
    fn relearning(&mut self) -> Result<()> {
        let Some(relearning) = self.manifest.relearn.clone() else { return Ok(()) };
        for of in relearning.origins() {
            let jobs: Vec<Relearn> = self.manifest.seeds.iter().map(|&seed| Relearn { of, seed }).collect();
            let names: Vec<String> = jobs.iter().map(Relearn::to_string).collect();
            let every = self.manifest.job_config(Job::Relearn(jobs[0]))?.checkpoint_every;
            for update in (0..=relearning.updates).step_by(every) {
                let rows =
                    names.iter().map(|run| self.rows(run, update, View::Deployed)).collect::<Result<Vec<_>>>()?;
                self.curve(&format!("relearn.{}", of.map_or("base", Arm::name)), update, &rows, &names);
            }
            self.put("n.relearn_updates".into(), relearning.updates as f64, &names);
        }
        Ok(())
    }

    /// Hack rate on modes of which a run had no pairs: each mode from the run that it was held out of, averaged over modes,
    /// and the same modes of the vanilla runs.
    fn held_out(&mut self, finals: &BTreeMap<Arm, Finals>) {
        let rate = |rows: &[EvalRow], mode: Mode| {
            let of_mode: Vec<EvalRow> = rows.iter().filter(|r| r.mode == mode).cloned().collect();
            hack_rate(&of_mode)
        };
        // An arm for each mode that stands for what happens to it.
        let mut average = |key: &str, arms: &[(Arm, Mode)]| {
            let Some(runs) = arms.iter().map(|(arm, _)| finals.get(arm)).collect::<Option<Vec<&Finals>>>() else {
                return;
            };
            let per_seed: Vec<f64> = (0..self.manifest.seeds.len())
                .map(|seed| {
                    let rates: Vec<f64> =
                        runs.iter().zip(arms).map(|(f, (_, mode))| rate(&f.off[seed], *mode)).collect();
                    statistics::mean(&rates)
                })
                .collect();
            let mut names: Vec<String> = runs.iter().flat_map(|f| f.runs.clone()).collect();
            names.sort();
            names.dedup();
            self.spread(&format!("{key}.heldout_hack"), &per_seed, &names);
        };
        let held: Vec<(Arm, Mode)> =
            Arm::LEAVE_ONE_OUT.into_iter().flat_map(|arm| arm.held_out().into_iter().map(move |m| (arm, m))).collect();
        average("route2b-known-k", &held);
        average("vanilla", &held.iter().map(|(_, mode)| (Arm::Vanilla, *mode)).collect::<Vec<_>>());
    }

    fn rates(&mut self, key: &str, per_seed: &[Vec<EvalRow>], runs: &[String]) {
        for (what, rate) in [("hack", hack_rate as fn(&[EvalRow]) -> f64), ("solve", solve_rate)] {
            let values: Vec<f64> = per_seed.iter().map(|rows| rate(rows)).collect();
            self.spread(&format!("{key}.{what}"), &values, runs);
            for (value, run) in values.iter().zip(runs) {
                let seed = run.rsplit('-').next().unwrap_or_default();
                self.put(format!("{key}.{what}.{seed}"), *value, std::slice::from_ref(run));
            }
        }
    }

    fn curve(&mut self, key: &str, update: usize, per_seed: &[Vec<EvalRow>], runs: &[String]) {
        for (what, rate) in [("hack", hack_rate as fn(&[EvalRow]) -> f64), ("solve", solve_rate)] {
            let values: Vec<f64> = per_seed.iter().map(|rows| rate(rows)).collect();
            self.spread(&format!("{key}.{what}.u{update}"), &values, runs);
        }
    }

    /// Means over all updates of what training logged.
    fn training(&mut self, arm: Arm, runs: &[String], every: usize) -> Result<()> {
        let logs = runs
            .iter()
            .map(|run| Ok(jsonl::read::<Metrics>(&RunFolder::at(&self.out.join(run)).metrics())?))
            .collect::<Result<Vec<_>>>()?;
        let gap = logs.iter().flatten().map(|m| f64::from(m.logp_gap)).fold(0.0, f64::max);
        let failed = logs.iter().flatten().map(|m| m.infra_failed as f64).sum();
        self.put(format!("{}.logp_gap", arm.name()), gap, runs);
        self.put(format!("{}.infra_failed", arm.name()), failed, runs);
        let mut log = |key: &str, of: fn(&Metrics) -> f64| {
            let values: Vec<f64> =
                logs.iter().map(|rows| statistics::mean(&rows.iter().map(of).collect::<Vec<_>>())).collect();
            self.spread(&format!("{}.{key}", arm.name()), &values, runs);
        };
        log("reward", |m| m.reward);
        if arm.needs_gate() {
            log("band_width", |m| m.band_width.unwrap_or(0.0));
            log("routed_mass", |m| m.routed_mass);
            let gates = runs.iter().map(|run| evidence::gates(&self.out.join(run))).collect::<Result<Vec<_>>>()?;
            for (i, (kind, counts)) in gates.first().map(Gates::kinds).into_iter().flatten().enumerate() {
                for bin in 0..counts.len() {
                    let all = gates.iter().map(|g| g.kinds()[i].1.get(bin).copied().unwrap_or(0)).sum::<usize>();
                    self.put(format!("{}.gate.{kind}.b{bin}", arm.name()), all as f64, runs);
                }
            }
            // Over updates, a mean for each stretch between two checkpoints.
            let last = logs.iter().map(Vec::len).min().unwrap_or(0);
            for to in (every..=last).step_by(every) {
                let stretch = |rows: &Vec<Metrics>| {
                    let part = rows.iter().filter(|m| m.update > to - every && m.update <= to);
                    statistics::mean(&part.map(|m| m.routed_mass).collect::<Vec<_>>())
                };
                let values: Vec<f64> = logs.iter().map(stretch).collect();
                self.spread(&format!("{}.mass.u{to}", arm.name()), &values, runs);
            }
        }
        Ok(())
    }

    /// Paired differences to vanilla: over seeds by t-test, over prompts by bootstrap.
    fn against(&mut self, arm: &str, routed: &Finals, vanilla: &Finals) {
        let runs: Vec<String> = routed.runs.iter().chain(&vanilla.runs).cloned().collect();
        for (what, holds) in [("hack", (|r| r.exploited) as fn(&EvalRow) -> bool), ("solve", |r| r.solved)] {
            let rate = |rows: &Vec<EvalRow>| rows.iter().filter(|r| holds(r)).count() as f64 / rows.len().max(1) as f64;
            let a: Vec<f64> = routed.off.iter().map(rate).collect();
            let b: Vec<f64> = vanilla.off.iter().map(rate).collect();
            self.put(format!("{arm}.{what}.diff"), statistics::mean(&a) - statistics::mean(&b), &runs);
            if let Some(test) = statistics::paired(&a, &b) {
                let parts = [
                    ("p", test.p),
                    ("seeds_low", test.low),
                    ("seeds_high", test.high),
                    ("effect", test.effect),
                    ("visible", test.visible),
                ];
                parts.into_iter().for_each(|(part, x)| self.put(format!("{arm}.{what}.diff.{part}"), x, &runs));
            }
            let prompts = routed.off.first().map_or(0, Vec::len);
            let difference = |p: usize| {
                let one = |rows: &[Vec<EvalRow>]| rows.iter().map(|r| f64::from(u8::from(holds(&r[p])))).sum::<f64>();
                (one(&routed.off) - one(&vanilla.off)) / routed.off.len() as f64
            };
            if let Some((low, high)) = statistics::bootstrap(&(0..prompts).map(difference).collect::<Vec<_>>()) {
                self.put(format!("{arm}.{what}.diff.low"), low, &runs);
                self.put(format!("{arm}.{what}.diff.high"), high, &runs);
            }
        }
    }
}
