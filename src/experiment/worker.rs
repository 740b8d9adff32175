//! What a process does that computes on one device: it is given pieces of the plan by name, a line each, and answers with
//! [`Message`]s. At the end of its input it ends, after the update that it is at.
//!
//! It stays for all pieces of its device, where it could be a process a piece (as the tasks of a cluster are): the model is loaded
//! and its singular bases are read once, and runs that share a GPU share one context, whose kernels run beside each other.

use crate::schedule::{Files, side_by_side};
use crate::{Event, Result, Runner};
use failure::Kind;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

/// A line that a worker writes.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message {
    /// What happens in a piece.
    Event(Event),
    /// A piece is whole.
    Done {
        /// Its name.
        piece: String,
        /// Every file that was read and is not shipped.
        files: Files,
    },
    /// This process is of no more use.
    Failed {
        /// Of what kind the failure is.
        kind: Kind,
        /// The failure.
        words: String,
    },
}

impl Message {
    /// Writes it as one line.
    pub fn tell(&self) {
        let line = serde_json::to_string(self).expect("messages serialise") + "\n";
        // A parent that does not listen any more is gone, and this process with it.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

/// Names of pieces from standard input, whose end sets `stop`. It is listened to at once, however long loading takes.
pub fn pieces(stop: Arc<AtomicBool>) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for name in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
            let _ = sender.send(name);
        }
        stop.store(true, Ordering::Relaxed);
    });
    receiver
}

/// Does the pieces that come, `jobs` at a time. A thread that fails says so and leaves; who listens then ends the others.
pub fn work(runner: &Runner, pieces: Receiver<String>, jobs: usize, threads: usize) {
    let (pieces, subset) = (Mutex::new(pieces), Mutex::new(None));
    side_by_side(runner, jobs, threads, |runner| {
        let _leaving = Leaving;
        if let Err(error) = work_alone(runner, &pieces, &subset, threads) {
            Message::Failed { kind: error.kind(), words: error.to_string() }.tell();
        }
    });
}

/// The problems that checkpoints are evaluated on, once the base's evaluation is there to tell.
type Subset = Mutex<Option<BTreeSet<String>>>;

fn work_alone(runner: &Runner, pieces: &Mutex<Receiver<String>>, subset: &Subset, threads: usize) -> Result<()> {
    let grader = runner.manifest.grader(threads, runner.isolation)?;
    let next = || pieces.lock().recv().ok();
    while let Some(piece) = next() {
        match runner.manifest.piece(&piece)? {
            None => *subset.lock() = Some(runner.base()?),
            Some(job) => {
                let monitored = monitored(runner, subset)?;
                runner.job(job, &grader, &monitored)?;
            }
        }
        Message::Done { piece, files: runner.inputs.files.clone() }.tell();
    }
    Ok(())
}

/// What another process may have evaluated is read, and not told again.
fn monitored(runner: &Runner, subset: &Subset) -> Result<BTreeSet<String>> {
    let mut subset = subset.lock();
    if subset.is_none() {
        *subset = Some(Runner { events: &|_| (), ..*runner }.base()?);
    }
    Ok(subset.clone().unwrap_or_default())
}

/// A thread that panics ends the process: whoever waits for its piece has to hear of it.
struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // SAFETY: it ends the process. Handlers of `exit` take a driver down under threads that still use it.
            unsafe { libc::_exit(Kind::Bug.exit_code().into()) };
        }
    }
}
