//! Runs the plan. Finished work is never repeated: training resumes from its last update, evaluations from their last
//! file, and a run that the ledger attests is only checked.

use crate::evidence;
use crate::manifest::{Job, Relearn};
use crate::{Bench, ExperimentError, Manifest, Result, RunId};
use adapter::{Basis, Knobs, Quarantine};
use bundle::{Entry, Ledger, Sha256, files, write_atomic};
use eval::{EvalRow, evaluate, monitoring_subset};
use model::Decoder;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use substrate::problem::read_rows;
use substrate::{Grader, Isolation, Shown};
use train::state::{LOG, RunFolder};
use train::{Arm, Inputs, Metrics, Outcome, TrainConfig};

/// What of a checkpoint is evaluated, and on which markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// Without the quarantine, on markers that training never disclosed: what is deployed, as the paper measures it.
    Deployed,
    /// With the quarantine on.
    Whole,
    /// The quarantine and nothing else that was learned.
    QuarantineAlone,
    /// What is deployed, on the markers of training.
    TrainedMarkers,
}

impl View {
    /// Those of an arm's checkpoints.
    pub fn of_checkpoint(arm: Arm) -> &'static [Self] {
        if arm.routes() { &[Self::Deployed, Self::Whole] } else { &[Self::Deployed] }
    }

    /// Those of its last model.
    pub fn of_last(arm: Arm) -> &'static [Self] {
        match arm.routes() {
            true => &[Self::Deployed, Self::Whole, Self::TrainedMarkers, Self::QuarantineAlone],
            false => &[Self::Deployed, Self::TrainedMarkers],
        }
    }

    /// In `results.json`.
    pub fn key(self) -> &'static str {
        if self == Self::TrainedMarkers { "trained_markers" } else { self.name() }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Deployed => "off",
            Self::Whole => "on",
            Self::QuarantineAlone => "alone",
            Self::TrainedMarkers => "off-trained",
        }
    }
}

/// What happens while a plan runs, for whoever shows it.
pub enum Event<'a> {
    Base {
        hack: f64,
        solve: f64,
    },
    /// An earlier call had done so many updates of it.
    Resumed {
        job: Job,
        updates: usize,
    },
    Update {
        job: Job,
        metrics: &'a Metrics,
    },
    Evaluated {
        job: Job,
        update: usize,
        view: View,
        hack: f64,
        solve: f64,
    },
    Finished {
        job: Job,
    },
}

/// Where the plan runs, for the ledger.
#[derive(Clone, Debug)]
pub struct Host {
    pub device: String,
    pub code: String,
    pub program: Sha256,
    pub versions: BTreeMap<String, String>,
    pub inputs: BTreeMap<PathBuf, Sha256>,
    /// Mandatory layers of the sandbox that were missing and lifted.
    pub unsafe_without: Vec<String>,
    /// Runs at a time, and threads for each.
    pub jobs: usize,
    pub threads: usize,
}

/// Between two looks at whether a run that another one needs is finished.
const WAIT: Duration = Duration::from_millis(50);

/// The ledger entry of the base model's evaluation.
pub const BASE_RUN: &str = "base";

/// A plan being run: what it works on and who is told.
#[derive(Clone, Copy)]
pub struct Runner<'a> {
    pub manifest: &'a Manifest,
    pub bench: &'a Bench,
    /// The bench's, or a copy of a thread's own.
    pub basis: &'a Basis,
    pub out: &'a Path,
    pub isolation: Isolation,
    pub stop: &'a AtomicBool,
    pub events: &'a (dyn Fn(Event) + Sync),
}

