//! A plan's pieces shared out over threads. A piece starts when what it needs is finished.

use crate::ledger_order::{LedgerOrder, Provenance};
use crate::runner::BASE_RUN;
use crate::{Event, ExperimentError, Result, Runner, leftovers};
use adapter::Basis;
use bundle::Owner;
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use substrate::Grader;

/// What the threads share.
struct Shared<'a> {
    ledger: Mutex<LedgerOrder<'a>>,
    /// Wakes who waits for a piece: one is finished, or none will be any more.
    changed: Condvar,
    failure: Mutex<Option<ExperimentError>>,
    /// Something has failed: no further piece is begun.
    over: AtomicBool,
    next: AtomicUsize,
    /// The problems that checkpoints are evaluated on.
    subset: BTreeSet<String>,
}

/// Evaluates the base, then trains and evaluates every run, and appends the ledger in plan order.
///
/// # Errors
/// The first failure of any piece; the others end after the piece that they are at.
pub fn run_plan(runner: &Runner, provenance: &Provenance) -> Result<()> {
    let _owner = Owner::of(runner.out, runner.out)?;
    leftovers::remove(runner.out);
    let mut ledger = LedgerOrder::new(runner.manifest, provenance, &runner.inputs.files, runner.out)?;
    let subset = runner.base()?;
    ledger.finished(BASE_RUN.into())?;
    let shared = Shared {
        ledger: Mutex::new(ledger),
        changed: Condvar::new(),
        failure: Mutex::default(),
        over: AtomicBool::new(false),
        next: AtomicUsize::new(0),
        subset,
    };
    if provenance.jobs == 1 {
        return shared.work(runner, provenance.threads);
    }
    std::thread::scope(|scope| {
        for _ in 0..provenance.jobs {
            scope.spawn(|| {
                let _leaving = Leaving(&shared);
                let beside = || {
                    let bases: Vec<Basis> = runner.bases.iter().map(Basis::copy_to_thread_stream).collect();
                    shared.work(&Runner { bases: &bases, ..*runner }, provenance.threads)
                };
                // Each job computes on threads of its own: small tensors gain more from whole runs side by side.
                let done = match rayon::ThreadPoolBuilder::new().num_threads(provenance.threads).build() {
                    Ok(pool) => pool.install(beside),
                    Err(_) => beside(),
                };
                if let Err(error) = done {
                    shared.failure.lock().get_or_insert(error);
                    shared.end();
                }
            });
        }
    });
    shared.failure.into_inner().map_or(Ok(()), Err)
}

/// A thread that panics ends the others too, instead of leaving them to wait for its piece.
struct Leaving<'s, 'a>(&'s Shared<'a>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

impl Shared<'_> {
    /// Wakes everybody who waits: nothing more is begun.
    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        // Under the ledger's lock, so that nobody is between looking and waiting.
        let _ledger = self.ledger.lock();
        self.changed.notify_all();
    }

    /// Takes pieces, in plan order, until there is none or something has failed.
    fn work(&self, runner: &Runner, threads: usize) -> Result<()> {
        let (jobs, grader) = (runner.manifest.jobs(), Grader::new(threads, runner.isolation)?);
        while let Some(&job) = jobs.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(needed) = job.needs() {
                // It comes before in the plan, so it is finished or somebody is at it.
                let mut ledger = self.ledger.lock();
                while !ledger.has(&needed.to_string()) && !self.over.load(Ordering::Relaxed) {
                    self.changed.wait(&mut ledger);
                }
            }
            if self.over.load(Ordering::Relaxed) {
                return Ok(());
            }
            runner.job(job, &grader, &self.subset)?;
            self.ledger.lock().finished(job.to_string())?;
            self.changed.notify_all();
            (runner.events)(Event::Finished { job });
        }
        Ok(())
    }
}
