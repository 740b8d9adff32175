//! Runs the plan. Finished work is never repeated: training resumes from its last update, evaluations from their last
//! file, and a run that the ledger attests is only checked.

use crate::{Bench, ExperimentError, Manifest, Result, RunId};
use adapter::{Knobs, Quarantine};
use bundle::{Entry, Ledger, Sha256, files, write_atomic};
use eval::{EvalRow, evaluate, monitoring_subset};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use substrate::{Grader, Shown};
use train::state::RunFolder;
use train::{Inputs, Metrics, Outcome};

/// What happens while a plan runs, for whoever shows it.
pub enum Event<'a> {
    Base { hack: f64, solve: f64 },
    Update { run: RunId, metrics: &'a Metrics },
    Evaluated { run: RunId, update: usize, hack: f64, solve: f64 },
    Finished { run: RunId },
}

/// Where the plan runs, for the ledger.
#[derive(Clone, Debug)]
pub struct Host {
    pub device: String,
    pub code: String,
    pub program: Sha256,
    pub versions: BTreeMap<String, String>,
    pub inputs: BTreeMap<PathBuf, Sha256>,
    /// Runs at a time, and threads for each.
    pub jobs: usize,
    pub threads: usize,
}

/// The ledger entry of the base model's evaluation.
pub const BASE_RUN: &str = "base";