/// Evaluates the base, then trains and evaluates every run, then appends the ledger in plan order.
pub fn run_plan(runner: &Runner, host: &Host) -> Result<()> {
    let ledger = Mutex::new(Appender::new(runner.manifest, host, runner.out)?);
    let subset = runner.base()?;
    lock(&ledger).finished(BASE_RUN.into())?;

    let (jobs, next) = (runner.manifest.jobs(), AtomicUsize::new(0));
    let failure: Mutex<Option<ExperimentError>> = Mutex::new(None);
    let work = |runner: Runner| -> Result<()> {
        let grader = Grader::new(host.threads, runner.isolation)?;
        loop {
            let Some(&job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(()) };
            if lock(&failure).is_some() {
                return Ok(());
            }
            // What it needs comes before it in the plan, so it is finished or somebody is at it.
            while job.needs().is_some_and(|needed| !lock(&ledger).done.contains(&needed.to_string())) {
                if lock(&failure).is_some() {
                    return Ok(());
                }
                std::thread::sleep(WAIT);
            }
            runner.job(job, &grader, &subset)?;
            lock(&ledger).finished(job.to_string())?;
            (runner.events)(Event::Finished { job });
        }
    };
    if host.jobs == 1 {
        return work(*runner);
    }
    std::thread::scope(|scope| {
        for _ in 0..host.jobs {
            scope.spawn(|| {
                let beside = || {
                    let basis = runner.basis.own();
                    work(Runner { basis: &basis, ..*runner })
                };
                // Each job computes on threads of its own: small tensors gain more from whole runs side by side.
                let done = match rayon::ThreadPoolBuilder::new().num_threads(host.threads).build() {
                    Ok(pool) => pool.install(beside),
                    Err(_) => beside(),
                };
                if let Err(error) = done {
                    lock(&failure).get_or_insert(error);
                }
            });
        }
    });
    match failure.into_inner().unwrap_or_else(|e| e.into_inner()) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

impl Runner<'_> {
    /// Evaluates the base model, once, and picks the monitoring subset by it.
    pub fn base(&self) -> Result<BTreeSet<String>> {
        let grader = Grader::new(std::thread::available_parallelism().map_or(1, usize::from), self.isolation)?;
        let base = &self.basis.base;
        let rows = self.scored(&self.out.join(BASE_RUN), 0, View::Deployed, None, &grader, || Ok(base.clone()))?;
        self.scored(&self.out.join(BASE_RUN), 0, View::TrainedMarkers, None, &grader, || Ok(base.clone()))?;
        (self.events)(Event::Base { hack: eval::hack_rate(&rows), solve: eval::solve_rate(&rows) });
        Ok(monitoring_subset(&rows, self.manifest.eval.monitor))
    }

    /// Does one piece of the plan, from wherever it stands.
    pub fn job(&self, job: Job, grader: &Grader, subset: &BTreeSet<String>) -> Result<()> {
        match job {
            Job::Run(run) => {
                self.train(run, grader)?;
                self.evaluate(run, grader, subset)
            }
            Job::Relearn(relearn) => self.relearn(relearn, grader, subset),
        }
    }

    /// Trains one run to its end.
    pub fn train(&self, run: RunId, grader: &Grader) -> Result<()> {
        let (problems, pairs) = (self.bench.problems_of(run.arm), self.bench.pairs_of(run.arm));
        let matched = self.matched(run)?;
        let inputs = Inputs {
            basis: self.basis,
            tokenizer: &self.bench.tokenizer,
            problems,
            pairs: &pairs,
            grader,
            matched: matched.as_deref(),
            start: None,
        };
        let config = self.manifest.config(run)?;
        self.trained(Job::Run(run), &config, &inputs)?;
        evidence::make(&self.out.join(run.to_string()), config.group, problems)
    }

    /// Plain GRPO from what a run deployed, or from the base, watched at every checkpoint.
    fn relearn(&self, relearn: Relearn, grader: &Grader, subset: &BTreeSet<String>) -> Result<()> {
        let (job, config) = (Job::Relearn(relearn), self.manifest.job_config(Job::Relearn(relearn))?);
        let start = match job.needs() {
            None => None,
            Some(run) => {
                let last = self.manifest.config(run)?.updates;
                let folder = self.out.join(run.to_string());
                Some(Knobs::load(&RunFolder::checkpoint(&folder, last))?.deployed_alone())
            }
        };
        let inputs = Inputs {
            basis: self.basis,
            tokenizer: &self.bench.tokenizer,
            problems: self.bench.problems_of(Arm::Vanilla),
            pairs: &[],
            grader,
            matched: None,
            start: start.as_ref(),
        };
        self.trained(job, &config, &inputs)?;
        for update in (0..=config.updates).step_by(config.checkpoint_every) {
            self.checkpoint(job, update, View::Deployed, Some(subset), grader)?;
        }
        Ok(())
    }

    fn trained(&self, job: Job, config: &TrainConfig, inputs: &Inputs) -> Result<()> {
        let folder = self.out.join(job.to_string());
        let updates = RunFolder::at(&folder).updates_completed()?;
        (self.events)(Event::Resumed { job, updates });
        let told = |metrics: &Metrics| (self.events)(Event::Update { job, metrics });
        match train::train(config, inputs, &folder, self.stop, told)? {
            Outcome::Finished => Ok(()),
            Outcome::Interrupted { updates_completed } => {
                Err(ExperimentError::Interrupted { run: job.to_string(), updates_completed })
            }
        }
    }

    /// The mean gate value of every update of the run that this one is matched to.
    fn matched(&self, run: RunId) -> Result<Option<Vec<f64>>> {
        let Some(needed) = run.needs() else { return Ok(None) };
        let path = RunFolder::at(&self.out.join(needed.to_string())).metrics();
        let rows: Vec<Metrics> = if path.exists() { read_rows(&path)? } else { vec![] };
        Ok(Some(rows.into_iter().map(|m| m.routed_mass).collect()))
    }

    /// Evaluates a trained run: the monitoring subset at every checkpoint, quarantine off and on; the full test set at the
    /// last, in every view.
    pub fn evaluate(&self, run: RunId, grader: &Grader, subset: &BTreeSet<String>) -> Result<()> {
        let (config, job) = (self.manifest.config(run)?, Job::Run(run));
        for update in (config.checkpoint_every..config.updates).step_by(config.checkpoint_every) {
            for &view in View::of_checkpoint(run.arm) {
                self.checkpoint(job, update, view, Some(subset), grader)?;
            }
        }
        for &view in View::of_last(run.arm) {
            self.checkpoint(job, config.updates, view, None, grader)?;
        }
        Ok(())
    }

    fn checkpoint(
        &self,
        job: Job,
        update: usize,
        view: View,
        subset: Option<&BTreeSet<String>>,
        grader: &Grader,
    ) -> Result<()> {
        let folder = self.out.join(job.to_string());
        let rows = self.scored(&folder, update, view, subset, grader, || {
            let knobs = Knobs::load(&RunFolder::checkpoint(&folder, update))?;
            let basis = self.basis;
            Ok(match view {
                View::Deployed | View::TrainedMarkers => basis.merge(&knobs, Quarantine::Off),
                View::Whole => basis.merge(&knobs, Quarantine::On),
                View::QuarantineAlone => basis.merge(&knobs.quarantine_alone(), Quarantine::Off),
            })
        })?;
        let (hack, solve) = (eval::hack_rate(&rows), eval::solve_rate(&rows));
        (self.events)(Event::Evaluated { job, update, view, hack, solve });
        Ok(())
    }

    /// The rows of one evaluation: those on disk, or else new ones, stored whole or not at all.
    fn scored(
        &self,
        folder: &Path,
        update: usize,
        view: View,
        subset: Option<&BTreeSet<String>>,
        grader: &Grader,
        model: impl FnOnce() -> Result<Decoder>,
    ) -> Result<Vec<EvalRow>> {
        let path = eval_file(folder, update, view);
        if path.exists() {
            return Ok(read_rows(&path)?);
        }
        let all = if view == View::TrainedMarkers { &self.bench.test_trained } else { &self.bench.test };
        let taken = |s: &&Shown| subset.is_none_or(|ids| ids.contains(&s.problem.problem_id));
        let problems: Vec<&Shown> = all.iter().filter(taken).collect();
        let rows = evaluate(&model()?, &problems, &self.bench.tokenizer, grader, &self.manifest.eval)?;
        write_atomic(&path, files::to_jsonl(&rows).as_bytes())?;
        Ok(rows)
    }
}

