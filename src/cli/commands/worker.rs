//! `worker`: the pieces of a plan that whoever started it names, on one device. Nobody calls it by hand: `run --devices` does.

use crate::args::Worker;
use crate::commands::base;
use crate::commands::stop::Stop;
use crate::exit;
use anyhow::Result;
use backend::Backend;
use experiment::worker::{self, Message};
use experiment::{Event, Inputs, Runner};
use std::path::Path;
use substrate::Isolation;

/// Whatever fails is told to the one who listens, in place of an exit code.
pub(super) fn run(root: &Path, args: &Worker, isolation: Isolation) -> Result<()> {
    if let Err(error) = work(root, args, isolation) {
        Message::Failed { kind: exit::kind(&error), words: exit::words(&error) }.tell();
    }
    Ok(())
}

fn work(root: &Path, args: &Worker, isolation: Isolation) -> Result<()> {
    let stop = Stop::after_update()?.flag();
    let pieces = worker::pieces(stop.clone());
    let (manifest, out) = base::open(root, &args.plan, &args.part, &args.benchmark)?;
    let inputs = Inputs::load(root, &manifest, &Backend::open(args.device)?, |_, _| ())?;
    let events = |event: Event| Message::Event(event).tell();
    let runner = Runner {
        manifest: &manifest,
        inputs: &inputs,
        bases: &inputs.bases,
        out: &out,
        isolation,
        stop: &stop,
        events: &events,
    };
    worker::work(&runner, pieces, args.jobs, args.threads);
    Ok(())
}
