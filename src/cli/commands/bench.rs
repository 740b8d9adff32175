//! `bench`: parts of the program measured beside a peer.

use crate::args::{BenchEngine, BenchGrading};
use anyhow::Result;
use bench::{engine, grading};
use std::path::Path;
use substrate::Isolation;

pub(super) fn engine(root: &Path, args: BenchEngine) -> Result<()> {
    let BenchEngine { device, verbose, check_only, peer, only, shape, layers } = args;
    engine::run(root, &engine::Request { device, verbose, check_only, peer, only, shape, layers })
}

pub(super) fn grading(root: &Path, args: BenchGrading, isolation: Isolation) -> Result<()> {
    let request = grading::Request { files: args.problems.zip(args.responses), peer_rows: args.peer_rows };
    grading::run(root, &request, isolation)
}
