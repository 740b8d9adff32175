//! Every file that this crate reads, damaged: an error that names the file, or a value, and no damage that a digest guards
//! against goes unseen.

use bundle::{BundleError, Identity, Ledger, LedgerEntry, Pins, Sha256, files, jsonl};
use damage::{Damaged, cases, damaged, survive};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// An error tells which file it is about.
fn names(error: &BundleError, path: &Path) -> bool {
    error.to_string().contains(&path.display().to_string())
}

fn rows() -> Vec<Vec<u8>> {
    let text = "{\"id\": 1, \"x\": [1.5, NaN], \"s\": \"a\\ud83d\\n\"}\n\n{\"id\": 2, \"x\": {}}\r\n";
    let mut packed = GzEncoder::new(vec![], Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    vec![text.into(), format!("\u{feff}{text}").into(), packed.finish().unwrap()]
}

fn entry(run: &str) -> LedgerEntry {
    LedgerEntry {
        run: run.into(),
        config: Sha256::of(b"config"),
        program: Sha256::of(b"program"),
        code: "test".into(),
        device: "cpu".into(),
        versions: BTreeMap::from([("python".into(), "3.11".into())]),
        unsafe_without: vec![],
        inputs: BTreeMap::new(),
        outputs: BTreeMap::from([(Path::new(run).join("out.txt"), Sha256::of(run.as_bytes()))]),
    }
}

fn ledger() -> Vec<u8> {
    let (_folder, path) = written("ledger.jsonl", b"");
    let mut ledger = Ledger::open(&path).unwrap();
    ["a", "b", "c"].into_iter().for_each(|run| ledger.append(entry(run)).unwrap());
    std::fs::read(path).unwrap()
}

const PINS: &str = "[[pin]]\npath = \"data/a\"\nbytes = 5\n\
    sha256 = \"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"\nlicence = \"MIT\"\norigin = \"o\"\ntier = \"smoke\"\n\
    [[pin]]\npath = \"b\"\nswhid = \"swh:1:cnt:ce013625030ba8dba906f756967f9e9ca394464a\"\nurl = \"https://x\"\nlicence = \"MIT\"\n\
    origin = \"o\"\ntier = \"full\"\n[[pin.package]]\nname = \"p\"\nversion = \"1\"\nfile = \"p/b\"\n\
    wheel = { bytes = 9, sha256 = \"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\" }\n\
    holds = { bytes = 5, sha256 = \"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\" }\n\
    [[pin]]\npath = \"c\"\nsha256 = \"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"\nmade_of = \"b\"\n\
    licence = \"MIT\"\norigin = \"o\"\ntier = \"full\"\n";

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn damaged_rows_are_rows_or_an_error_with_the_file(damaged in damaged(rows())) {
        let (_folder, path) = written("rows.jsonl", &damaged.bytes);
        if let Err(error) = survive(|| jsonl::read::<Value>(&path)) {
            prop_assert!(names(&error, &path), "{error}");
        }
    }

    /// A log keeps whole rows alone, and a second cut finds nothing to do.
    #[test]
    fn a_damaged_log_is_cut_back_to_rows(damaged in damaged(rows()[..2].to_vec())) {
        let (_folder, path) = written("log.jsonl", &damaged.bytes);
        survive(|| jsonl::keep(&path, |row| row["id"].is_u64())).unwrap();
        let kept = std::fs::read(&path).unwrap();
        let ids: Vec<Value> = jsonl::read(&path).unwrap();
        prop_assert!(ids.iter().all(|row| row["id"].is_u64()));
        jsonl::keep(&path, |row| row["id"].is_u64()).unwrap();
        prop_assert_eq!(std::fs::read(&path).unwrap(), kept);
    }

    /// Each line but the last is under the digest of the next.
    #[test]
    fn a_damaged_ledger_breaks_unless_only_its_end_is_another(Damaged { whole, bytes } in damaged(vec![ledger()])) {
        let (_folder, path) = written("ledger.jsonl", &bytes);
        match survive(|| Ledger::open(&path)) {
            Err(error) => prop_assert!(names(&error, &path), "{error}"),
            Ok(ledger) => {
                let text = String::from_utf8(bytes).unwrap();
                let text = text.trim_start_matches('\u{feff}');
                let found: Vec<&str> = text.lines().collect();
                let was: Vec<&str> = std::str::from_utf8(&whole).unwrap().lines().collect();
                let guarded = &found[..found.len().saturating_sub(1)];
                prop_assert!(was.starts_with(guarded), "{text}");
                prop_assert_eq!(ledger.entries().len(), found.len());
            }
        }
    }

    #[test]
    fn damaged_pins_are_refused_or_each_has_a_digest(damaged in damaged(vec![PINS.into()])) {
        let (_folder, path) = written("pins.toml", &damaged.bytes);
        match survive(|| Pins::load(&path)) {
            Err(error) => prop_assert!(names(&error, &path), "{error}"),
            Ok(pins) => prop_assert!(pins.pins.iter().all(|pin| pin.sha256.is_some() || pin.swhid.is_some())),
        }
    }

    #[test]
    fn a_pinned_file_that_is_not_what_it_was_is_refused(Damaged { whole, bytes } in damaged(vec![b"hello".to_vec()])) {
        let (folder, path) = written("pins.toml", PINS.as_bytes());
        let pins = Pins::load(&path).unwrap();
        files::write_atomic(&folder.path().join("data/a"), &bytes).unwrap();
        prop_assert_eq!(pins.verify(folder.path(), Path::new("data")).is_ok(), whole == bytes);
    }

    #[test]
    fn a_damaged_identity_is_an_error_or_another(damaged in damaged(vec![identity()])) {
        let (folder, path) = written("identity.json", &damaged.bytes);
        if let Err(error) = survive(|| Identity::of(folder.path())) {
            prop_assert!(names(&error, &path), "{error}");
        }
    }

    #[test]
    fn a_digest_is_read_as_it_is_written_and_nothing_else_is(bytes in any::<[u8; 20]>(), text in "[0-9a-fA-F]{62,66}|\\PC{0,66}") {
        let digest = Sha256::of(&bytes);
        prop_assert_eq!(Sha256::try_from(digest.to_string()), Ok(digest));
        if let Ok(digest) = Sha256::try_from(text.clone()) {
            prop_assert_eq!(digest.to_string(), text);
        }
    }
}

fn identity() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    Identity::new([("weights", Sha256::of(b"w")), ("problems", Sha256::of(b"p"))]).claim(folder.path()).unwrap();
    std::fs::read(Identity::path(folder.path())).unwrap()
}
