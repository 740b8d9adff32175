//! A bar on a terminal, plain lines in a pipe.

use experiment::manifest::Job;
use experiment::{CheckpointView, Event, Rates, RunId};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Shows arm, seed, update, hack and solve so far, and the time left.
pub(crate) struct Display {
    bar: ProgressBar,
    started: Instant,
    /// Updates of every piece; those of a device that failed are counted once.
    done: Mutex<BTreeMap<Job, usize>>,
    /// Updates that an earlier call had done: they say nothing about this one's speed.
    before: AtomicU64,
    /// Latest evaluation of every run: update, hack, solve.
    latest: Mutex<BTreeMap<RunId, (usize, f64, f64)>>,
}

impl Display {
    /// For so many updates of all runs together.
    pub(super) fn new(updates: usize) -> Self {
        let bar = ProgressBar::new(updates as u64);
        let style = ProgressStyle::with_template("{bar:28} {pos}/{len} updates  {elapsed} gone, {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message("no update yet");
        Self {
            bar,
            started: Instant::now(),
            done: Mutex::default(),
            before: AtomicU64::new(0),
            latest: Mutex::default(),
        }
    }

    pub(super) fn show(&self, event: Event) {
        match event {
            Event::Base { base, rates } => self.line(&format!("base model {}: {}", base + 1, words(rates))),
            Event::Resumed { job, updates } => {
                if self.count(job, updates).is_none() {
                    self.before.fetch_add(updates as u64, Ordering::Relaxed);
                }
            }
            Event::Update { job, update, reward } => {
                self.count(job, update);
                let (left, standing) = (self.left(), self.standing());
                self.bar.set_message(format!("{left} left\n{job} update {update}: reward {reward:.2}{standing}"));
            }
            Event::Evaluated { job, update, view, rates } => {
                let what = match view {
                    CheckpointView::Deployed => "deploy",
                    CheckpointView::Whole => "quarantine on,",
                    CheckpointView::QuarantineAlone => "quarantine alone,",
                    CheckpointView::TrainedMarkers => "deploy, markers of training,",
                    CheckpointView::NoLoophole => "deploy, no loophole,",
                };
                if let (CheckpointView::Deployed, Job::Run(run)) = (view, job) {
                    self.latest.lock().insert(run, (update, rates.hack, rates.solve));
                }
                self.line(&format!("{:<14} update {update:>3}: {what} {}", job.to_string(), words(rates)));
            }
            Event::Finished { job } => {
                let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
                self.line(&format!("{:<14} done; {done} of {all} updates, {} left", job.to_string(), self.left()));
            }
            Event::Said { device, line } => self.line(&format!("device {device}: {line}")),
            Event::Lost { device, reason } => {
                self.line(&format!("device {device} FAILED: {reason}; others take up what it was at"));
            }
        }
    }

    /// So many updates of a piece are done; the number that was known before, if any was.
    fn count(&self, job: Job, updates: usize) -> Option<usize> {
        let mut done = self.done.lock();
        let known = done.insert(job, updates);
        self.bar.set_position(done.values().sum::<usize>() as u64);
        known
    }

    /// How long the rest takes at the pace of this call.
    fn left(&self) -> String {
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        match done.saturating_sub(self.before.load(Ordering::Relaxed)) {
            0 => "unknown".into(),
            fresh => HumanDuration(self.started.elapsed().mul_f64(all.saturating_sub(done) as f64 / fresh as f64))
                .to_string(),
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Mean over seeds of each arm's latest evaluation.
    fn standing(&self) -> String {
        let latest = self.latest.lock();
        let mut arms: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for (run, (_, hack, solve)) in latest.iter() {
            arms.entry(run.arm.name()).or_default().push((*hack, *solve));
        }
        let mean = |v: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| v.iter().map(pick).sum::<f64>() / v.len() as f64;
        arms.iter().map(|(arm, v)| format!("  {arm} {:.2}/{:.2}", mean(v, |x| x.0), mean(v, |x| x.1))).collect()
    }

    pub(super) fn line(&self, text: &str) {
        if self.bar.is_hidden() {
            println!("[{:>5.0} s] {text}", self.started.elapsed().as_secs_f64());
        } else {
            self.bar.println(text);
        }
    }
}

/// Rates in a line; that completions are no answers is told only where it happens.
fn words(Rates { hack, solve, answered }: Rates) -> String {
    let health = if answered < 1.0 { format!(", {:.1}% answered", 100.0 * answered) } else { String::new() };
    format!("hack {hack:.3}, solve {solve:.3}{health}")
}
