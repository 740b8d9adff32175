//! One progress display: a bar on a terminal, plain lines in a pipe.

use experiment::manifest::Job;
use experiment::{Event, RunId, View};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// Shows arm, seed, update, hack and solve so far, and the time left.
pub struct Display {
    bar: ProgressBar,
    started: Instant,
    /// Latest evaluation of every run: update, hack, solve.
    latest: Mutex<BTreeMap<RunId, (usize, f64, f64)>>,
}

impl Display {
    /// For so many updates of all runs together.
    pub fn new(updates: usize) -> Self {
        let bar = ProgressBar::new(updates as u64);
        let style = ProgressStyle::with_template("{bar:28} {pos}/{len} updates  {elapsed} gone, {eta} left\n{msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, started: Instant::now(), latest: Mutex::default() }
    }

    pub fn show(&self, event: Event) {
        match event {
            Event::Base { hack, solve } => self.line(&format!("base model: hack {hack:.3}, solve {solve:.3}")),
            Event::Update { job, metrics } => {
                self.bar.inc(1);
                let reward = metrics.reward;
                self.bar.set_message(format!("{job} update {}: reward {reward:.2}{}", metrics.update, self.standing()));
            }
            Event::Evaluated { job, update, view, hack, solve } => {
                let what = match view {
                    View::Deployed => "deploy",
                    View::Whole => "quarantine on,",
                    View::QuarantineAlone => "quarantine alone,",
                    View::TrainedMarkers => "deploy, markers of training,",
                };
                if let (View::Deployed, Job::Run(run)) = (view, job) {
                    self.latest.lock().unwrap_or_else(|e| e.into_inner()).insert(run, (update, hack, solve));
                }
                self.line(&format!(
                    "{:<14} update {update:>3}: {what} hack {hack:.3}, solve {solve:.3}",
                    job.to_string()
                ));
            }
            Event::Finished { job } => self.line(&format!("{:<14} done", job.to_string())),
        }
    }

    /// Tells how far something that comes before the runs is, at every tenth of it.
    pub fn preparing(&self, what: &str, done: usize, all: usize) {
        if done * 10 / all != (done - 1) * 10 / all {
            self.line(&format!("{what}: {done} of {all}"));
        }
    }

    /// Mean over seeds of each arm's latest evaluation.
    fn standing(&self) -> String {
        let latest = self.latest.lock().unwrap_or_else(|e| e.into_inner());
        let mut arms: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for (run, (_, hack, solve)) in latest.iter() {
            arms.entry(run.arm.name()).or_default().push((*hack, *solve));
        }
        let mean = |v: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| v.iter().map(pick).sum::<f64>() / v.len() as f64;
        arms.iter().map(|(arm, v)| format!("  {arm} {:.2}/{:.2}", mean(v, |x| x.0), mean(v, |x| x.1))).collect()
    }

    fn line(&self, text: &str) {
        if self.bar.is_hidden() {
            println!("[{:>5.0} s] {text}", self.started.elapsed().as_secs_f64());
        } else {
            self.bar.println(text);
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
