//! A file in the making. It lies beside the place that it is for, named by its digest, and is locked by who makes it: a second
//! fetch leaves it alone, one after a crash goes on with it.

use crate::local::pieces;
use crate::wanted::Digest;
use crate::{FetchError, Result, Wanted};
use bundle::digest::Hasher;
use bundle::{BundleError, Sha256, Swhid};
use std::fs::{File, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Where the part of a file lies.
pub(crate) fn path_of(wanted: &Wanted) -> PathBuf {
    wanted.path.with_file_name(format!("{}.part", wanted.digest.hex()))
}

/// The bytes so far and their digest, and the right to add to them. Without any, it leaves nothing when it goes.
pub(crate) struct Part<'a> {
    wanted: &'a Wanted,
    path: PathBuf,
    file: File,
    hash: Hasher,
    size: u64,
    /// Whether the file has its own name by now.
    placed: bool,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if self.size == 0 && !self.placed {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What became of a part that was thought to be whole.
pub(crate) enum Finished<'a> {
    /// In its place.
    Placed(Sha256),
    /// Not what was wanted: it has this digest.
    Wrong(Part<'a>, String),
}

impl<'a> Part<'a> {
    /// Begins a file or goes on with it; none while another process or thread is at it.
    pub(crate) fn claim(wanted: &'a Wanted, stop: &AtomicBool) -> Result<Option<Self>> {
        let path = path_of(wanted);
        let fail = |source| BundleError::Write { path: path.clone(), source };
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(fail)?;
        loop {
            let file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(fail)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) => {
                    let reason = format!("this file system gives no locks ({e}): choose a folder on another one");
                    return Err(BundleError::Format { path, reason }.into());
                }
            }
            // Who had the lock before may have put this very file into its place: then it is no part any more.
            let here = file.metadata().map_err(fail)?.ino();
            if path.metadata().is_ok_and(|about| about.ino() == here) {
                let mut part = Self { wanted, path, file, hash: Hasher::default(), size: 0, placed: false };
                part.read_again(stop)?;
                return Ok(Some(part));
            }
        }
    }

    /// Hashes what an earlier call received. More than the whole file is nothing to go on with.
    fn read_again(&mut self, stop: &AtomicBool) -> Result<()> {
        let (hash, size) = (&mut self.hash, &mut self.size);
        pieces(&self.path, stop, |piece| {
            hash.update(piece);
            *size += piece.len() as u64;
            Ok(())
        })?;
        if self.wanted.bytes.is_some_and(|bytes| self.size > bytes) {
            return self.restart();
        }
        let end = self.file.seek(SeekFrom::End(0));
        end.map(|_| ()).map_err(|source| BundleError::Read { path: self.path.clone(), source }.into())
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|source| BundleError::Write { path: self.path.clone(), source })?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Throws away what is there.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|source| BundleError::Write { path: self.path.clone(), source })?;
        (self.hash, self.size) = (Hasher::default(), 0);
        Ok(())
    }

    /// Into its place, if it is what was wanted: flushed to the disk first.
    pub(crate) fn finish(mut self) -> Result<Finished<'a>> {
        let found = self.hash.digest();
        let stated = match &self.wanted.digest {
            Digest::Sha256(_) => Digest::Sha256(found),
            Digest::Git(_) => Digest::Git(Swhid::of_file(&self.path)?),
        };
        if stated != self.wanted.digest {
            return Ok(Finished::Wrong(self, stated.to_string()));
        }
        self.file.sync_all().map_err(|source| BundleError::Write { path: self.path.clone(), source })?;
        self.place(&self.path)?;
        self.placed = true;
        Ok(Finished::Placed(found))
    }

    /// Has the bytes from another file of this machine, which has the wanted digest: as a second name of it, which takes no
    /// space, or as a copy where the two cannot share them.
    pub(crate) fn take(mut self, original: &Path, stop: &AtomicBool) -> Result<()> {
        if self.link(original)? {
            self.discard();
            return Ok(());
        }
        self.restart()?;
        pieces(original, stop, |piece| self.append(piece))?;
        let (expected, url) = (self.wanted.digest.to_string(), original.display().to_string());
        match self.finish()? {
            Finished::Placed(_) => Ok(()),
            Finished::Wrong(wrong, found) => {
                let path = wrong.wanted.path.clone();
                wrong.discard();
                Err(FetchError::OtherBytes { path, url, expected, found })
            }
        }
    }

    /// Leaves nothing.
    pub(crate) fn discard(mut self) {
        self.size = 0;
    }

    fn link(&self, original: &Path) -> Result<bool> {
        let link = self.path.with_extension("link");
        let _ = std::fs::remove_file(&link);
        // The hub's cache is links into its blobs: the blob is what gets a second name.
        let shared = original.canonicalize().and_then(|blob| std::fs::hard_link(blob, &link));
        if shared.is_err() {
            return Ok(false);
        }
        self.place(&link)?;
        Ok(true)
    }

    /// Gives a whole file its name, for good: the folder is flushed, too.
    fn place(&self, whole: &Path) -> Result<()> {
        let fail = |source| BundleError::Write { path: self.wanted.path.clone(), source };
        std::fs::rename(whole, &self.wanted.path).map_err(fail)?;
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)?;
        Ok(())
    }
}
