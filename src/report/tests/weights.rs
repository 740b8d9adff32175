//! Receipts of a model that is fetched are enough for its paper: the gate of pins asks the ledger what the runs read.

use bundle::{Ledger, Sha256};
use experiment::{Evidence, Manifest, attest};
use report::receipts::unpack;
use std::path::Path;
use substrate::Isolation;
use verify::{Context, Findings, GATES};

fn copy(from: &Path, to: &Path) {
    for file in bundle::files::list(from).unwrap() {
        let to = to.join(&file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from.join(file), to).unwrap();
    }
}

/// What the gate finds in a project without the model, whose pins are these, over the committed receipts, or over no results.
fn pins(project: &Path, text: &str, evidence: Option<Evidence>) -> Findings {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::write(project.join("checksums/pins.toml"), text).unwrap();
    let (manifest, out) = (Manifest::tier("coder").unwrap().unwrap(), project.join("runs/coder"));
    unpack(&root.join("receipts/coder"), &out).unwrap();
    let results = evidence.map(|evidence| attest(&manifest, &out, evidence).map_err(|error| error.to_string()));
    let context = Context { root: project.into(), manifest, results, isolation: Isolation::Required };
    (GATES[0].check)(&context)
}

#[test]
fn the_ledger_says_for_weights_that_are_not_here_whether_runs_read_what_is_pinned() {
    let (root, folder) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), tempfile::tempdir().unwrap());
    for part in ["checksums", "data"] {
        copy(&root.join(part), &folder.path().join(part));
    }
    let text = std::fs::read_to_string(root.join("checksums/pins.toml")).unwrap();
    let found = pins(folder.path(), &text, Some(Evidence::Receipts));
    assert!(found.holds(), "{:?}", found.faults);
    assert!(found.evidence.iter().any(|words| words.contains("by the ledger all runs read what is pinned")));
    // Who has no results is told what to fetch.
    let found = pins(folder.path(), &text, None);
    assert!(found.faults.iter().any(|fault| fault.contains("fetch --tier coder")), "{:?}", found.faults);
    // Runs of other weights than are pinned.
    let weights = text.split("qwen2.5-coder-0.5b/model.safetensors").nth(1).unwrap();
    let digest = weights.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap();
    let other = text.replace(digest, &digest.chars().rev().collect::<String>());
    let found = pins(folder.path(), &other, Some(Evidence::Receipts));
    assert!(found.faults.iter().any(|fault| fault.contains("model.safetensors")), "{:?}", found.faults);
}

/// They lie beside the archive, unpacked, for `eval`.
#[test]
fn shipped_knobs_are_those_that_the_ledger_attests() {
    let (root, folder) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), tempfile::tempdir().unwrap());
    let (shipped, out) = (root.join("receipts/coder"), folder.path().join("out"));
    unpack(&shipped, &out).unwrap();
    let ledger = Ledger::open(&out.join("ledger.jsonl")).unwrap();
    let files = bundle::files::list(&shipped).unwrap();
    let of_runs: Vec<_> = files.iter().filter(|name| name.components().count() > 1).collect();
    assert_eq!(of_runs.iter().filter(|name| name.extension().is_some_and(|e| e == "safetensors")).count(), 3);
    for name in of_runs {
        let run = name.iter().next().unwrap().to_str().unwrap();
        let attested = ledger.find(run).unwrap().outputs[name];
        assert_eq!(Sha256::of_file(&shipped.join(name)).unwrap().0, attested, "{}", name.display());
    }
}