/// Evaluates the base, then trains and evaluates every run, then appends the ledger in plan order.
pub fn run_plan(
    manifest: &Manifest,
    bench: &Bench,
    host: &Host,
    out: &Path,
    stop: &AtomicBool,
    events: &(dyn Fn(Event) + Sync),
) -> Result<()> {
    let base = base_rows(manifest, bench, out)?;
    events(Event::Base { hack: eval::hack_rate(&base), solve: eval::solve_rate(&base) });
    let subset = monitoring_subset(&base, manifest.eval.monitor);
    let ledger = Mutex::new(Appender::new(manifest, host, out)?);
    lock(&ledger).finished(BASE_RUN.into())?;

    let (runs, next) = (manifest.runs(), AtomicUsize::new(0));
    let failure: Mutex<Option<ExperimentError>> = Mutex::new(None);
    let work = || -> Result<()> {
        let grader = Grader::new(host.threads)?;
        loop {
            let Some(&run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(()) };
            if lock(&failure).is_some() {
                return Ok(());
            }
            one_run(manifest, bench, &grader, run, &subset, out, stop, events)?;
            lock(&ledger).finished(run.to_string())?;
            events(Event::Finished { run });
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..host.jobs {
            scope.spawn(|| {
                // Each job computes on threads of its own: small tensors gain more from whole runs side by side.
                let done = match rayon::ThreadPoolBuilder::new().num_threads(host.threads).build() {
                    Ok(pool) => pool.install(work),
                    Err(_) => work(),
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

#[allow(clippy::too_many_arguments)]
fn one_run(
    manifest: &Manifest,
    bench: &Bench,
    grader: &Grader,
    run: RunId,
    subset: &BTreeSet<String>,
    out: &Path,
    stop: &AtomicBool,
    events: &(dyn Fn(Event) + Sync),
) -> Result<()> {
    let wrong = |e: toml::de::Error| ExperimentError::Manifest { path: manifest.name.clone().into(), reason: e.to_string() };
    let config = manifest.config(run).map_err(wrong)?;
    let folder = out.join(run.to_string());
    let inputs = Inputs {
        basis: &bench.basis,
        tokenizer: &bench.tokenizer,
        problems: &bench.train,
        pairs: &bench.pairs,
        grader,
    };
    match train::train(&config, &inputs, &folder, stop, |metrics| events(Event::Update { run, metrics }))? {
        Outcome::Finished => {}
        Outcome::Interrupted { updates_completed } => {
            return Err(ExperimentError::Interrupted { run: run.to_string(), updates_completed });
        }
    }
    let monitored: Vec<&Shown> = bench.test.iter().filter(|s| subset.contains(&s.problem.problem_id)).collect();
    let all: Vec<&Shown> = bench.test.iter().collect();
    for update in (config.checkpoint_every..config.updates).step_by(config.checkpoint_every) {
        score(manifest, bench, grader, run, &folder, update, Quarantine::Off, &monitored, events)?;
    }
    score(manifest, bench, grader, run, &folder, config.updates, Quarantine::Off, &all, events)?;
    if run.arm.routes() {
        score(manifest, bench, grader, run, &folder, config.updates, Quarantine::On, &all, &|_| {})?;
    }
    Ok(())
}

/// The file of one evaluation.
pub fn eval_file(folder: &Path, update: usize, quarantine: Quarantine) -> PathBuf {
    let knob = if quarantine == Quarantine::Off { "off" } else { "on" };
    folder.join(format!("eval/update-{update:04}-{knob}.jsonl"))
}

#[allow(clippy::too_many_arguments)]
fn score(
    manifest: &Manifest,
    bench: &Bench,
    grader: &Grader,
    run: RunId,
    folder: &Path,
    update: usize,
    quarantine: Quarantine,
    problems: &[&Shown],
    events: &(dyn Fn(Event) + Sync),
) -> Result<()> {
    let path = eval_file(folder, update, quarantine);
    let rows = if path.exists() {
        read_rows(&path)?
    } else {
        let knobs = Knobs::load(&RunFolder::checkpoint(folder, update))?;
        let decoder = bench.basis.merge(&knobs, quarantine);
        let rows = evaluate(&decoder, problems, &bench.tokenizer, grader, &manifest.eval)?;
        write_rows(&path, &rows)?;
        rows
    };
    events(Event::Evaluated { run, update, hack: eval::hack_rate(&rows), solve: eval::solve_rate(&rows) });
    Ok(())
}

fn base_rows(manifest: &Manifest, bench: &Bench, out: &Path) -> Result<Vec<EvalRow>> {
    let path = eval_file(&out.join(BASE_RUN), 0, Quarantine::Off);
    if path.exists() {
        return read_rows(&path);
    }
    let grader = Grader::new(std::thread::available_parallelism().map_or(1, usize::from))?;
    let all: Vec<&Shown> = bench.test.iter().collect();
    let rows = evaluate(&bench.basis.base, &all, &bench.tokenizer, &grader, &manifest.eval)?;
    write_rows(&path, &rows)?;
    Ok(rows)
}

/// Reads a JSONL file of rows.
pub fn read_rows<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = files::read_text(path)?;
    let bad = |e: serde_json::Error| ExperimentError::Incomplete { path: path.into(), reason: e.to_string() };
    text.lines().map(|line| serde_json::from_str(line).map_err(bad)).collect()
}

fn write_rows(path: &Path, rows: &[EvalRow]) -> Result<()> {
    let text: String = rows.iter().map(|r| serde_json::to_string(r).expect("rows serialise") + "\n").collect();
    Ok(write_atomic(path, text.as_bytes())?)
}

/// Appends ledger entries in plan order, whatever order runs finish in, so that the same work makes the same ledger.
struct Appender<'a> {
    ledger: Ledger,
    host: &'a Host,
    order: Vec<String>,
    done: BTreeSet<String>,
}

impl<'a> Appender<'a> {
    fn new(manifest: &Manifest, host: &'a Host, out: &Path) -> Result<Self> {
        let mut order = vec![BASE_RUN.to_string()];
        order.extend(manifest.runs().iter().map(RunId::to_string));
        let ledger = Ledger::open(&out.join("ledger.jsonl"))?;
        Ok(Self { ledger, host, order, done: BTreeSet::new() })
    }

    fn finished(&mut self, run: String) -> Result<()> {
        self.done.insert(run);
        while let Some(run) = self.order.first().filter(|r| self.done.contains(*r)).cloned() {
            self.order.remove(0);
            let entry = self.entry(&run)?;
            if self.ledger.find(&run) != Some(&entry) {
                self.ledger.append(entry)?;
            }
        }
        Ok(())
    }

    fn entry(&self, run: &str) -> Result<Entry> {
        let root = self.ledger.folder();
        let mut outputs = BTreeMap::new();
        for file in files::list(&root.join(run))? {
            let name = Path::new(run).join(file);
            outputs.insert(name.clone(), digest(&root.join(name))?);
        }
        let config = root.join(run).join("config.json");
        Ok(Entry {
            run: run.into(),
            config: if config.exists() { digest(&config)? } else { Sha256::of(b"") },
            program: self.host.program,
            code: self.host.code.clone(),
            device: self.host.device.clone(),
            versions: self.host.versions.clone(),
            inputs: self.host.inputs.clone(),
            outputs,
        })
    }
}

fn digest(path: &Path) -> Result<Sha256> {
    let (digest, _) =
        Sha256::of_file(path).map_err(|source| bundle::BundleError::Read { path: path.into(), source })?;
    Ok(digest)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
