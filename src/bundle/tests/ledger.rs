//! The ledger's chain, the pins and atomic writes, each broken on purpose.

use bundle::files::{list, remove_cut_off};
use bundle::{BundleError, Ledger, LedgerEntry, Pins, Sha256, write_atomic};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

fn entry(folder: &Path, run: &str) -> LedgerEntry {
    let output = Path::new(run).join("out.txt");
    write_atomic(&folder.join(&output), run.as_bytes()).unwrap();
    LedgerEntry {
        run: run.into(),
        config: Sha256::of(b"config"),
        program: Sha256::of(b"program"),
        code: "test".into(),
        device: "cpu".into(),
        versions: BTreeMap::new(),
        unsafe_without: vec![],
        inputs: BTreeMap::new(),
        outputs: BTreeMap::from([(output, Sha256::of(run.as_bytes()))]),
    }
}

fn three(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("ledger.jsonl");
    let mut ledger = Ledger::open(&path).unwrap();
    for run in ["a", "b", "c"] {
        ledger.append(entry(folder, run)).unwrap();
    }
    path
}

#[test]
fn an_entry_that_is_edited_dropped_or_moved_breaks_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = three(folder.path());
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(Ledger::open(&path).unwrap().entries().len(), 3);
    let edited = text.replacen("\"device\":\"cpu\"", "\"device\":\"gpu\"", 1);
    for broken in [edited, [lines[0], lines[2]].join("\n"), [lines[1], lines[0], lines[2]].join("\n")] {
        std::fs::write(&path, broken).unwrap();
        assert!(matches!(Ledger::open(&path), Err(BundleError::Chain { .. })));
    }
}

#[test]
fn an_output_that_changed_or_went_away_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&three(folder.path())).unwrap();
    let entry = ledger.find("b").unwrap();
    entry.verify_outputs(folder.path()).unwrap();
    std::fs::write(folder.path().join("b/out.txt"), "c").unwrap();
    let error = entry.verify_outputs(folder.path()).unwrap_err().to_string();
    assert!(error.contains("b/out.txt") && error.contains(&Sha256::of(b"b").to_string()), "{error}");
    std::fs::remove_file(folder.path().join("b/out.txt")).unwrap();
    assert!(matches!(entry.verify_outputs(folder.path()), Err(BundleError::Missing { .. })));
}

#[test]
fn a_pin_without_a_digest_or_with_an_unknown_field_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pins.toml");
    let pin = "[[pin]]\npath = \"x\"\nlicence = \"MIT\"\norigin = \"o\"\ntier = \"smoke\"\n";
    for text in [pin.to_string(), format!("{pin}sha256 = \"12\"\n"), format!("{pin}md5 = \"0\"\n")] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(Pins::load(&path), Err(BundleError::Format { .. })));
    }
}

#[test]
fn short_long_and_extra_files_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write_atomic(&root.join("data/a"), b"hello").unwrap();
    let digest = Sha256::of(b"hello");
    let text = format!(
        "[[pin]]\npath = \"data/a\"\nbytes = 5\nsha256 = \"{digest}\"\nlicence = \"MIT\"\norigin = \"o\"\ntier = \"smoke\"\n"
    );
    std::fs::write(root.join("pins.toml"), text).unwrap();
    let pins = Pins::load(&root.join("pins.toml")).unwrap();
    assert_eq!(pins.verify(root, Path::new("data")).unwrap(), 1);
    std::fs::write(root.join("data/a"), "hell").unwrap();
    assert!(pins.verify(root, Path::new("data")).unwrap_err().to_string().contains("4 bytes"));
    std::fs::write(root.join("data/a"), "hullo").unwrap();
    assert!(pins.verify(root, Path::new("data")).unwrap_err().to_string().contains(&digest.to_string()));
    std::fs::write(root.join("data/a"), "hello").unwrap();
    std::fs::write(root.join("data/b"), "").unwrap();
    assert!(matches!(pins.verify(root, Path::new("data")), Err(BundleError::Extra { .. })));
    std::fs::remove_file(root.join("data/a")).unwrap();
    assert!(matches!(pins.verify(root, Path::new("data")), Err(BundleError::Missing { .. })));
}

#[test]
fn a_write_that_fails_leaves_the_old_file() {
    // /dev/full takes no bytes; a folder that cannot be made stands for a full or read-only disk here.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write_atomic(&path, b"old").unwrap();
    assert!(matches!(write_atomic(&path.join("below-a-file"), b"new"), Err(BundleError::Write { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// In a folder that several processes write to, whose files nobody owns.
#[test]
fn what_was_cut_off_days_ago_goes_and_what_somebody_may_write_stays() {
    let folder = tempfile::tempdir().unwrap();
    let days_ago = SystemTime::now() - Duration::from_hours(49);
    for (name, old) in [(".tmpVK7jYJ", true), (".tmpb36x5K", false), ("tmp", true), ("a.safetensors", true)] {
        let file = std::fs::File::create(folder.path().join(name)).unwrap();
        file.set_modified(if old { days_ago } else { SystemTime::now() }).unwrap();
    }
    remove_cut_off(folder.path());
    remove_cut_off(&folder.path().join("not there"));
    assert_eq!(list(folder.path()).unwrap(), [".tmpb36x5K", "a.safetensors", "tmp"].map(std::path::PathBuf::from));
}

#[test]
fn a_write_that_fails_says_what_to_do_about_it() {
    let told = |kind: std::io::ErrorKind| BundleError::Write { path: "out".into(), source: kind.into() }.to_string();
    assert!(told(std::io::ErrorKind::StorageFull).contains("free some space"));
    assert!(told(std::io::ErrorKind::PermissionDenied).contains("choose a file in a folder"));
}
