//! Ctrl-C, SIGTERM and SIGHUP: the work in progress ends where it can be gone on from, and the exit code says that there is more to do.

use anyhow::Result;
use failure::Kind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a command does about signals, from when it is made.
pub(super) struct Stop {
    asked: Arc<AtomicBool>,
    heeded: Arc<AtomicBool>,
}

impl Stop {
    /// For work that ends after an update.
    pub(super) fn after_update() -> Result<Self> {
        Self::new("stopping after this update; Ctrl-C again stops at once")
    }

    /// A signal ends the program at once while nobody heeds it: nothing is computed then that could be lost. While somebody does, the
    /// first one tells this, and the second ends the program.
    pub(super) fn new(told: &'static str) -> Result<Self> {
        let stop = Self { asked: Arc::default(), heeded: Arc::default() };
        let (asked, heeded) = (stop.asked.clone(), stop.heeded.clone());
        ctrlc::set_handler(move || {
            if asked.swap(true, Ordering::Relaxed) || !heeded.load(Ordering::Relaxed) {
                eprintln!("stopped; the same command goes on");
                // Not `exit`: its handlers take a GPU's driver down under threads that still use it.
                // SAFETY: it ends the process, which has nothing to finish: whatever counts is on disk.
                unsafe { libc::_exit(Kind::Resumable.exit_code().into()) };
            }
            eprintln!("{told}");
        })?;
        Ok(stop)
    }

    /// Does work that heeds the flag.
    pub(super) fn heeded_by<T>(&self, work: impl FnOnce(&AtomicBool) -> T) -> T {
        self.heeded.store(true, Ordering::Relaxed);
        let done = work(&self.asked);
        self.heeded.store(false, Ordering::Relaxed);
        done
    }

    /// The flag, for work that heeds it until the program ends.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        self.heeded.store(true, Ordering::Relaxed);
        self.asked.clone()
    }
}
