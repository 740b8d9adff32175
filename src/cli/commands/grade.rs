//! `grade`: responses in, rewards and verdicts out, row by row.

use crate::args::Grade;
use anyhow::{Result, bail};
use bundle::files::is_standard_output;
use eval::grade::{self, Request, Summary};
use failure::Failure;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Instant;
use substrate::grading::cores;
use substrate::{Grader, Isolation, SubstrateError};

/// Steps of the progress bar.
const STEPS: u64 = 1000;

pub(super) fn run(args: &Grade, isolation: Isolation) -> Result<()> {
    let jobs = args.jobs.unwrap_or_else(cores);
    let grader = Grader::new(jobs, isolation)?;
    let request = Request {
        problems: &args.problems,
        responses: &args.responses,
        out: &args.out,
        loophole: args.loophole,
        family: args.split.into(),
        check_references: args.check_references,
    };
    let (bar, started) = (ProgressBar::new(STEPS), Instant::now());
    let style = ProgressStyle::with_template("{bar:28} {msg} responses, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let summary = grade::run(&request, &grader, &|done, share| {
        bar.set_message(done.to_string());
        bar.set_position((share.unwrap_or(0.0) * STEPS as f64) as u64);
    })?;
    bar.finish_and_clear();
    let missing: Vec<&str> = grader.layers().missing().into_iter().map(|l| l.name()).collect();
    let told = if args.json {
        serde_json::json!({ "summary": summary, "unsafe_without": missing }).to_string()
    } else {
        let mut told = text(&summary, started.elapsed().as_secs_f64(), jobs);
        if !missing.is_empty() {
            told += &format!("\nUNSAFE: untrusted code ran without {}", missing.join(", "));
        }
        told + &format!("\nwrote {}", args.out.display())
    };
    // Rows on standard output are for another program.
    if is_standard_output(&args.out) {
        eprintln!("{told}")
    } else {
        println!("{told}")
    }
    judge(args, summary)
}

/// A grading that is not whole is a failure, whoever's fault it is.
fn judge(args: &Grade, summary: Summary) -> Result<()> {
    if !summary.broken.is_empty() {
        bail!(SubstrateError::Broken(summary.broken));
    }
    match summary.outcomes.get("infra_failed") {
        Some(n) => bail!(Failure::resumable(format!(
            "{n} gradings failed in the sandbox after retries; they have no reward in {}. Run `gradient-quarantine doctor`, then this command again: it tries only these",
            args.out.display()
        ))),
        None => Ok(()),
    }
}

fn text(summary: &Summary, seconds: f64, jobs: usize) -> String {
    let Summary { rows, resumed, compiles, correct, exploited, judged, .. } = summary;
    let rate = (rows - resumed) as f64 / seconds.max(1e-9);
    let mut lines = vec![format!("{rows} responses in {seconds:.1} s on {jobs} workers: {rate:.0} a second")];
    if *resumed > 0 {
        lines.push(format!("{resumed} of them were graded by an earlier call"));
    }
    lines.push(format!("compiles {compiles}, correct {correct}, exploited {exploited}"));
    lines.push(summary.outcomes.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", "));
    if *judged > 0 {
        lines.push(format!("{judged} tests could not be taken apart and were left to the sandbox's judge"));
    }
    lines.join("\n")
}
