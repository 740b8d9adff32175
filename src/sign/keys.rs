//! The author's two keys: PKCS#8 in PEM, in a folder that nobody else can read. They are never printed.

use crate::{Result, SignError};
use bundle::{Sha256, files, write_atomic};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{SigningKey, VerifyingKey};
use p256::ecdsa;
use p256::elliptic_curve::rand_core::OsRng;
use std::fmt::Display;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

const ED25519: [&str; 2] = ["ed25519.key.pem", "ed25519.pub.pem"];
const P256: [&str; 2] = ["p256.key.pem", "p256.pub.pem"];
/// What a key's file may not let others do.
const OTHERS: u32 = 0o077;

/// Keys to sign with.
pub struct Keys {
    pub(crate) ed25519: SigningKey,
    pub(crate) p256: ecdsa::SigningKey,
}

/// Keys to check with.
pub struct PublicKeys {
    pub(crate) ed25519: VerifyingKey,
    pub(crate) p256: ecdsa::VerifyingKey,
}

impl Keys {
    /// Makes both keys and their public halves in a new folder.
    ///
    /// # Errors
    /// A folder that is there already: no key is written over.
    pub fn make(folder: &Path) -> Result<Self> {
        let refused = |reason: String| SignError::Key { path: folder.into(), reason };
        DirBuilder::new().mode(0o700).create(folder).map_err(|e| refused(format!("{e}: keys go into a new folder")))?;
        let keys = Self { ed25519: SigningKey::generate(&mut OsRng), p256: ecdsa::SigningKey::random(&mut OsRng) };
        let private = [
            (ED25519[0], keys.ed25519.to_pkcs8_pem(LineEnding::LF)),
            (P256[0], p256::SecretKey::from(&keys.p256).to_pkcs8_pem(LineEnding::LF)),
        ];
        for (name, pem) in private {
            write_secret(&folder.join(name), pem.map_err(|e| refused(e.to_string()))?.as_bytes())?;
        }
        let public = keys.public();
        for (name, pem) in [(ED25519[1], pem(&public.ed25519)), (P256[1], pem(&public.p256))] {
            write_atomic(&folder.join(name), pem.as_bytes())?;
        }
        Ok(keys)
    }

    /// Reads both from a folder.
    ///
    /// # Errors
    /// A file that is missing, that others can read, or that is no such key.
    pub fn load(folder: &Path) -> Result<Self> {
        let read = |name: &str| -> Result<(PathBuf, String)> {
            let path = folder.join(name);
            let text = files::read_text(&path)?;
            let mode = path.metadata().map(|about| about.permissions().mode()).unwrap_or(OTHERS);
            if mode & OTHERS != 0 {
                let reason =
                    format!("others may read this key (mode {:o}): chmod 600 it, or make new ones", mode & 0o777);
                return Err(SignError::Key { path, reason });
            }
            Ok((path, text))
        };
        let ((at, ed25519), (there, p256)) = (read(ED25519[0])?, read(P256[0])?);
        Ok(Self {
            ed25519: SigningKey::from_pkcs8_pem(&ed25519).map_err(no_key(&at))?,
            p256: ecdsa::SigningKey::from_pkcs8_pem(&p256).map_err(no_key(&there))?,
        })
    }

    /// The halves that others check with.
    pub fn public(&self) -> PublicKeys {
        PublicKeys { ed25519: self.ed25519.verifying_key(), p256: *self.p256.verifying_key() }
    }
}

impl PublicKeys {
    /// Reads both from a folder, which need not hold the others.
    ///
    /// # Errors
    /// A file that is missing or no such key.
    pub fn load(folder: &Path) -> Result<Self> {
        let [ed25519, p256] = [folder.join(ED25519[1]), folder.join(P256[1])];
        Ok(Self {
            ed25519: VerifyingKey::from_public_key_pem(&files::read_text(&ed25519)?).map_err(no_key(&ed25519))?,
            p256: ecdsa::VerifyingKey::from_public_key_pem(&files::read_text(&p256)?).map_err(no_key(&p256))?,
        })
    }
}

/// What a signature names a key by: the digest of its PEM text.
pub(crate) fn hint(key: &impl EncodePublicKey) -> String {
    Sha256::of(pem(key).as_bytes()).to_string()
}

fn pem(key: &impl EncodePublicKey) -> String {
    key.to_public_key_pem(LineEnding::LF).expect("a public key has a PEM form")
}

fn no_key<E: Display>(path: &Path) -> impl Fn(E) -> SignError + use<E> {
    let path = path.to_path_buf();
    move |error| SignError::Key {
        path: path.clone(),
        reason: format!("{error}: expected a key in PEM, as `sign --new-keys` makes"),
    }
}

/// Its mode is right before a byte of it is there.
fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let made = || -> std::io::Result<()> {
        std::fs::File::create_new(path)?.set_permissions(Permissions::from_mode(0o600))?;
        std::fs::write(path, bytes)?;
        std::fs::File::open(path)?.sync_all()
    };
    made().map_err(|e| SignError::Key { path: path.into(), reason: e.to_string() })
}
