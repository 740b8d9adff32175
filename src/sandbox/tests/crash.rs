//! Processes that die at any moment: none of it may cost an answer or leave anything behind. What is killed, and when, is
//! paced by the steps of the gradings, so it is the same on a machine of any speed. A binary of its own, one test at a
//! time, because it looks at all processes below it and at everything in its temporary folder.

use libtest_mimic::{Arguments, Failed, Trial};
use sandbox::step::Step;
use sandbox::{Call, Ending, Fault, Isolation, Limits, Observed, Pool, SandboxJob};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Gradings between two kills, and in each call of the pool.
const APART: usize = 4;
const BATCH: usize = 20;
/// How often every point is struck at least.
const ROUNDS: usize = 3;
/// Far more gradings than that takes: a point that is never reached fails.
const MOST: usize = 10_000;
/// Given as the only argument, this program is the parent that is killed.
const PARENT: &str = "parent-that-is-killed";
/// Likewise the one that is stopped and goes on.
const STOPPED: &str = "parent-that-is-stopped";
/// Only a failure waits as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Which process of a worker is killed. Each is the parent of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Outside,
    Zygote,
    Child,
}

/// Every step with every process that exists then.
const POINTS: [(Step, Victim); 17] = {
    use Step::*;
    use Victim::*;
    [
        (Spawned, Outside),
        (Started, Outside),
        (Started, Zygote),
        (Forked, Outside),
        (Forked, Zygote),
        (Forked, Child),
        (Compiled, Outside),
        (Compiled, Zygote),
        (Compiled, Child),
        (Answered, Outside),
        (Answered, Zygote),
        (Answered, Child),
        (Ended, Outside),
        (Ended, Zygote),
        (Ended, Child),
        (Reaped, Outside),
        (Reaped, Zygote),
    ]
};

impl Victim {
    /// Kills it, where `outside` is the outermost process of its worker. Returns whether it was there.
    fn kill(self, outside: i32) -> bool {
        let pid = (0..self as usize).try_fold(outside, |pid, _| children(pid).first().copied());
        // SAFETY: kill takes no pointers.
        pid.is_some_and(|pid| unsafe { libc::kill(pid, libc::SIGKILL) } == 0)
    }
}

fn main() {
    let mut arguments = Arguments::from_args();
    if arguments.filter.as_deref() == Some(PARENT) {
        return parent_that_is_killed();
    }
    if arguments.filter.as_deref() == Some(STOPPED) {
        return parent_that_is_stopped();
    }
    let folder = tempfile::tempdir().unwrap();
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var("TMPDIR", folder.path()) };
    arguments.test_threads = Some(1);
    let tests: [(&str, fn()); 6] = [
        ("every process is killed at every step and no grading is lost", every_process_at_every_step),
        ("a storm that ends is survived", a_storm_that_ends),
        ("a job that takes every zygote with it is given up", a_job_that_takes_every_zygote),
        ("zygotes that never start end in a failure with its cause", zygotes_that_never_start),
        ("a killed parent leaves no process and no file", a_killed_parent),
        ("a parent that is stopped and goes on blames nobody", a_parent_that_is_stopped),
    ];
    let trial = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok::<_, Failed>(())
        })
    };
    let conclusion = libtest_mimic::run(&arguments, tests.map(trial).into());
    drop(folder);
    conclusion.exit();
}

fn job(i: usize) -> SandboxJob {
    let source = format!("class Solution:\n    def f(self, n): return n * {i} + sum(range(2000))\n");
    let call = Call { method: "f".into(), arguments: "2".into(), report: false };
    SandboxJob { source, calls: vec![call], ..SandboxJob::default() }
}

fn assert_graded(i: usize, seen: &Observed) {
    assert_eq!(seen.ending, Ending::Graded, "job {i}: {:?}", seen.failure);
    assert_eq!(seen.values[0].as_ref().unwrap().value.to_string(), (2 * i + 1_999_000).to_string());
}

fn pool(watch: impl Fn(Step, u32) + Send + Sync + 'static) -> Pool {
    Pool::new(2, Limits::default(), Isolation::Required).unwrap().watched(watch)
}

/// Processes whose parent is `of`, by number.
fn children(of: i32) -> Vec<i32> {
    let mut found = vec![];
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit(") ").next().unwrap_or_default();
        if after.split(' ').nth(1).and_then(|parent| parent.parse().ok()) == Some(of) {
            found.push(pid);
        }
    }
    found.sort_unstable();
    found
}

fn descendants(of: i32) -> Vec<i32> {
    children(of).into_iter().flat_map(|pid| std::iter::once(pid).chain(descendants(pid))).collect()
}

fn folders() -> usize {
    std::fs::read_dir(std::env::temp_dir()).unwrap().count()
}

