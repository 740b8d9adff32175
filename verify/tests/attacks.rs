//! The whole escape suite, slow attacks too. A missing kernel feature is a failure that names the layer.

use std::path::Path;
use std::process::Command;
use verify::{Findings, attacks};

#[test]
fn every_attack_ends_as_stated_and_none_is_correct() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (setup, attacks) = attacks::load(&root.join(attacks::FOLDER)).unwrap();
    assert!(attacks.len() >= 80, "{} attacks", attacks.len());
    let mut findings = Findings::default();
    attacks::check(&setup, &attacks, sandbox::Isolation::Required, &mut findings);
    println!("{}", findings.evidence.join("\n"));
    assert!(findings.holds(), "{}", findings.faults.join("\n"));
}

/// `docs/sandbox-coverage.md` names every attack, and none that is not there.
#[test]
fn every_attack_has_its_place_in_the_published_matrix() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/hostile/coverage.py");
    let output = Command::new("python3").arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
