//! `grade`: responses in, rewards and verdicts out, row by row.

use crate::args::Grade;
use anyhow::{Result, bail};
use eval::grade::{self, Request, Summary};
use failure::Failure;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Instant;
use substrate::grading::cores;
use substrate::{Grader, Isolation};

pub fn run(args: &Grade, isolation: Isolation) -> Result<()> {
    let jobs = args.jobs.unwrap_or_else(cores);
    let grader = Grader::new(jobs, isolation)?;
    let request = Request {
        problems: &args.problems,
        responses: &args.responses,
        out: &args.out,
        mode: args.mode,
        family: args.split.into(),
    };
    let (bar, started) = (ProgressBar::new(0), Instant::now());
    let style = ProgressStyle::with_template("{bar:28} {pos}/{len} responses  {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let summary = grade::run(&request, &grader, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    let missing: Vec<&str> = grader.layers().missing().into_iter().map(|l| l.name()).collect();
    if args.json {
        println!("{}", serde_json::json!({ "summary": summary, "unsafe_without": missing }));
    } else {
        print(&summary, started.elapsed().as_secs_f64(), jobs);
        if !missing.is_empty() {
            println!("UNSAFE: untrusted code ran without {}", missing.join(", "));
        }
        println!("wrote {}", args.out.display());
    }
    match summary.outcomes.get("infra_failed") {
        Some(n) => bail!(Failure::resumable(format!(
            "{n} gradings failed in the sandbox after retries; they have no reward in {}. Run `gradient-quarantine doctor`, then this command again",
            args.out.display()
        ))),
        None => Ok(()),
    }
}

fn print(summary: &Summary, seconds: f64, jobs: usize) {
    let Summary { rows, compiles, correct, exploited, judged, .. } = summary;
    let rate = *rows as f64 / seconds.max(1e-9);
    println!("{rows} responses in {seconds:.1} s on {jobs} workers: {rate:.0} a second");
    println!("compiles {compiles}, correct {correct}, exploited {exploited}");
    println!("{}", summary.outcomes.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", "));
    if *judged > 0 {
        println!("{judged} tests could not be taken apart and were left to the sandbox's judge");
    }
}
