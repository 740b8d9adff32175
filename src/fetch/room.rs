//! Disk space, looked at before the first byte.

use crate::{FetchError, Result};
use bundle::BundleError;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const GIB: f64 = (1u64 << 30) as f64;

/// Refuses what would not fit: bytes by the folder that they are meant for.
pub(crate) fn check(needs: impl IntoIterator<Item = (PathBuf, u64)>) -> Result<()> {
    let mut disks: BTreeMap<u64, (PathBuf, u64)> = BTreeMap::new();
    for (folder, bytes) in needs {
        let place = there(&folder);
        let disk = disks.entry(disk_of(&place)?).or_insert((place, 0));
        disk.1 += bytes;
    }
    disks.into_values().try_for_each(|(place, need)| {
        let about = rustix::fs::statvfs(&place)
            .map_err(|e| BundleError::Read { path: place.clone(), source: std::io::Error::from(e) })?;
        let free = about.f_bavail * about.f_frsize;
        let short = || FetchError::Room { folder: place.clone(), need: need as f64 / GIB, free: free as f64 / GIB };
        if need <= free { Ok(()) } else { Err(short()) }
    })
}

/// Whether this file can have a second name in that folder, there or not yet: then it takes no room. Tried, since one disk may refuse
/// (files of other users, two mounts of it).
pub(crate) fn can_be_shared(original: &Path, folder: &Path) -> bool {
    let shared = |name: &Path| original.canonicalize().and_then(|blob| std::fs::hard_link(blob, name));
    tempfile::Builder::new().prefix(".gq-link-").make_in(there(folder), shared).is_ok()
}

fn disk_of(place: &Path) -> Result<u64> {
    let about = place.metadata().map_err(|source| BundleError::Read { path: place.into(), source })?;
    Ok(about.dev())
}

/// The path itself, or the nearest folder above it that exists.
fn there(path: &Path) -> PathBuf {
    let named = path.ancestors().filter(|above| !above.as_os_str().is_empty());
    named.into_iter().find(|above| above.exists()).unwrap_or(Path::new(".")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_have_a_second_name_takes_room() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), Path::new("/proc/self/cmdline"));
        let (file, target) = (folder.path().join("file"), folder.path().join("not/yet"));
        std::fs::write(&file, "x").unwrap();
        assert!(can_be_shared(&file, &target));
        assert!(!can_be_shared(outside, &target));
        // On one disk, and refused all the same.
        assert!(!can_be_shared(folder.path(), &target));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left of trying");
    }
}
