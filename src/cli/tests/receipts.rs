//! The complete run that is committed: its paper comes out of its receipts, byte for byte, on a machine that has no GPU.

mod common;

use common::{expect, program, root};

#[test]
fn the_committed_receipts_give_the_paper_that_they_state() {
    let out = tempfile::tempdir().unwrap();
    let mut build = program(root());
    build.args(["build-paper", "--receipts", "organism", "--out"]).arg(out.path().join("organism"));
    expect(&mut build, 0, &["C1     holds", "the same bytes"]);
}
