//! Temporary folders. A process that is killed cannot remove its own, so whoever makes the next one in the same place does.

use std::fs::{File, TryLockError};
use std::io::Result;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const PREFIX: &str = "gq-scratch-";
/// The kernel takes the lock on it back when the process ends, however it ends.
const LOCK: &str = "lock";
/// How old a folder is whose maker will not lock it any more.
const ABANDONED: Duration = Duration::from_secs(600);

/// A folder for as long as this lives.
pub struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    /// One in the system's place for such.
    ///
    /// # Errors
    /// It cannot be written there.
    pub fn new() -> Result<Self> {
        Self::within(&std::env::temp_dir())
    }

    /// One in this folder.
    ///
    /// # Errors
    /// It cannot be written there, or the file system has no locks.
    pub fn within(place: &Path) -> Result<Self> {
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
            let path = folder.path().join(LOCK);
            let lock = File::create(&path)?;
            match lock.try_lock() {
                Err(TryLockError::Error(error)) => return Err(error),
                Ok(()) if path.exists() => {
                    std::fs::create_dir(folder.path().join("work"))?;
                    remove_dead(place, folder.path().metadata()?.uid());
                    return Ok(Self { folder, _lock: lock });
                }
                // Before it was locked another process took it for a dead one's.
                _ => {}
            }
        }
    }

    /// The empty folder to work in.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("work")
    }
}

/// Of this user's, those that nobody has locked.
fn remove_dead(place: &Path, user: u32) {
    let Ok(there) = std::fs::read_dir(place) else { return };
    for entry in there.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let Ok(about) = entry.metadata() else { continue };
        if !about.is_dir() || about.uid() != user {
            continue;
        }
        let dead = match File::open(entry.path().join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(_) => about.modified().ok().and_then(|then| then.elapsed().ok()).is_some_and(|age| age > ABANDONED),
        };
        if dead {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_goes_and_what_one_works_in_stays() {
        let place = tempfile::tempdir().unwrap();
        let (left, foreign) = (place.path().join("gq-scratch-left"), place.path().join("thesis"));
        std::fs::create_dir_all(left.join("work/deep")).unwrap();
        std::fs::write(left.join("lock"), "").unwrap();
        std::fs::create_dir(&foreign).unwrap();
        // Its maker is just making it.
        let young = place.path().join("gq-scratch-young");
        std::fs::create_dir(&young).unwrap();

        let one = Scratch::within(place.path()).unwrap();
        std::fs::write(one.path().join("file"), "one").unwrap();
        let two = Scratch::within(place.path()).unwrap();
        assert!(!left.exists() && foreign.exists() && young.exists());
        assert_eq!(std::fs::read_to_string(one.path().join("file")).unwrap(), "one");
        assert_ne!(one.path(), two.path());
        drop((one, two));
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2, "{:?}", place.path());
    }
}
