//! Inputs are what they were: every shipped file has its pinned size and digest, nothing unpinned lies in `data/`, and
//! generated data comes out of its seeds byte for byte.

use crate::{Context, Findings};
use bundle::{Pins, files};
use std::path::Path;

/// Compares shipped files with their pins, and generated ones with what their seeds give now.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    let Some(pins) = findings.accept(Pins::load(&context.root.join(bundle::pins::FILE))) else { return findings };
    if let Some(count) = findings.accept(pins.verify(&context.root, Path::new("data"))) {
        let remote = pins.pins.len() - count;
        findings
            .evidence
            .push(format!("{count} shipped files match their digests; {remote} more are pinned for fetching"));
    }
    regenerate(context, &mut findings);
    findings
}

fn regenerate(context: &Context, findings: &mut Findings) {
    let Some(folder) = findings.accept(tempfile::tempdir()) else { return };
    if findings.accept(organism::generate(folder.path())).is_none() {
        return;
    }
    for name in organism::data::GENERATED {
        let (shipped, made) = (context.data().join(name), folder.path().join(name));
        let same = files::read(&shipped).ok().zip(files::read(&made).ok()).is_some_and(|(a, b)| a == b);
        findings.require(same, || format!("{} is not what its seed generates", shipped.display()));
    }
    findings
        .evidence
        .push(format!("{} generated files come out of their seeds again", organism::data::GENERATED.len()));
}
