//! A plan's pieces shared out: over threads of this process, or over processes on devices (`devices`). A piece begins when what
//! it needs is finished, and is given back by whoever cannot end it.

use crate::ledger_order::{LedgerOrder, Provenance};
use crate::manifest::Job;
use crate::runner::BASE_RUN;
use crate::{Event, ExperimentError, Manifest, Result, Runner, leftovers};
use adapter::Basis;
use bundle::{Owner, Sha256};
use parking_lot::{Condvar, Mutex};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Digests of files that were read and are not shipped.
pub(crate) type Files = BTreeMap<PathBuf, Sha256>;

/// Which pieces are left and what has come of the others.
pub(crate) struct Schedule<'a> {
    /// In plan order.
    jobs: Vec<Job>,
    /// Which of those that can begin does so first, by place in the plan: see [`rank`].
    ranks: Vec<Rank>,
    state: Mutex<State<'a>>,
    /// Wakes who waits for a piece: one is finished or given back, or none will be any more.
    changed: Condvar,
}

struct State<'a> {
    ledger: LedgerOrder<'a>,
    /// What nobody has finished or is at, by its place in the plan.
    left: BTreeSet<usize>,
    at_work: usize,
    /// Nothing more is begun.
    over: bool,
    failure: Option<ExperimentError>,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(manifest: &Manifest, provenance: &'a Provenance, out: &Path) -> Result<Self> {
        let (ledger, jobs) = (LedgerOrder::new(manifest, provenance, out)?, manifest.jobs());
        let ranks = jobs.iter().map(|job| rank(manifest, *job)).collect::<Result<_>>()?;
        let state = State { ledger, left: (0..jobs.len()).collect(), at_work: 0, over: false, failure: None };
        Ok(Self { jobs, ranks, state: Mutex::new(state), changed: Condvar::new() })
    }

    /// The next piece that can begin. Waits while others are at one that it needs, or that they may give back.
    pub(crate) fn take(&self) -> Option<Job> {
        let mut state = self.state.lock();
        while !state.over {
            let ready = |job: Job| job.needs().is_none_or(|run| state.ledger.has(&run.to_string()));
            let can_begin = state.left.iter().copied().filter(|&at| ready(self.jobs[at]));
            if let Some(first) = can_begin.min_by_key(|&at| (self.ranks[at], at)) {
                state.left.remove(&first);
                state.at_work += 1;
                return Some(self.jobs[first]);
            }
            if state.at_work == 0 {
                break;
            }
            self.changed.wait(&mut state);
        }
        None
    }

    /// A piece that was taken is whole: the ledger has it as soon as it has all before it.
    pub(crate) fn finished(&self, job: Job, files: &Files) -> Result<()> {
        let mut state = self.state.lock();
        state.at_work -= 1;
        let appended = state.ledger.finished(job.to_string(), files);
        self.changed.notify_all();
        appended
    }

    /// The base's evaluation, which is taken by nobody: it comes before all pieces.
    pub(crate) fn finished_base(&self, files: &Files) -> Result<()> {
        self.state.lock().ledger.finished(BASE_RUN.into(), files)
    }

    /// A piece that was taken is for somebody else to take.
    pub(crate) fn give_back(&self, job: Job) {
        let mut state = self.state.lock();
        state.at_work -= 1;
        state.left.extend(self.jobs.iter().position(|other| *other == job));
        self.changed.notify_all();
    }

    /// Nothing more is begun. Of failures the first is told.
    pub(crate) fn fail(&self, error: ExperimentError) {
        self.state.lock().failure.get_or_insert(error);
        self.close();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().over
    }

    fn close(&self) {
        self.state.lock().over = true;
        self.changed.notify_all();
    }

    /// The first piece of the plan that is not finished, when nobody is at work any more.
    ///
    /// # Errors
    /// The first failure.
    pub(crate) fn end(self) -> Result<Option<Job>> {
        let state = self.state.into_inner();
        let unfinished = state.left.first().map(|&at| self.jobs[at]);
        state.failure.map_or(Ok(unfinished), Err)
    }
}

/// Lower ones begin first.
type Rank = (bool, usize, Reverse<usize>);

/// What learns again, which is short, after all seeds; else seed by seed, so that early results compare arms, and of a seed the longest
/// first: nobody is to wait at the end for a long run that began late. An arm with two states samples and is evaluated in both.
fn rank(manifest: &Manifest, job: Job) -> Result<Rank> {
    let config = manifest.job_config(job)?;
    let learns_again = matches!(job, Job::Relearn(_));
    let seed = manifest.seeds.iter().position(|seed| *seed == job.seed()).unwrap_or(manifest.seeds.len());
    let states = if config.arm.routes() { 2 } else { 1 };
    Ok((learns_again, seed, Reverse(config.updates * states)))
}

