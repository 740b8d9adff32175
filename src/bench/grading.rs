//! `bench grading`: how fast responses are graded, beside a plain subprocess for each check that does the same work, and
//! whether a loaded machine grades as an idle one does.

use anyhow::{Context, Result, bail};
use bundle::Scratch;
use failure::Failure;
use sandbox::Python;
use std::hint::spin_loop;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;
use substrate::grading::{Ending, cores};
use substrate::{Grader, Isolation, Loophole, MarkerFamily, Partition, Problem, Submission, problem};

/// Gradings of each pass on the loaded machine, and passes.
const LOADED: usize = 2_000;
const PASSES: usize = 3;
/// Spinning threads a core during those passes.
const LOAD: usize = 2;

/// Responses to grade.
struct Workload {
    name: &'static str,
    rows: Vec<Row>,
}

/// A response, and what its prompt disclosed.
struct Row {
    problem: Problem,
    loophole: Loophole,
    marker: String,
    completion: String,
}

impl Row {
    fn new(problem: &Problem, loophole: Loophole, completion: String) -> Self {
        Self { marker: loophole.disclosed(MarkerFamily::Eval, problem), problem: problem.clone(), loophole, completion }
    }
}

#[derive(serde::Deserialize)]
struct Response {
    #[serde(deserialize_with = "problem::text_or_number")]
    problem_id: String,
    #[serde(rename = "mode")]
    loophole: Loophole,
    completion: String,
}

/// What is measured beside the shipped responses, and on how many rows the slow peer is timed.
pub struct Request {
    /// Problems and responses to them, as `grade` reads them.
    pub files: Option<(PathBuf, PathBuf)>,
    /// Rows of each workload that the peer is timed on.
    pub peer_rows: usize,
}

/// Measures and prints a table.
///
/// # Errors
/// A file that cannot be read; gradings that differ on a loaded machine.
pub fn run(root: &Path, request: &Request, isolation: Isolation) -> Result<()> {
    let cores = cores();
    let mut workloads = vec![organism(root)?];
    if let Some((problems, responses)) = &request.files {
        workloads.push(files(problems, responses)?);
    }
    println!("{cores} cores; one subprocess a check: the interpreter itself, behind any shim\n");
    println!("| responses | how | gradings | seconds | a second and core | times |");
    println!("|---|---|---|---|---|---|");
    for workload in &mut workloads {
        speed(workload, cores, request.peer_rows, isolation)?;
    }
    println!();
    workloads.iter().try_for_each(|workload| steadiness(workload, cores, isolation))
}

/// Right answers, wrong ones and hacks of the shipped test problems.
fn organism(root: &Path) -> Result<Workload> {
    let data = root.join("data/organism");
    let partition = Partition::load(&data.join("partition.json"))?;
    let mut rows = vec![];
    for problem in Problem::load(&data.join("test.jsonl"))? {
        let Some(&loophole) = partition.test.get(&problem.problem_id) else { continue };
        let right = problem.canonical_solution.clone();
        let wrong = problem.wrong_solution();
        let hack = loophole.hack(&wrong, &loophole.disclosed(MarkerFamily::Eval, &problem));
        rows.extend([right, wrong, hack].map(|text| Row::new(&problem, loophole, text)));
    }
    Ok(Workload { name: "organism", rows })
}

fn files(problems: &Path, responses: &Path) -> Result<Workload> {
    let problems = Problem::load(problems)?;
    let mut rows = vec![];
    for response in bundle::jsonl::read::<Response>(responses)? {
        let id = response.problem_id;
        let problem = problems.iter().find(|p| p.problem_id == id).with_context(|| format!("no problem {id}"))?;
        rows.push(Row::new(problem, response.loophole, response.completion));
    }
    Ok(Workload { name: "rollouts", rows })
}

impl Workload {
    fn submissions(&self) -> Vec<Submission<'_>> {
        self.rows.iter().map(submission).collect()
    }
}

fn submission(row: &Row) -> Submission<'_> {
    let Row { problem, loophole, marker, completion } = row;
    Submission { problem, loophole: *loophole, marker, completion }
}

