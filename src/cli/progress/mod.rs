//! What is told while something is at work: a bar for people, objects for programs.

mod bar;
mod transfer;

pub(crate) use transfer::Transfer;

use crate::format::{Format, emit};
use bar::Display;
use experiment::Event;
use serde_json::json;

/// What is told of a plan while it runs.
pub(crate) enum Told {
    Bar(Box<Display>),
    Objects,
}

impl Told {
    /// Of so many updates of all runs together.
    pub(crate) fn new(updates: usize, format: Format) -> Self {
        match format {
            Format::Text => Self::Bar(Box::new(Display::new(updates))),
            Format::Json => Self::Objects,
        }
    }

    pub(crate) fn show(&self, event: Event) {
        match self {
            Self::Bar(display) => display.show(event),
            Self::Objects => object(event),
        }
    }

    /// Tells how far something that comes before the runs is, at every tenth of it.
    pub(crate) fn preparing(&self, what: &str, done: usize, all: usize) {
        if done * 10 / all == (done - 1) * 10 / all {
            return;
        }
        match self {
            Self::Bar(display) => display.line(&format!("{what}: {done} of {all}")),
            Self::Objects => emit("preparing", json!({ "what": what, "done": done, "of": all })),
        }
    }

    pub(crate) fn finish(&self) {
        if let Self::Bar(display) = self {
            display.finish();
        }
    }
}

/// An event for programs.
fn object(event: Event) {
    match event {
        Event::Base { base, rates } => emit("base", json!({ "base": base + 1, "rates": rates })),
        Event::Resumed { job, updates } => emit("resumed", json!({ "run": job.to_string(), "updates": updates })),
        Event::Update { job, update, reward } => {
            emit("update", json!({ "run": job.to_string(), "update": update, "reward": reward }));
        }
        Event::Evaluated { job, update, view, rates } => {
            let (run, view) = (job.to_string(), view.label());
            emit("evaluated", json!({ "run": run, "update": update, "view": view, "rates": rates }));
        }
        Event::Finished { job } => emit("finished", json!({ "run": job.to_string() })),
        Event::Said { device, line } => emit("said", json!({ "device": device, "line": line })),
        Event::Lost { device, reason } => emit("lost", json!({ "device": device, "reason": reason })),
    }
}
