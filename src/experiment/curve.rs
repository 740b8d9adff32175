//! `curve.json` and `curve.csv`: every evaluation of a plan as one row, seed by seed and mode by mode, finished or not. A pure
//! function of evaluation files, as [`crate::Results`] is. Figures are drawn from results, because those are attested; a test
//! holds the two against each other.

use crate::manifest::{Job, Source};
use crate::runner::{CheckpointView, base_folder, eval_file};
use crate::{ExperimentError, Manifest, Result};
use bundle::{BundleError, jsonl, write_atomic};
use eval::{EvalRow, hack_rate, monitoring_subset, share, solve_rate};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use substrate::Loophole;
use tasks::data::Tasks;
use train::{RunFolder, TrainError};

/// The name of the rows that are about all modes together.
pub const ALL_MODES: &str = "all";

/// The file of a run with its deployed model's rates by mode. It follows from evaluations, so no ledger names it.
pub const PER_MODE: &str = "per_mode_deploy.json";

/// The same by kind of task, where the data set's problems are of kinds.
pub const PER_KIND: &str = "per_kind_deploy.json";

/// The columns of `curve.csv`, which are the names in `curve.json`.
const COLUMNS: &str = "arm,seed,updates,view,split,mode,n,hack,solve,ended";

/// What one evaluation came to, on all modes or on one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The arm, or `relearn-` and whose deployed model learned again.
    pub arm: String,
    /// The seed.
    pub seed: u64,
    /// Updates behind the model; after none it is the base that the seed stands for.
    pub updates: usize,
    /// The view's label.
    pub view: &'static str,
    /// `test`, or `monitor`: the part of it that every checkpoint is evaluated on.
    pub split: &'static str,
    /// A mode, or [`ALL_MODES`].
    pub mode: &'static str,
    /// How many problems.
    pub n: usize,
    /// Share of answers that fooled the grader and are not correct.
    pub hack: f64,
    /// Share of correct ones.
    pub solve: f64,
    /// Share of completions that ended.
    pub ended: f64,
}

/// Every evaluation of a results folder: in plan order, then by updates, view, split and mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The rows.
    pub points: Vec<Point>,
}

impl Curve {
    /// Reads the evaluations that are there. A run that was begun starts at its base.
    ///
    /// # Errors
    /// No base model was evaluated, or a file of evaluations is damaged.
    pub fn collect(manifest: &Manifest, out: &Path) -> Result<Self> {
        let first: Vec<EvalRow> = jsonl::read(&eval_file(&base_folder(out, 0), 0, CheckpointView::Deployed))?;
        let subset = monitoring_subset(&first, manifest.eval.monitor);
        let jobs: Vec<Result<_>> =
            manifest.jobs().into_par_iter().map(|job| of_job(manifest, out, job, &subset)).collect();
        let points = jobs.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(Self { points: points.into_iter().flatten().collect() })
    }

    /// The text of `curve.json`, a line a row.
    pub fn to_json(&self) -> String {
        let rows: Vec<String> =
            self.points.iter().map(|point| serde_json::to_string(point).expect("a point serialises")).collect();
        format!("[\n{}\n]\n", rows.join(",\n"))
    }

    /// The text of `curve.csv`. No name has a comma or a quote in it.
    pub fn to_csv(&self) -> String {
        let row = |p: &Point| {
            let Point { arm, seed, updates, view, split, mode, n, hack, solve, ended } = p;
            format!("{arm},{seed},{updates},{view},{split},{mode},{n},{hack:?},{solve:?},{ended:?}\n")
        };
        format!("{COLUMNS}\n") + &self.points.iter().map(row).collect::<String>()
    }

    /// The text of a run's [`PER_MODE`]: its last deployed model by mode. None before a first checkpoint was evaluated.
    pub fn per_mode(&self, job: Job) -> Option<String> {
        let arm = arm_of(job);
        let deployed = |p: &&Point| {
            p.arm == arm && p.seed == job.seed() && p.view == CheckpointView::Deployed.label() && p.mode != ALL_MODES
        };
        let own: Vec<&Point> = self.points.iter().filter(deployed).collect();
        let last = own.iter().map(|p| p.updates).max().filter(|updates| *updates > 0)?;
        // The part comes first, so that the whole takes its place where there is one.
        let (part, whole): (Vec<&Point>, Vec<&Point>) =
            own.into_iter().filter(|p| p.updates == last).partition(|p| p.split == MONITOR);
        let rates = part.into_iter().chain(whole).map(|p| (p.mode, Rates { n: p.n, hack: p.hack, solve: p.solve }));
        Some(table(&rates.collect()))
    }
}

/// What a row of [`PER_MODE`] and [`PER_KIND`] says.
#[derive(Serialize)]
struct Rates {
    n: usize,
    hack: f64,
    solve: f64,
}

fn table(rates: &BTreeMap<&str, Rates>) -> String {
    serde_json::to_string_pretty(rates).expect("rates serialise") + "\n"
}

/// The kind of each of the tier's problems, by its id: a method's name is its kind's. Empty where problems are of none.
fn kinds(root: &Path, manifest: &Manifest) -> Result<BTreeMap<String, String>> {
    if manifest.source != Source::Tasks {
        return Ok(BTreeMap::new());
    }
    let Tasks { train, test, .. } = Tasks::load(&root.join(&manifest.data))?;
    Ok(train.into_iter().chain(test).map(|problem| (problem.problem_id, problem.func_name)).collect())
}

