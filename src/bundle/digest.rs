//! Digests as types.

use crate::BundleError;
use serde::{Deserialize, Serialize};
use sha2::Digest;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// A SHA-256 digest; text form is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Digest and size of a file, read in pieces.
    pub fn of_file(path: &Path) -> crate::Result<(Self, u64)> {
        let (mut hash, mut size) = (Hasher::default(), 0);
        pieces(path, |piece| {
            hash.update(piece);
            size += piece.len() as u64;
        })?;
        Ok((hash.digest(), size))
    }

    /// Its 32 bytes.
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// The first twelve digits, for names.
    pub fn short(&self) -> String {
        self.to_string()[..12].into()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Sha256 {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a SHA-256 digest: 64 hex digits are needed");
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(wrong());
        }
        let mut out = [0; 32];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(out))
    }
}

/// The SHA-256 of bytes that come piece by piece.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes a file's bytes.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn update_from(&mut self, path: &Path) -> crate::Result<()> {
        pieces(path, |piece| self.update(piece))
    }

    /// The digest of all bytes so far.
    pub fn digest(&self) -> Sha256 {
        Sha256(self.0.clone().finalize().into())
    }
}

/// Hands on a file's bytes in pieces.
fn pieces(path: &Path, mut each: impl FnMut(&[u8])) -> crate::Result<()> {
    let fail = |source| BundleError::Read { path: path.into(), source };
    let mut file = std::fs::File::open(path).map_err(fail)?;
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece).map_err(fail)? {
            0 => return Ok(()),
            n => each(&piece[..n]),
        }
    }
}

/// A Software Heritage content id, `swh:1:cnt:` and the git blob SHA-1. Upstream publishes it where it has no SHA-256.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Swhid(String);

impl TryFrom<String> for Swhid {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let hex = text.strip_prefix("swh:1:cnt:").unwrap_or("");
        if hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not a content SWHID: `swh:1:cnt:` and 40 hex digits are needed"))
        }
    }
}

impl From<Swhid> for String {
    fn from(id: Swhid) -> Self {
        id.0
    }
}

impl Swhid {
    /// The id of these bytes: git's blob hash.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = Self::begin(bytes.len() as u64);
        hash.update(bytes);
        Self::end(hash)
    }

    /// The id of a file, read in pieces.
    pub fn of_file(path: &Path) -> crate::Result<Self> {
        let about = path.metadata().map_err(|source| BundleError::Read { path: path.into(), source })?;
        let mut hash = Self::begin(about.len());
        pieces(path, |piece| hash.update(piece))?;
        Ok(Self::end(hash))
    }

    /// The 40 hex digits that git calls the object by.
    pub fn hex(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }

    fn begin(size: u64) -> sha1::Sha1 {
        sha1::Sha1::new().chain_update(format!("blob {size}\0"))
    }

    fn end(hash: sha1::Sha1) -> Self {
        let hex: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Self(format!("swh:1:cnt:{hex}"))
    }
}

impl fmt::Display for Swhid {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swhid_is_the_git_blob_hash() {
        // `printf 'hello\n' | git hash-object --stdin`
        let id = "swh:1:cnt:ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(Swhid::of(b"hello\n").to_string(), id);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hello\n").unwrap();
        assert_eq!(Swhid::of_file(file.path()).unwrap().to_string(), id);
    }

    #[test]
    fn a_digest_must_look_like_one() {
        assert!(Sha256::try_from("00".repeat(31)).is_err());
        assert!(Sha256::try_from("zz".repeat(32)).is_err());
        let digest = Sha256::of(b"");
        assert_eq!(digest.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(Sha256::try_from(digest.to_string()), Ok(digest));
    }
}