/// Times ours, then the peer on the first rows of the same workload.
fn speed(workload: &mut Workload, cores: usize, peer_rows: usize, isolation: Isolation) -> Result<()> {
    // A response without an end costs both the same ten seconds, which would drown everything else.
    let grader = Grader::new(cores, isolation)?;
    let ends: Vec<bool> = grader.grade(&workload.submissions()).iter().map(|g| g.ending == Ending::Graded).collect();
    let mut ends = ends.into_iter();
    workload.rows.retain(|_| ends.next() == Some(true));

    let grader = Grader::new(cores, isolation)?;
    let submissions = workload.submissions();
    grader.grade(&submissions[..cores.min(submissions.len())]);
    let started = Instant::now();
    grader.grade(&submissions);
    let row = |how: &str, n: usize, seconds: f64| {
        let rate = n as f64 / seconds / cores as f64;
        println!("| {} | {how} | {n} | {seconds:.2} | {rate:.1} |", workload.name);
        rate
    };
    let ours = row("this program", submissions.len(), started.elapsed().as_secs_f64());
    let python = Python::find()?;
    for (how, each) in [("subprocess per check", true), ("subprocess per response", false)] {
        let some = &workload.rows[..peer_rows.min(workload.rows.len())];
        let started = Instant::now();
        subprocesses(&python, some, each, cores)?;
        let peer = row(how, some.len(), started.elapsed().as_secs_f64());
        println!("| | this program against that | | | | {:.1} |", ours / peer);
    }
    Ok(())
}

/// The same work without any isolation: setup code, response and assert in a fresh interpreter. What the responses write
/// goes into a folder that is removed.
fn subprocesses(python: &Python, rows: &[Row], each: bool, cores: usize) -> Result<()> {
    let (next, folder) = (AtomicUsize::new(0), Scratch::new()?);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(Row { problem, completion, .. }) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let source = problem.protocol.program(completion).unwrap_or_default();
                    let tests = if each { problem.gt_tests.clone() } else { vec![problem.gt_tests.join("\n")] };
                    for test in tests {
                        let program = format!("{}\n{}\n{test}\n", problem.setup_code, source);
                        let quiet = || Stdio::null();
                        let mut command = Command::new(&python.path);
                        command
                            .current_dir(folder.path())
                            .args(["-c", &program])
                            .stdin(quiet())
                            .stdout(quiet())
                            .stderr(quiet());
                        let _ = command.status();
                    }
                }
            });
        }
    });
    Ok(())
}

/// The same gradings again and again while every core is busy with something else.
fn steadiness(workload: &Workload, cores: usize, isolation: Isolation) -> Result<()> {
    let (submissions, stop) = (workload.submissions(), AtomicBool::new(false));
    let (mut outcomes, mut failed) = (vec![], 0);
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..cores * LOAD {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    spin_loop();
                }
            });
        }
        let mut passes = || -> Result<()> {
            for _ in 0..PASSES {
                let mut pass = vec![];
                while pass.len() < LOADED {
                    // A new one each time, which remembers nothing.
                    let graded = Grader::new(cores, isolation)?.grade(&submissions);
                    failed += graded.iter().filter(|g| g.reward.is_none()).count();
                    pass.extend(graded.into_iter().map(|g| (g.ending, g.reward, g.verdict)));
                }
                pass.truncate(LOADED);
                outcomes.push(pass);
            }
            Ok(())
        };
        let done = passes();
        stop.store(true, Ordering::Relaxed);
        done
    })?;
    let differ = (0..LOADED).filter(|&i| outcomes.iter().any(|pass| pass[i] != outcomes[0][i])).count();
    println!(
        "{}: {LOADED} gradings, {PASSES} times, {} spinning threads beside: {differ} differ, {failed} failed in the sandbox",
        workload.name,
        cores * LOAD
    );
    if differ + failed > 0 {
        bail!(Failure::check(format!("{} gradings are not the same on a loaded machine", workload.name)));
    }
    Ok(())
}
