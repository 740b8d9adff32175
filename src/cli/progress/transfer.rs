//! The display of a fetch, or of a file that is made: bytes of all files together, their speed, the time left.

use fetch::{Event, Placed, Progress, Source};
use indicatif::{BinaryBytes, HumanDuration, ProgressBar, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A bar on a terminal; in a pipe a line a file, and one at every tenth of the whole.
pub(crate) struct Transfer {
    bar: ProgressBar,
    started: Instant,
    /// What this call received: what an earlier one did says nothing about the speed.
    fresh: AtomicU64,
}

impl Transfer {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{bar:28} {binary_bytes} of {binary_total_bytes}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, started: Instant::now(), fresh: AtomicU64::new(0) }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// So many bytes of a file that is made here are there.
    pub(crate) fn made(&self, bytes: u64, all: u64) {
        self.bar.set_length(all);
        self.received(bytes.saturating_sub(self.bar.position()));
    }

    fn received(&self, bytes: u64) {
        let fresh = self.fresh.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bar.inc(bytes);
        let (done, all, seconds) = (self.bar.position(), self.all(), self.started.elapsed().as_secs_f64());
        let speed = (fresh as f64 / seconds.max(0.001)).max(1.0);
        let left = HumanDuration(Duration::from_secs_f64(all.saturating_sub(done) as f64 / speed));
        let words = format!("{}/s, {left} left", BinaryBytes(speed as u64));
        if self.bar.is_hidden() && done.min(all) * 10 / all.max(1) != done.saturating_sub(bytes) * 10 / all.max(1) {
            self.line(&format!("{} of {}, {words}", BinaryBytes(done), BinaryBytes(all)));
        }
        self.bar.set_message(words);
    }

    fn all(&self) -> u64 {
        self.bar.length().unwrap_or_default()
    }

    fn line(&self, text: &str) {
        if self.bar.is_hidden() {
            println!("{text}");
        } else {
            self.bar.println(text);
        }
    }
}

impl Progress for Transfer {
    fn tell(&self, event: Event) {
        match event {
            Event::Planned { bytes, received } => {
                self.bar.set_length(bytes);
                self.bar.set_position(received);
                let kept = format!(", of which {} are kept from an earlier call", BinaryBytes(received));
                let kept = if received > 0 { kept } else { String::new() };
                if bytes > 0 {
                    self.line(&format!("{} to come{kept}", BinaryBytes(bytes)));
                }
            }
            Event::Learned { bytes } => self.bar.inc_length(bytes),
            Event::Received { bytes } => self.received(bytes),
            Event::Dropped { bytes } => self.bar.set_position(self.bar.position().saturating_sub(bytes)),
            Event::Retry { path, reason, wait } => {
                self.line(&format!("{}: {reason}; again in {:.0} s", path.display(), wait.as_secs_f64().ceil()))
            }
            Event::Turned { path, error } => {
                self.line(&format!("{}: {error}; its packages are asked instead", path.display()))
            }
            Event::Package { path, package } => self.line(&format!("{}: {package}", path.display())),
            Event::Waiting { path } => self.line(&format!("{}: another fetch is at it, waiting", path.display())),
            Event::Failed { error, .. } => self.line(&format!("failed: {error}")),
            Event::Placed(Placed { path, source, .. }) => match source {
                Source::There => {}
                Source::Copy(from) => self.line(&format!("{}: from {}", path.display(), from.display())),
                Source::Web(_) | Source::Packages => self.line(&format!("{}: whole", path.display())),
            },
        }
    }
}
