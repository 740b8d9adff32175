//! Whose a folder is: the digests of what it was made from, and the one process that is at work in it.

use crate::{BundleError, Result, Sha256, files, write_atomic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Digests of everything that decides what a folder holds, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(BTreeMap<String, Sha256>);

impl Identity {
    /// From names, such as `weights`, each with the digest of what it names.
    pub fn new(parts: impl IntoIterator<Item = (impl Into<String>, Sha256)>) -> Self {
        Self(parts.into_iter().map(|(name, digest)| (name.into(), digest)).collect())
    }

    /// The same and one digest more.
    pub fn and(mut self, name: &str, digest: Sha256) -> Self {
        self.0.insert(name.into(), digest);
        self
    }

    /// The file of a folder that holds it.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("identity.json")
    }

    /// Marks a folder that is new; checks one that is not.
    ///
    /// # Errors
    /// The folder was made from something else, or has something in it and does not say from what.
    pub fn claim(&self, folder: &Path) -> Result<()> {
        let path = Self::path(folder);
        // A lock, or a file that another process is just writing, makes no folder old.
        let is_ours = |file: &PathBuf| file.ends_with(LOCK) || files::is_unnamed(file);
        let holds_files = || files::list(folder).is_ok_and(|found| !found.iter().all(is_ours));
        if path.exists() || (folder.exists() && holds_files()) {
            return self.check(folder);
        }
        write_atomic(&path, self.to_text().as_bytes())
    }

    /// What a folder says that it was made from.
    pub fn of(folder: &Path) -> Result<Self> {
        let path = Self::path(folder);
        if !path.exists() {
            let differs = "it does not say which (no identity.json)".into();
            return Err(BundleError::OtherInputs { folder: folder.into(), differs });
        }
        let wrong = |e: serde_json::Error| BundleError::Format { path: path.clone(), reason: e.to_string() };
        let text = files::read_text(&path)?;
        let found: Self = serde_json::from_str(&text).map_err(wrong)?;
        match found.to_text() == text {
            true => Ok(found),
            false => Err(BundleError::Format { path, reason: "it is not as this program writes it".into() }),
        }
    }

    fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("digests serialise") + "\n"
    }

    /// Checks that a folder was made from the same, in every part that is named here.
    pub fn check(&self, folder: &Path) -> Result<()> {
        let there = Self::of(folder)?;
        let differ: Vec<String> = self
            .0
            .iter()
            .filter(|(name, digest)| there.0.get(*name) != Some(digest))
            .map(|(name, digest)| {
                let was = there.0.get(name).map_or("not recorded".into(), Sha256::short);
                format!("its {name} were {was}, here they are {}", digest.short())
            })
            .collect();
        let other = || BundleError::OtherInputs { folder: folder.into(), differs: differ.join("; ") };
        if differ.is_empty() { Ok(()) } else { Err(other()) }
    }
}

/// The name of every lock file.
const LOCK: &str = "lock";

/// The right to work in a folder. The kernel takes it back when the process ends, however it ends.
#[derive(Debug)]
pub struct Owner {
    lock: File,
    /// The lock of a file, which goes with it.
    passing: Option<PathBuf>,
    changes: bool,
}

impl Drop for Owner {
    /// A folder that is left is the same bytes again.
    fn drop(&mut self) {
        if self.changes {
            let _ = self.lock.set_len(0);
        }
        if let Some(path) = &self.passing {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Owner {
    /// Becomes the one process that changes `folder`; the lock lies in `place`, the folder itself or one in it.
    ///
    /// # Errors
    /// Another process is at work there, or the file system has no locks.
    pub fn of(folder: &Path, place: &Path) -> Result<Self> {
        Self::by(folder, place.join(LOCK))
    }

    /// Becomes the one process that makes a file; the lock lies beside it for so long.
    pub fn of_file(file: &Path) -> Result<Self> {
        let mut name = file.as_os_str().to_os_string();
        name.push(".lock");
        let path = PathBuf::from(name);
        let mut owner = Self::by(file, path.clone())?;
        owner.passing = Some(path);
        Ok(owner)
    }

    fn by(folder: &Path, path: PathBuf) -> Result<Self> {
        let place = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let fail = |source| BundleError::Write { path: path.clone(), source };
        std::fs::create_dir_all(place).map_err(fail)?;
        let open = || File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open().map_err(fail)?;
        held(file.try_lock(), &mut file, folder, &path)?;
        let told = format!("process {} on {}", std::process::id(), host());
        file.set_len(0).and_then(|()| file.write_all(told.as_bytes())).map_err(fail)?;
        Ok(Self { lock: file, passing: None, changes: true })
    }

    /// Keeps others from changing `folder` while it is read. A folder that has no lock has no owner.
    pub fn reading(folder: &Path, place: &Path) -> Result<Option<Self>> {
        let path = place.join(LOCK);
        let Ok(mut file) = File::open(&path) else { return Ok(None) };
        held(file.try_lock_shared(), &mut file, folder, &path)?;
        Ok(Some(Self { lock: file, passing: None, changes: false }))
    }
}

fn held(tried: std::result::Result<(), TryLockError>, file: &mut File, folder: &Path, path: &Path) -> Result<()> {
    match tried {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let told = file.read_to_string(&mut owner).is_ok() && !owner.is_empty();
            let owner = if told { owner } else { "another process".into() };
            Err(BundleError::Owned { folder: folder.into(), owner })
        }
        Err(TryLockError::Error(e)) => {
            let reason = format!("this file system gives no locks ({e}): choose a folder on another one");
            Err(BundleError::Format { path: path.into(), reason })
        }
    }
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or("this machine".into(), |name| name.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_gone_on_with_only_from_what_it_was_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let of = |weights: &str| {
            Identity::new([("weights", Sha256::of(weights.as_bytes())), ("problems", Sha256::of(b"problems"))])
        };
        of("a").claim(&run).unwrap();
        of("a").claim(&run).unwrap();
        let told = of("b").claim(&run).unwrap_err().to_string();
        assert!(told.contains("its weights were") && !told.contains("problems"), "{told}");
        Identity::new([("problems", Sha256::of(b"problems"))]).check(&run).unwrap();
        std::fs::remove_file(Identity::path(&run)).unwrap();
        std::fs::write(run.join("state"), "").unwrap();
        assert!(of("a").claim(&run).unwrap_err().to_string().contains("does not say"));
    }

    #[test]
    fn one_owner_at_a_time_and_no_reader_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path();
        assert!(Owner::reading(run, run).unwrap().is_none(), "nobody was ever at work there");
        let first = Owner::of(run, run).unwrap();
        let told = Owner::of(run, run).unwrap_err().to_string();
        assert!(told.contains(&format!("process {}", std::process::id())), "{told}");
        assert!(Owner::reading(run, run).is_err());
        drop(first);
        let reader = Owner::reading(run, run).unwrap();
        assert!(reader.is_some() && Owner::reading(run, run).unwrap().is_some());
        assert!(Owner::of(run, run).is_err());
    }
}