fn within_patience(holds: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn assert_nothing_is_left() {
    let own = std::process::id() as i32;
    assert!(within_patience(|| children(own).is_empty()), "left running: {:?}", descendants(own));
    assert_eq!(folders(), 0, "left in the temporary folder");
}

/// The kills so far, by point, and the gradings.
#[derive(Default)]
struct Killer {
    gradings: usize,
    killed: usize,
    kills: BTreeMap<(Step, Victim), usize>,
}

impl Killer {
    fn has_struck_everywhere(&self) -> bool {
        POINTS.iter().all(|point| self.kills.get(point).is_some_and(|&n| n >= ROUNDS))
    }

    /// The next point's process, once enough was graded since the last kill.
    fn reached(&mut self, step: Step, outside: u32) {
        self.gradings += usize::from(step == Step::Reaped);
        let point = POINTS[self.killed % POINTS.len()];
        // A zygote starts only where one was killed, so what starts is struck at once.
        let due = self.gradings >= self.killed * APART || matches!(step, Step::Spawned | Step::Started);
        if point.0 == step && due && point.1.kill(outside as i32) {
            self.killed += 1;
            *self.kills.entry(point).or_default() += 1;
        }
    }
}

fn every_process_at_every_step() {
    let killer = Arc::new(Mutex::new(Killer::default()));
    let watching = killer.clone();
    let pool = pool(move |step, outside| watching.lock().unwrap().reached(step, outside));
    let mut graded = 0;
    // However far one worker gets while the other starts anew, gradings go on until every point was struck.
    while !killer.lock().unwrap().has_struck_everywhere() {
        assert!(graded < MOST, "some points are never reached: {:?}", killer.lock().unwrap().kills);
        let jobs: Vec<SandboxJob> = (graded..graded + BATCH).map(job).collect();
        for (i, seen) in pool.run_all(&jobs).iter().enumerate() {
            assert_graded(graded + i, seen);
        }
        graded += BATCH;
    }
    println!("{} kills during {graded} gradings, none was lost", killer.lock().unwrap().killed);
    drop(pool);
    assert_nothing_is_left();
}

/// Strikes as long as fewer than `most` were struck.
fn strikes(most: usize, at: Step, victim: Victim) -> Pool {
    let struck = AtomicUsize::new(0);
    pool(move |step, outside| {
        if step == at && struck.fetch_add(1, Ordering::Relaxed) < most {
            victim.kill(outside as i32);
        }
    })
}

fn told(seen: &Observed) -> String {
    seen.failure.as_ref().map(Fault::to_string).unwrap_or_default()
}

fn a_storm_that_ends() {
    for (at, victim) in
        [(Step::Spawned, Victim::Outside), (Step::Started, Victim::Zygote), (Step::Forked, Victim::Child)]
    {
        assert_graded(7, &strikes(8, at, victim).run(&job(7)));
    }
    assert_nothing_is_left();
}

fn a_job_that_takes_every_zygote() {
    let seen = strikes(usize::MAX, Step::Answered, Victim::Child).run(&job(7));
    assert_eq!(seen.ending, Ending::InfraFailed);
    let cause = "given up at try 20: the child was killed from outside";
    assert_eq!(seen.failure, Some(Fault::Machine(cause.into())));
    assert_nothing_is_left();
}

fn zygotes_that_never_start() {
    let pool = strikes(usize::MAX, Step::Spawned, Victim::Outside);
    let (started, jobs) = (Instant::now(), [job(7), job(8)]);
    let first = pool.run_all(&jobs);
    let patience = started.elapsed();
    for seen in &first {
        let said = told(seen);
        assert_eq!(seen.ending, Ending::InfraFailed);
        assert!(said.starts_with("given up at try ") && said.contains("does not start inside the sandbox"), "{said}");
    }
    // Whoever comes later in the same storm is not made to wait as long.
    let (started, again) = (Instant::now(), pool.run_all(&jobs));
    assert!(again.iter().all(|seen| told(seen).starts_with("given up at try 1: ")));
    assert!(started.elapsed() < patience / 2);
    drop(pool);
    assert_nothing_is_left();
}

/// The parent is this program once more, in another process that never ends by itself.
fn a_killed_parent() {
    let mut parent = Command::new(std::env::current_exe().unwrap()).arg(PARENT).stdout(Stdio::null()).spawn().unwrap();
    // Both zygotes, each with its process outside and a folder, and a child at work. Looking for the interpreter starts
    // other processes first, so the folders count too.
    let pid = parent.id() as i32;
    let at_work = within_patience(|| folders() == 2 && descendants(pid).len() >= 6);
    let ours = descendants(pid);
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(at_work, "the parent did not come to work");
    let alive = |pid: &i32| std::path::Path::new(&format!("/proc/{pid}/exe")).read_link().is_ok();
    assert!(within_patience(|| !ours.iter().any(alive)), "left running: {ours:?}");
    assert!(within_patience(|| folders() == 0), "left in the temporary folder");
}

fn parent_that_is_killed() {
    let pool = Pool::new(2, Limits::default(), Isolation::Required).unwrap();
    let endless = SandboxJob { source: "while True: pass".into(), ..SandboxJob::default() };
    pool.run_all(&vec![endless; 1_000]);
}

/// Ctrl-Z, or a machine that slept: children wait for this program's leave meanwhile, and their time runs out.
fn a_parent_that_is_stopped() {
    let mut parent = Command::new(std::env::current_exe().unwrap()).arg(STOPPED).spawn().unwrap();
    let pid = parent.id() as i32;
    assert!(within_patience(|| descendants(pid).len() >= 12), "it did not come to work");
    for _ in 0..6 {
        for (signal, pause) in [(libc::SIGSTOP, 1_800), (libc::SIGCONT, 150)] {
            // SAFETY: kill takes no pointers.
            assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
            std::thread::sleep(Duration::from_millis(pause));
        }
    }
    assert!(parent.wait().unwrap().success());
    assert_nothing_is_left();
}

fn parent_that_is_stopped() {
    let limits = Limits { wall: Duration::from_millis(500), ..Limits::default() };
    let pool = Pool::new(6, limits, Isolation::Required).unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(12) {
        let jobs: Vec<SandboxJob> = (0..BATCH).map(job).collect();
        pool.run_all(&jobs).iter().enumerate().for_each(|(i, seen)| assert_graded(i, seen));
    }
}