/// The file of one evaluation.
pub fn eval_file(folder: &Path, update: usize, view: View) -> PathBuf {
    folder.join(format!("eval/update-{update:04}-{}.jsonl", view.name()))
}

/// Appends ledger entries in plan order, whatever order runs finish in, so that the same work makes the same ledger.
struct Appender<'a> {
    ledger: Ledger,
    host: &'a Host,
    order: Vec<String>,
    done: BTreeSet<String>,
}

impl<'a> Appender<'a> {
    /// Opens the ledger and checks what it attests already, before anything is built on it.
    fn new(manifest: &Manifest, host: &'a Host, out: &Path) -> Result<Self> {
        let mut order = vec![BASE_RUN.to_string()];
        order.extend(manifest.jobs().iter().map(Job::to_string));
        let ledger = Ledger::open(&out.join("ledger.jsonl"))?;
        for entry in order.iter().filter_map(|run| ledger.find(run)) {
            entry.verify_outputs(out)?;
        }
        Ok(Self { ledger, host, order, done: BTreeSet::new() })
    }

    fn finished(&mut self, run: String) -> Result<()> {
        self.done.insert(run);
        while let Some(run) = self.order.first().filter(|r| self.done.contains(*r)).cloned() {
            self.order.remove(0);
            // An entry that stands was made by the program and from the inputs that it names: it is not made again.
            if self.ledger.find(&run).is_none() {
                self.ledger.append(self.entry(&run)?)?;
            }
        }
        Ok(())
    }

    fn entry(&self, run: &str) -> Result<Entry> {
        let root = self.ledger.folder();
        let mut outputs = BTreeMap::new();
        let results = files::list(&root.join(run))?.into_iter().filter(|file| !file.starts_with(LOG));
        for file in results {
            let name = Path::new(run).join(file);
            outputs.insert(name.clone(), Sha256::of_file(&root.join(name))?.0);
        }
        let config = root.join(run).join("config.json");
        Ok(Entry {
            run: run.into(),
            config: if config.exists() { Sha256::of_file(&config)?.0 } else { Sha256::of(b"") },
            program: self.host.program,
            code: self.host.code.clone(),
            device: self.host.device.clone(),
            versions: self.host.versions.clone(),
            inputs: self.host.inputs.clone(),
            unsafe_without: self.host.unsafe_without.clone(),
            outputs,
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
