//! A zygote per core; jobs run on all of them and come back in the order given. What fails for a reason outside of the
//! response is tried again on a fresh zygote.

use crate::zygote::Zygote;
use crate::{Ending, Isolation, Job, Layers, Limits, Observed, Python, Result, conversation};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often a job is tried when what runs it fails: with a process killed every 50 ms and a start taking as long, six were
/// seen to be too few. The pause before the second try doubles for each later one, up to the longest.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Workers that wait for jobs. Dropping the pool ends every process and removes every file.
pub struct Pool {
    python: Python,
    limits: Limits,
    isolation: Isolation,
    layers: Layers,
    workers: Vec<Mutex<Option<Zygote>>>,
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
        let first = Zygote::start(&python, isolation)?;
        let layers = first.layers.clone();
        let mut zygotes = vec![Mutex::new(Some(first))];
        zygotes.resize_with(workers.max(1), || Mutex::new(None));
        Ok(Self { python, limits, isolation, layers, workers: zygotes })
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
        let unrun = |job: &Job| Observed::nothing(Ending::InfraFailed, job);
        results
            .into_iter()
            .zip(jobs)
            .map(|(r, job)| r.into_inner().unwrap_or_else(|e| e.into_inner()).unwrap_or_else(|| unrun(job)))
            .collect()
    }

    fn attempt(&self, slot: &mut Option<Zygote>, job: &Job) -> Observed {
        for attempt in 0..TRIES {
            if attempt > 0 {
                std::thread::sleep((PAUSE * (1 << attempt)).min(LONGEST_PAUSE));
            }
            JOBS_RUN.fetch_add(1, Ordering::Relaxed);
            let started = Instant::now();
            let zygote = match slot.take() {
                Some(zygote) => Ok(zygote),
                None => Zygote::start(&self.python, self.isolation),
            };
            // A zygote that failed is dropped, and with it everything that runs under it.
            let Ok(mut zygote) = zygote else { continue };
            let Ok(seen) = conversation::run(&mut zygote, job, &self.limits) else { continue };
            *slot = Some(zygote);
            return Observed { seconds: started.elapsed().as_secs_f64(), ..seen };
        }
        Observed::nothing(Ending::InfraFailed, job)
    }
}

/// A poisoned lock only means that a worker thread panicked; its data is replaced or dropped by the caller.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
