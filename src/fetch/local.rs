//! Files that are on this machine already: found by their digest, wherever they lie and whatever they are called.

use crate::settings::HubFile;
use crate::{Digest, FetchError, Result, Wanted};
use bundle::digest::Hasher;
use bundle::{BundleError, Sha256, Swhid, files};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The hub's cache, and every file of the folders that were named.
pub(crate) struct Copies {
    cache: PathBuf,
    files: Vec<(PathBuf, u64)>,
}

impl Copies {
    pub(crate) fn of(cache: &Path, folders: &[PathBuf]) -> Result<Self> {
        let mut found = vec![];
        for folder in folders {
            for file in files::list(folder)? {
                let path = folder.join(file);
                // What a link leads to is what counts; one that leads nowhere is no copy.
                let about = path.metadata().ok().filter(|about| about.is_file());
                found.extend(about.map(|about| (path, about.len())));
            }
        }
        Ok(Self { cache: cache.into(), files: found })
    }

    /// A file with the wanted bytes.
    pub(crate) fn find(&self, wanted: &Wanted, stop: &AtomicBool) -> Result<Option<(PathBuf, Sha256)>> {
        for path in self.candidates(wanted) {
            // A copy that cannot be read is none.
            match matching(&path, &wanted.digest, stop) {
                Ok(None) | Err(FetchError::Bundle(_)) => {}
                Ok(Some(digest)) => return Ok(Some((path, digest))),
                Err(stopped) => return Err(stopped),
            }
        }
        Ok(None)
    }

    /// Files that may be it: by place in the cache; by size elsewhere, or by name where no size is known.
    fn candidates(&self, wanted: &Wanted) -> Vec<PathBuf> {
        let mut found = vec![];
        if let Some(file) = HubFile::of(&wanted.url) {
            let (folder, snapshot) = file.cached(&self.cache);
            found = vec![snapshot, folder.join("blobs").join(wanted.digest.hex())];
            found.retain(|path| path.metadata().is_ok_and(|about| wanted.bytes.is_none_or(|n| n == about.len())));
        }
        let fits = |(path, size): &&(PathBuf, u64)| match wanted.bytes {
            Some(bytes) => bytes == *size,
            None => path.file_name() == wanted.path.file_name(),
        };
        found.extend(self.files.iter().filter(fits).map(|(path, _)| path.clone()));
        found
    }
}

/// The SHA-256 of a file, if it has the wanted digest.
pub(crate) fn matching(path: &Path, digest: &Digest, stop: &AtomicBool) -> Result<Option<Sha256>> {
    let mut hash = Hasher::default();
    pieces(path, stop, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    let found = hash.digest();
    let is_it = match digest {
        Digest::Sha256(wanted) => *wanted == found,
        Digest::Git(wanted) => *wanted == Swhid::of_file(path)?,
    };
    Ok(is_it.then_some(found))
}

/// Hands on a file's bytes in pieces, until it is told to stop.
pub(crate) fn pieces(path: &Path, stop: &AtomicBool, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let fail = |source| BundleError::Read { path: path.into(), source };
    let (mut file, mut piece) = (File::open(path).map_err(fail)?, vec![0; 1 << 20]);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(FetchError::Stopped);
        }
        match file.read(&mut piece).map_err(fail)? {
            0 => return Ok(()),
            n => each(&piece[..n])?,
        }
    }
}
