//! Receipts that are not what they were: nothing of them is believed.

use bundle::{Ledger, LedgerEntry, Sha256, write_atomic};
use damage::{Damaged, cases, damaged, survive};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use proptest::prelude::*;
use report::receipts::{lay_out, pack, state, unpack};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

const ARCHIVE: &str = "receipts.tar.gz";
const DIGEST: &str = "receipts.sha256";

/// Rollouts are not packed, and who is short of room deletes them; while they are there they have to be what the ledger says.
#[test]
fn what_is_not_packed_may_be_gone_and_may_not_differ() {
    let (keep, packed) = receipts();
    let (out, rollouts) = (keep.path().join("out"), keep.path().join("out/run/rollouts.jsonl"));
    let again = || pack(&out, &out, &keep.path().join("again"));
    again().unwrap();
    std::fs::write(&rollouts, b"others").unwrap();
    assert!(again().unwrap_err().to_string().contains("run/rollouts.jsonl"));
    std::fs::remove_file(&rollouts).unwrap();
    again().unwrap();
    assert_eq!(files(&keep.path().join("again")), files(&packed));
    std::fs::remove_file(out.join("run/metrics.jsonl")).unwrap();
    assert!(again().unwrap_err().to_string().contains("run/metrics.jsonl"));
}

/// What `eval` reads of a run is laid out if the ledger attests it, and nothing else of the run.
#[test]
fn a_runs_last_checkpoint_is_laid_out_as_the_ledger_has_it() {
    let (keep, _) = receipts();
    let (out, to) = (keep.path().join("out"), keep.path().join("to"));
    lay_out(&out, &to, "run").unwrap();
    let names: Vec<_> = files(&to).into_iter().map(|(name, _)| name).collect();
    let expected = ["checkpoints/update-0020.safetensors", "config.json", "identity.json"];
    assert_eq!(names, expected.map(|name| Path::new("run").join(name)));
    std::fs::write(out.join("run/checkpoints/update-0020.safetensors"), b"others").unwrap();
    assert!(lay_out(&out, &to, "run").unwrap_err().to_string().contains("update-0020.safetensors"));
    std::fs::remove_file(out.join("run/checkpoints/update-0020.safetensors")).unwrap();
    assert!(lay_out(&out, &to, "run").unwrap_err().to_string().contains("update-0020.safetensors"));
    assert!(lay_out(&out, &to, "walk").unwrap_err().to_string().contains("walk"));
}

/// They would lie beside an archive that is of others.
#[test]
fn knobs_of_other_runs_that_were_laid_out_before_are_named_and_nothing_is_written() {
    let (keep, _) = receipts();
    let (out, to) = (keep.path().join("out"), keep.path().join("to"));
    lay_out(&out, &to, "run").unwrap();
    std::fs::write(to.join("run/checkpoints/update-0020.safetensors"), b"of another run").unwrap();
    let error = pack(&out, &out, &to).unwrap_err().to_string();
    assert!(error.contains("to/run/checkpoints/update-0020.safetensors"), "{error}");
    assert!(!to.join(ARCHIVE).exists());
    lay_out(&out, &to, "run").unwrap();
    pack(&out, &out, &to).unwrap();
}

/// The receipts of a run that wrote metrics, rollouts and checkpoints: archive and digest.
fn receipts() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (out, packed) = (folder.path().join("out"), folder.path().join("receipts"));
    let written = [
        ("metrics.jsonl", "{\"update\":1,\"hack\":0.25}\n"),
        ("rollouts.jsonl", "{}\n"),
        ("config.json", "{}\n"),
        ("identity.json", "{}\n"),
        ("checkpoints/update-0000.safetensors", "first"),
        ("checkpoints/update-0020.safetensors", "last"),
    ];
    let written = written.map(|(name, text)| (Path::new("run").join(name), text.as_bytes()));
    written.iter().for_each(|(name, bytes)| write_atomic(&out.join(name), bytes).unwrap());
    write_atomic(&out.join("results.json"), b"{}\n").unwrap();
    let entry = LedgerEntry {
        run: "run".into(),
        config: Sha256::of(b"config"),
        program: Sha256::of(b"program"),
        code: "test".into(),
        device: "cpu".into(),
        versions: BTreeMap::new(),
        unsafe_without: vec![],
        inputs: BTreeMap::new(),
        outputs: written.into_iter().map(|(name, bytes)| (name, Sha256::of(bytes))).collect(),
    };
    Ledger::open(&out.join("ledger.jsonl")).unwrap().append(entry).unwrap();
    pack(&out, &out, &packed).unwrap();
    (folder, packed)
}

fn packed(name: &str) -> Vec<u8> {
    let (_keep, folder) = receipts();
    std::fs::read(folder.join(name)).unwrap()
}

/// The archive's files one behind the other, as `tar` lays them out before they are packed.
fn unpacked(archive: &[u8]) -> Vec<u8> {
    let mut bytes = vec![];
    GzDecoder::new(archive).read_to_end(&mut bytes).unwrap();
    bytes
}

fn packed_anew(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(vec![], Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let names = bundle::files::list(folder).unwrap().into_iter();
    names.map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn a_damaged_archive_is_refused_by_its_digest(Damaged { whole, bytes } in damaged(vec![packed(ARCHIVE)])) {
        let (_keep, folder) = receipts();
        std::fs::write(folder.join(ARCHIVE), &bytes).unwrap();
        prop_assert_eq!(survive(|| unpack(&folder, &folder.join("unpacked"))).is_ok(), whole == bytes);
    }

    #[test]
    fn a_damaged_digest_refuses_the_archive(Damaged { whole, bytes } in damaged(vec![packed(DIGEST)])) {
        let (_keep, folder) = receipts();
        std::fs::write(folder.join(DIGEST), &bytes).unwrap();
        let first = |bytes: &[u8]| String::from_utf8_lossy(bytes).split_whitespace().next().map(str::to_string);
        if survive(|| unpack(&folder, &folder.join("unpacked"))).is_ok() {
            prop_assert_eq!(first(&bytes).map(|digest| digest.replace('\u{feff}', "")), first(&whole));
        }
    }

    /// Somebody who packs anew states a new digest too. Then the ledger guards what runs wrote, and nothing is written outside.
    #[test]
    fn an_archive_made_anew_of_damaged_files_is_refused_or_holds_what_the_ledger_attests(
        damaged in damaged(vec![unpacked(&packed(ARCHIVE))])
    ) {
        let (keep, folder) = receipts();
        let archive = packed_anew(&damaged.bytes);
        std::fs::write(folder.join(ARCHIVE), &archive).unwrap();
        state(&folder.join(DIGEST), Sha256::of(&archive), ARCHIVE).unwrap();
        let (out, before) = (folder.join("unpacked"), files(keep.path()));
        let read = survive(|| unpack(&folder, &out));
        let outside = |(name, _): &(PathBuf, Vec<u8>)| !name.starts_with("receipts/unpacked");
        prop_assert_eq!(files(keep.path()).into_iter().filter(outside).collect::<Vec<_>>(), before);
        if read.is_ok() {
            let ledger = Ledger::open(&out.join("ledger.jsonl")).unwrap();
            let attested = |name: &Path| ledger.entries().iter().rev().find_map(|entry| entry.outputs.get(name));
            for (name, bytes) in files(&out) {
                let own = ["ledger.jsonl", "results.json"].map(Path::new).contains(&name.as_path());
                prop_assert!(own || attested(&name) == Some(&Sha256::of(&bytes)), "{}", name.display());
            }
        }
    }
}