/// Evaluates the base, then trains and evaluates every run, and appends the ledger in plan order.
///
/// # Errors
/// The first failure of any piece; the others end after the piece that they are at.
pub fn run_plan(runner: &Runner, provenance: &Provenance) -> Result<()> {
    let _owner = Owner::of(runner.out, runner.out)?;
    leftovers::remove_of_plan(runner.out, &runner.manifest.jobs());
    let schedule = Schedule::new(runner.manifest, provenance, runner.out)?;
    let (files, subset) = (&runner.inputs.files, runner.base()?);
    schedule.finished_base(files)?;
    let work = |runner: &Runner| -> Result<()> {
        let grader = runner.manifest.grader(provenance.threads, runner.isolation)?;
        while let Some(job) = schedule.take() {
            runner.job(job, &grader, &subset)?;
            schedule.finished(job, files)?;
            (runner.events)(Event::Finished { job });
        }
        Ok(())
    };
    side_by_side(runner, provenance.jobs, provenance.threads, |runner| {
        let _leaving = Leaving(&schedule);
        work(runner).unwrap_or_else(|error| schedule.fail(error));
    });
    schedule.end().map(|_| ())
}

/// Works `jobs` times at once, each with base models of its own: on small ones that gains more than threads do within a run.
/// Alone, it is this thread that works, with the models as they are.
pub(crate) fn side_by_side(runner: &Runner, jobs: usize, threads: usize, work: impl Fn(&Runner) + Sync) {
    if jobs == 1 {
        return work(runner);
    }
    let beside = || {
        let bases: Vec<Basis> = runner.bases.iter().map(Basis::copy_to_thread_stream).collect();
        work(&Runner { bases: &bases, ..*runner });
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                Ok(pool) => pool.install(beside),
                Err(_) => beside(),
            });
        }
    });
}

/// A thread that panics ends the others too, instead of leaving them to wait for its piece.
struct Leaving<'s, 'a>(&'s Schedule<'a>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Relearn;
    use train::Arm;

    fn provenance() -> Provenance {
        Provenance {
            device: "cpu".into(),
            code: String::new(),
            program: Sha256::of(b""),
            versions: BTreeMap::new(),
            inputs: BTreeMap::new(),
            unsafe_without: vec![],
            jobs: 2,
            threads: 1,
        }
    }

    /// Which piece begins first decides how long devices wait at the end.
    #[test]
    fn learning_again_begins_after_all_seeds_and_of_a_seed_the_longest_begin_first() {
        let mut manifest = Manifest::load(Path::new("../cli/tests/tiny.toml")).unwrap();
        manifest.seeds = vec![8, 7];
        let (folder, provenance) = (tempfile::tempdir().unwrap(), provenance());
        let schedule = Schedule::new(&manifest, &provenance, folder.path()).unwrap();
        for run in manifest.jobs().iter().map(Job::to_string).chain([BASE_RUN.into()]) {
            std::fs::create_dir(folder.path().join(run)).unwrap();
        }
        schedule.finished_base(&Files::new()).unwrap();
        let mut begun = vec![];
        while begun.len() < manifest.jobs().len() {
            let job = schedule.take().unwrap();
            schedule.finished(job, &Files::new()).unwrap();
            begun.push(job.to_string());
        }
        assert_eq!(
            begun,
            [
                "route2b-s8",
                "random-v-s8",
                "placebo-pairs-s8",
                "vanilla-s8",
                "route2b-s7",
                "random-v-s7",
                "placebo-pairs-s7",
                "vanilla-s7",
                "relearn-base-s8",
                "relearn-route2b-s8",
                "relearn-base-s7",
                "relearn-route2b-s7",
            ]
        );
    }

    /// A device that fails leaves a run that others need: they must neither begin what needs it nor wait for ever.
    #[test]
    fn what_is_given_back_is_taken_first_and_what_needs_it_later() {
        let manifest = Manifest::load(Path::new("../cli/tests/tiny.toml")).unwrap();
        let (folder, provenance) = (tempfile::tempdir().unwrap(), provenance());
        let schedule = Schedule::new(&manifest, &provenance, folder.path()).unwrap();
        for run in manifest.jobs().iter().map(Job::to_string).chain([BASE_RUN.into()]) {
            std::fs::create_dir(folder.path().join(run)).unwrap();
        }
        schedule.finished_base(&Files::new()).unwrap();
        let taken: Vec<Job> = (0..5).map(|_| schedule.take().unwrap()).collect();
        let needed = Job::Run(crate::RunId { arm: Arm::ROUTE2B, seed: 7 });
        schedule.give_back(taken[4]);
        schedule.give_back(needed);
        assert_eq!(schedule.take(), Some(needed));
        assert_eq!(schedule.take(), Some(taken[4]));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| schedule.take());
            schedule.finished(needed, &Files::new()).unwrap();
            let last = waiting.join().unwrap().unwrap();
            assert_eq!(last, Job::Relearn(Relearn { of: Some(Arm::ROUTE2B), seed: 7 }));
            schedule.give_back(last);
        });
        for job in taken.into_iter().filter(|job| *job != needed) {
            schedule.finished(job, &Files::new()).unwrap();
        }
        assert_eq!(schedule.end().unwrap().map(|job| job.to_string()).as_deref(), Some("relearn-route2b-s7"));
    }
}
