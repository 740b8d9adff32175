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

/// Whether two paths, there or not yet, are on one disk.
pub(crate) fn on_one_disk(a: &Path, b: &Path) -> Result<bool> {
    Ok(disk_of(&there(a))? == disk_of(&there(b))?)
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