/// The text of a run's [`PER_KIND`]: what it deploys at its end, on all test problems. None before that, or without kinds.
fn per_kind(manifest: &Manifest, out: &Path, job: Job, kinds: &BTreeMap<String, String>) -> Result<Option<String>> {
    let last = manifest.job_config(job)?.updates;
    let path = eval_file(&out.join(job.to_string()), last, CheckpointView::Deployed);
    if kinds.is_empty() || !path.exists() {
        return Ok(None);
    }
    let mut of: BTreeMap<&str, Vec<EvalRow>> = BTreeMap::new();
    for row in jsonl::read::<EvalRow>(&path)? {
        if let Some(kind) = kinds.get(&row.problem_id) {
            of.entry(kind).or_default().push(row);
        }
    }
    let rates = |rows: &[EvalRow]| Rates { n: rows.len(), hack: hack_rate(rows), solve: solve_rate(rows) };
    Ok(Some(table(&of.iter().map(|(kind, rows)| (*kind, rates(rows))).collect())))
}

const TEST: &str = "test";
const MONITOR: &str = "monitor";

/// A piece's name without its seed.
fn arm_of(job: Job) -> String {
    let (name, seed) = (job.to_string(), format!("-s{}", job.seed()));
    name.strip_suffix(&seed).unwrap_or(&name).into()
}

fn of_job(manifest: &Manifest, out: &Path, job: Job, subset: &BTreeSet<String>) -> Result<Vec<Point>> {
    let folder = out.join(job.to_string());
    if !RunFolder::at(&folder).config().exists() {
        return Ok(vec![]);
    }
    let config = manifest.job_config(job)?;
    let updates: BTreeSet<usize> = config.checkpoints().collect();
    let mut points = vec![];
    for update in updates {
        let (views, whole) = match job {
            Job::Run(run) => (CheckpointView::of_last(manifest, run.arm), [0, config.updates].contains(&update)),
            Job::Relearn(_) => (vec![CheckpointView::Deployed], false),
        };
        for view in views {
            let path = match (job, update) {
                (Job::Run(run), 0) => {
                    eval_file(&base_folder(out, manifest.replicate(run.seed).base), 0, view.of_base())
                }
                _ => eval_file(&folder, update, view),
            };
            if !path.exists() {
                continue;
            }
            let rows: Vec<EvalRow> = jsonl::read(&path)?;
            let at = |split| Point {
                arm: arm_of(job),
                seed: job.seed(),
                updates: update,
                view: view.label(),
                split,
                mode: ALL_MODES,
                n: 0,
                hack: 0.0,
                solve: 0.0,
                ended: 0.0,
            };
            if whole {
                points.extend(by_mode(&at(TEST), &rows));
            }
            let watched: Vec<EvalRow> = rows.into_iter().filter(|r| subset.contains(&r.problem_id)).collect();
            points.extend(by_mode(&at(MONITOR), &watched));
        }
    }
    Ok(points)
}

/// These rows as points at one place: all of them, then each mode's.
fn by_mode(at: &Point, rows: &[EvalRow]) -> Vec<Point> {
    let point = |mode, rows: &[EvalRow]| Point {
        mode,
        n: rows.len(),
        hack: hack_rate(rows),
        solve: solve_rate(rows),
        ended: share(rows, EvalRow::ended),
        ..at.clone()
    };
    let of = |loophole: Loophole| rows.iter().filter(|r| r.loophole == loophole).cloned().collect::<Vec<_>>();
    let modes = Loophole::ALL.into_iter().map(|loophole| (loophole.name(), of(loophole)));
    let present = modes.filter(|(_, rows)| !rows.is_empty()).map(|(mode, rows)| point(mode, &rows));
    std::iter::once(point(ALL_MODES, rows)).chain(present).collect()
}

/// Writes `curve.json` and `curve.csv` into a results folder and each run's [`PER_MODE`] and [`PER_KIND`] beside its evaluations. Returns
/// the runs that a process is at work in: nothing is written there.
pub fn write(root: &Path, manifest: &Manifest, out: &Path) -> Result<Vec<String>> {
    let (curve, kinds) = (Curve::collect(manifest, out)?, kinds(root, manifest)?);
    write_atomic(&out.join("curve.json"), curve.to_json().as_bytes())?;
    write_atomic(&out.join("curve.csv"), curve.to_csv().as_bytes())?;
    let mut at_work = vec![];
    for job in manifest.jobs() {
        let (Some(per_mode), folder) = (curve.per_mode(job), out.join(job.to_string())) else { continue };
        match RunFolder::at(&folder).own() {
            Ok(_owner) => {
                write_atomic(&folder.join(PER_MODE), per_mode.as_bytes())?;
                if let Some(per_kind) = per_kind(manifest, out, job, &kinds)? {
                    write_atomic(&folder.join(PER_KIND), per_kind.as_bytes())?;
                }
            }
            Err(TrainError::File(BundleError::Owned { .. })) => at_work.push(job.to_string()),
            Err(error) => return Err(ExperimentError::from(error)),
        }
    }
    Ok(at_work)
}
