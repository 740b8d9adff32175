//! Signatures beside those of an independent implementation (Python's `cryptography`, whose output the public model-signing tool
//! accepts), and every way to spoil what was signed.

use sign::envelope::{ATTESTATION, SIGNATURE, sign, verify};
use sign::statement::Statement;
use sign::{Keys, PublicKeys, SignError};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Test keys that everybody knows: RFC 8032, 7.1, test 1, and RFC 6979, A.2.5.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const P256: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX\nZ7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth\n+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\n-----END PRIVATE KEY-----\n";

fn vector() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vector")
}

fn copy(from: &Path, to: &Path) {
    for file in bundle::files::list(from).unwrap() {
        fs::create_dir_all(to.join(&file).parent().unwrap()).unwrap();
        fs::copy(from.join(&file), to.join(&file)).unwrap();
    }
}

/// A copy of the folder of the vector, and the known keys.
struct Signed {
    place: tempfile::TempDir,
}

impl Signed {
    fn new() -> Self {
        let signed = Self { place: tempfile::tempdir().unwrap() };
        copy(&vector().join("folder"), &signed.folder());
        fs::create_dir(signed.keys()).unwrap();
        for (name, pem) in [("ed25519.key.pem", ED25519), ("p256.key.pem", P256)] {
            fs::write(signed.keys().join(name), pem).unwrap();
            signed.mode(name, 0o600);
        }
        sign(&signed.folder(), "organism", &signed.load().unwrap()).unwrap();
        signed
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join("folder")
    }

    fn keys(&self) -> PathBuf {
        self.place.path().join("keys")
    }

    fn load(&self) -> sign::Result<Keys> {
        Keys::load(&self.keys())
    }

    fn mode(&self, key: &str, mode: u32) {
        fs::set_permissions(self.keys().join(key), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn verify(&self) -> sign::Result<usize> {
        verify(&self.folder(), &self.load().unwrap().public())
    }
}

#[test]
fn the_bytes_are_those_of_an_independent_implementation() {
    let signed = Signed::new();
    let statement = Statement::of(&signed.folder(), "organism").unwrap();
    assert_eq!(statement.bytes(), fs::read(vector().join("statement.json")).unwrap());
    for name in [ATTESTATION, SIGNATURE] {
        let [ours, theirs] = [signed.folder(), vector()].map(|folder| fs::read_to_string(folder.join(name)).unwrap());
        assert_eq!(ours, theirs, "{name}");
    }
    assert_eq!(signed.verify().unwrap(), statement.files());
}

#[test]
fn a_bit_flipped_in_any_byte_of_any_file_is_found_and_the_file_named() {
    let signed = Signed::new();
    for file in bundle::files::list(&signed.folder()).unwrap() {
        let path = signed.folder().join(&file);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 1 << (at % 8);
            fs::write(&path, &spoilt).unwrap();
            let error = signed.verify().expect_err(&format!("{}, byte {at}", file.display())).to_string();
            // What the two files sign is another statement then: either may be the one that is spoilt.
            let named = [file.to_str().unwrap(), SIGNATURE].iter().any(|name| error.contains(name));
            assert!(named, "{}, byte {at}: {error}", file.display());
        }
        fs::write(&path, whole).unwrap();
    }
    assert!(signed.verify().is_ok());
}

#[test]
fn what_is_added_taken_away_renamed_or_no_file_is_found() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 10] = [
        ("results.json", |folder| fs::remove_file(folder.join("results.json")).unwrap()),
        ("results.json", |folder| fs::rename(folder.join("results.json"), folder.join("b.json")).unwrap()),
        ("more", |folder| fs::write(folder.join("runs/more"), "").unwrap()),
        ("empty folder", |folder| fs::create_dir(folder.join("nothing")).unwrap()),
        (".gitignore", |folder| fs::write(folder.join(".gitignore"), "*").unwrap()),
        ("neither a file nor a folder", |folder| symlink("results.json", folder.join("link")).unwrap()),
        ("a-b", |folder| {
            fs::rename(folder.join("a-b"), folder.join("t")).unwrap();
            fs::rename(folder.join("a.b"), folder.join("a-b")).unwrap();
            fs::rename(folder.join("t"), folder.join("a.b")).unwrap();
        }),
        (SIGNATURE, |folder| fs::remove_file(folder.join(SIGNATURE)).unwrap()),
        (ATTESTATION, |folder| fs::remove_file(folder.join(ATTESTATION)).unwrap()),
        ("unsigned", |folder| {
            fs::remove_file(folder.join(SIGNATURE)).unwrap();
            fs::remove_file(folder.join(ATTESTATION)).unwrap();
        }),
    ];
    for (named, change) in changes {
        let signed = Signed::new();
        change(&signed.folder());
        let error = signed.verify().expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[test]
fn another_authors_signature_is_none() {
    let signed = Signed::new();
    let other = Keys::make(&signed.place.path().join("others")).unwrap();
    assert!(matches!(verify(&signed.folder(), &other.public()), Err(SignError::Broken { .. })));
    sign(&signed.folder(), "organism", &other).unwrap();
    assert!(matches!(signed.verify(), Err(SignError::Broken { .. })));
}

#[test]
fn keys_are_made_once_and_nobody_else_may_read_them() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("keys");
    Keys::make(&folder).unwrap();
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        let secret = entry.file_name().to_str().unwrap().ends_with(".key.pem");
        assert!(!secret || entry.metadata().unwrap().permissions().mode() & 0o777 == 0o600, "{entry:?}");
    }
    assert!(Keys::make(&folder).is_err(), "no key is written over");
    assert!(PublicKeys::load(&folder).is_ok());
    fs::set_permissions(folder.join("p256.key.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    let error = Keys::load(&folder).err().unwrap().to_string();
    assert!(error.contains("p256.key.pem") && error.contains("chmod 600"), "{error}");
    fs::write(folder.join("p256.pub.pem"), "no key").unwrap();
    assert!(PublicKeys::load(&folder).err().unwrap().to_string().contains("p256.pub.pem"));
}
