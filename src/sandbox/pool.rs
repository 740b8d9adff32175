//! A zygote per core; jobs run on all of them and come back in the order given. What fails for a reason outside of the
//! response is tried again on a fresh zygote.

use crate::step::{Step, Watch};
use crate::zygote::Zygote;
use crate::{Isolation, Job, Layers, Limits, Observed, Python, Result, conversation};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Failures of zygotes that had come to work, after which a job is given up.
const TRIES: u32 = 20;
/// How long no zygote may come to work, in start-up times.
const STORM: u32 = 100;
/// The longest pause between two tries, in start-up times. The first is an eighth of one, each later one twice as long.
const LONGEST_PAUSE: u32 = 4;

/// Workers that wait for jobs. Dropping the pool ends every process and removes every file.
pub struct Pool {
    python: Python,
    limits: Limits,
    isolation: Isolation,
    layers: Layers,
    workers: Vec<Mutex<Option<Zygote>>>,
    /// What starting the first zygote took: the unit of patience, so that a slow machine is given more of it.
    start_up: Duration,
    /// Since when zygotes have failed to start without one that did.
    storm: Mutex<Option<Instant>>,
    watch: Option<Arc<Watch>>,
}

/// Jobs that every pool of this process has run.
static JOBS_RUN: AtomicUsize = AtomicUsize::new(0);

/// How many jobs this process has run, whoever asked: the no-cheat gate counts gradings with it.
pub fn jobs_run() -> usize {
    JOBS_RUN.load(Ordering::Relaxed)
}

impl Pool {
    /// A pool with one zygote per worker. The first is started now, to see which layers of isolation hold; the others on
    /// their first job.
    ///
    /// # Errors
    /// No usable Python, or a mandatory layer does not hold and `isolation` requires it.
    pub fn new(workers: usize, limits: Limits, isolation: Isolation) -> Result<Self> {
        let python = Python::find()?;
        let started = Instant::now();
        let first = Zygote::start(&python, isolation, None)?;
        let (start_up, layers) = (started.elapsed(), first.layers.clone());
        let mut zygotes = vec![Mutex::new(Some(first))];
        zygotes.resize_with(workers.max(1), || Mutex::new(None));
        let storm = Mutex::new(None);
        Ok(Self { python, limits, isolation, layers, workers: zygotes, start_up, storm, watch: None })
    }

    /// The same pool, which tells `watch` of every step: how tests end processes at a named point.
    pub fn watched(self, watch: impl Fn(Step, u32) + Send + Sync + 'static) -> Self {
        self.workers.iter().for_each(|worker| *lock(worker) = None);
        Self { watch: Some(Arc::new(watch)), ..self }
    }

    pub fn python(&self) -> &Python {
        &self.python
    }

    /// The layers of isolation that hold for every job of this pool.
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Runs every job, on all workers, and returns what was observed in the order given.
    pub fn run(&self, jobs: &[Job]) -> Vec<Observed> {
        let next = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<Observed>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
        std::thread::scope(|scope| {
            for worker in self.workers.iter().take(jobs.len()) {
                scope.spawn(|| {
                    let mut zygote = lock(worker);
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        let Some(job) = jobs.get(i) else { break };
                        *lock(&results[i]) = Some(self.attempt(&mut zygote, job));
                    }
                });
            }
        });
        let unrun = |job: &Job| Observed::infra_failed(job, "its worker ended before it was run".into());
        results
            .into_iter()
            .zip(jobs)
            .map(|(r, job)| r.into_inner().unwrap_or_else(|e| e.into_inner()).unwrap_or_else(|| unrun(job)))
            .collect()
    }

    /// A job is given up when it has taken [`TRIES`] zygotes with it that had come to work, or when none has come to work
    /// for [`STORM`] start-up times; whatever else fails is tried again after a pause.
    fn attempt(&self, slot: &mut Option<Zygote>, job: &Job) -> Observed {
        let (mut failures, mut worked) = (0, 0);
        loop {
            let cause = match self.try_once(slot, job) {
                Ok(seen) => return seen,
                Err(Failure::Start(cause)) => cause,
                Err(Failure::AtWork(cause)) => {
                    worked += 1;
                    cause
                }
            };
            failures += 1;
            let storm = lock(&self.storm).is_some_and(|since| since.elapsed() > self.start_up * STORM);
            if worked >= TRIES || storm {
                return Observed::infra_failed(job, format!("given up at try {failures}: {cause}"));
            }
            std::thread::sleep((self.start_up / 8 * (1 << failures.min(16))).min(self.start_up * LONGEST_PAUSE));
        }
    }

    /// A zygote that fails is dropped, and with it everything that runs under it.
    fn try_once(&self, slot: &mut Option<Zygote>, job: &Job) -> std::result::Result<Observed, Failure> {
        JOBS_RUN.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let mut zygote = match slot.take() {
            Some(zygote) => zygote,
            None => self.start()?,
        };
        let seen = conversation::run(&mut zygote, job, &self.limits).map_err(|e| Failure::AtWork(e.to_string()))?;
        *slot = Some(zygote);
        Ok(Observed { seconds: started.elapsed().as_secs_f64(), ..seen })
    }

    fn start(&self) -> std::result::Result<Zygote, Failure> {
        let started = Zygote::start(&self.python, self.isolation, self.watch.clone());
        let mut storm = lock(&self.storm);
        match started {
            Ok(zygote) => {
                *storm = None;
                Ok(zygote)
            }
            Err(error) => {
                storm.get_or_insert_with(Instant::now);
                Err(Failure::Start(error.to_string()))
            }
        }
    }
}

/// Why a try gave nothing.
enum Failure {
    /// No zygote came to work.
    Start(String),
    /// One had, and failed with this job in hand.
    AtWork(String),
}

/// A poisoned lock only means that a worker thread panicked; its data is replaced or dropped by the caller.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
