//! A zygote per worker, and jobs that each wait for a free one. What fails for a reason outside of the response is tried again on a
//! fresh zygote.

use crate::conversation::Nothing;
use crate::step::{Step, Watch};
use crate::zygote::Zygote;
use crate::{Fault, Isolation, Layers, Limits, Observed, Python, Result, SandboxError, SandboxJob, conversation};
use parking_lot::{Condvar, Mutex};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
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
    workers: usize,
    /// The workers that have no job. Whoever came last is asked first, so that zygotes are started only as they are needed.
    free: Mutex<Vec<Option<Zygote>>>,
    one_is_free: Condvar,
    /// What starting the first zygote took: the unit of patience, so that a slow machine is given more of it.
    start_up: Duration,
    storm: Mutex<Option<Storm>>,
    watch: Option<Arc<Watch>>,
}

/// Starts that failed without one that did: since when, and the last.
#[derive(Clone, Copy)]
struct Storm {
    since: Instant,
    last: Instant,
}

/// Jobs that every pool of this process has run.
static JOBS_RUN: AtomicUsize = AtomicUsize::new(0);

/// How many jobs this process has run, whoever asked: the no-cheat gate counts gradings with it.
pub fn jobs_run() -> usize {
    JOBS_RUN.load(Ordering::Relaxed)
}

/// How many processors there are.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Pool {
    /// A pool with one zygote per worker. The first is started now, to see which layers of isolation hold; the others on
    /// their first job.
    ///
    /// # Errors
    /// A hard limit of the machine below what a job may use, no usable Python, or a mandatory layer does not hold and `isolation` requires it.
    pub fn new(workers: usize, limits: Limits, isolation: Isolation) -> Result<Self> {
        limits.allowed()?;
        let python = Python::find()?;
        let started = Instant::now();
        let first = Zygote::start(&python, isolation, &limits, None)?;
        let (start_up, layers) = (started.elapsed(), first.layers.clone());
        let workers = workers.max(1);
        let mut free: Vec<Option<Zygote>> = (1..workers).map(|_| None).collect();
        free.push(Some(first));
        let (free, one_is_free, storm) = (Mutex::new(free), Condvar::new(), Mutex::new(None));
        Ok(Self { python, limits, isolation, layers, workers, free, one_is_free, start_up, storm, watch: None })
    }

    /// The same pool, which tells `watch` of every step: how tests end processes at a named point.
    pub fn watched(mut self, watch: impl Fn(Step, u32) + Send + Sync + 'static) -> Self {
        self.free.get_mut().iter_mut().for_each(|worker| *worker = None);
        self.watch = Some(Arc::new(watch));
        self
    }

    /// The interpreter that runs every job, as it was found when the pool was made.
    pub fn python(&self) -> &Python {
        &self.python
    }

    /// The layers of isolation that hold for every job of this pool.
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// How many jobs run at a time.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Runs a job as soon as a worker is free.
    pub fn run(&self, job: &SandboxJob) -> Observed {
        let mut worker = self.worker();
        self.attempt(&mut worker.zygote, job)
    }

    /// Runs every job, on all workers, and returns what was observed in the order given.
    pub fn run_all(&self, jobs: &[SandboxJob]) -> Vec<Observed> {
        let next = AtomicUsize::new(0);
        let seen: Vec<OnceLock<Observed>> = jobs.iter().map(|_| OnceLock::new()).collect();
        let work = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(i) else { break };
                seen[i].get_or_init(|| self.run(job));
            }
        };
        std::thread::scope(|scope| (0..self.workers.min(jobs.len())).for_each(|_| drop(scope.spawn(work))));
        seen.into_iter().map(|seen| seen.into_inner().expect("a scope ends when its threads have")).collect()
    }

    fn worker(&self) -> Worker<'_> {
        let mut free = self.free.lock();
        loop {
            match free.pop() {
                Some(zygote) => return Worker { pool: self, zygote },
                None => self.one_is_free.wait(&mut free),
            }
        }
    }

    /// A job is given up when it has taken [`TRIES`] zygotes with it that had come to work, or when none has come to work
    /// for [`STORM`] start-up times; whatever else fails is tried again after a pause.
    fn attempt(&self, slot: &mut Option<Zygote>, job: &SandboxJob) -> Observed {
        let (mut failures, mut worked) = (0u32, 0);
        loop {
            let (cause, hopeless) = match self.try_once(slot, job) {
                Ok(seen) => return seen,
                Err(Failure::Start { cause, storm }) => (cause, storm > self.start_up * STORM),
                Err(Failure::AtWork(cause)) => {
                    worked += 1;
                    (cause, worked >= TRIES)
                }
                // It would be the same again.
                Err(Failure::Data(cause)) => return Observed::failed(job, Fault::Data(cause)),
            };
            failures += 1;
            if hopeless {
                return Observed::failed(job, Fault::Machine(format!("given up at try {failures}: {cause}")));
            }
            let pause = self.start_up / 8 * (1 << (failures - 1).min(16));
            std::thread::sleep(pause.min(self.start_up * LONGEST_PAUSE));
        }
    }

    /// A zygote that fails is dropped, and with it everything that runs under it.
    fn try_once(&self, slot: &mut Option<Zygote>, job: &SandboxJob) -> std::result::Result<Observed, Failure> {
        JOBS_RUN.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let mut zygote = match slot.take() {
            Some(zygote) => zygote,
            None => self.start()?,
        };
        let seen = conversation::run(&mut zygote, job, &self.limits);
        if !matches!(seen, Err(Nothing::Machine(_))) {
            *slot = Some(zygote);
        }
        Ok(Observed { seconds: started.elapsed().as_secs_f64(), ..seen? })
    }

    fn start(&self) -> std::result::Result<Zygote, Failure> {
        let started = Zygote::start(&self.python, self.isolation, &self.limits, self.watch.clone());
        let (mut storm, now) = (self.storm.lock(), Instant::now());
        match started {
            Ok(zygote) => {
                *storm = None;
                Ok(zygote)
            }
            Err(error) => {
                // One that was long ago is another.
                let current = storm.filter(|s| now - s.last <= self.start_up * STORM);
                let since = current.map_or(now, |s| s.since);
                *storm = Some(Storm { since, last: now });
                // Whoever reports the failure gives the advice, once.
                let cause = match error {
                    SandboxError::Start { python, reason } => {
                        format!("{} does not start inside the sandbox: {reason}", python.display())
                    }
                    other => other.to_string(),
                };
                Err(Failure::Start { cause, storm: now - since })
            }
        }
    }
}

impl Drop for Pool {
    /// All are told before the first is waited for: each takes a tenth of a second to tidy up.
    fn drop(&mut self) {
        self.free.get_mut().iter_mut().flatten().for_each(Zygote::end);
    }
}

/// A worker that has a job; it is free again when this is dropped, by a panic too.
struct Worker<'a> {
    pool: &'a Pool,
    zygote: Option<Zygote>,
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.pool.free.lock().push(self.zygote.take());
        self.pool.one_is_free.notify_one();
    }
}

/// Why a try gave nothing.
enum Failure {
    /// No zygote came to work, nor has one for so long.
    Start { cause: String, storm: Duration },
    /// One had, and failed with this job in hand.
    AtWork(String),
    /// What the data set gave cannot be run.
    Data(String),
}

impl From<Nothing> for Failure {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::Machine(error) => Self::AtWork(error.to_string()),
            Nothing::Data(words) => Self::Data(words),
        }
    }
}
