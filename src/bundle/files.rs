//! Writes that are whole or not there, and reads that name the file when they fail.

use crate::{BundleError, Result};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file in the making, beside the path that it will have once it is whole.
pub struct Staged {
    file: BufWriter<tempfile::NamedTempFile>,
    path: PathBuf,
}

impl Staged {
    /// Starts a file, making its folder if there is none.
    pub fn new(path: &Path) -> Result<Self> {
        let fail = |source| BundleError::Write { path: path.into(), source };
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(fail)?;
        // Readable by all, as a plain `open` would make it: outputs are meant to be shared.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        let file = tempfile::Builder::new().permissions(mode).tempfile_in(folder).map_err(fail)?;
        Ok(Self { file: BufWriter::new(file), path: path.into() })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|source| BundleError::Write { path: self.path.clone(), source })
    }

    /// Flushes to the disk and renames into place. Dropped without this, nothing is left.
    pub fn commit(self) -> Result<()> {
        let fail = |source| BundleError::Write { path: self.path.clone(), source };
        let file = self.file.into_inner().map_err(|e| fail(e.into_error()))?;
        file.as_file().sync_all().map_err(fail)?;
        file.persist(&self.path).map_err(|e| fail(e.error))?;
        Ok(())
    }
}

/// Writes to a temporary file beside `path`, flushes it to the disk and renames it into place.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut staged = Staged::new(path)?;
    staged.write(bytes)?;
    staged.commit()
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| BundleError::Read { path: path.into(), source })
}

/// Reads a whole text file.
pub fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|source| BundleError::Read { path: path.into(), source })
}

/// Rows as JSON lines, one a row.
pub fn to_jsonl<T: serde::Serialize>(rows: &[T]) -> String {
    rows.iter().map(|row| serde_json::to_string(row).expect("rows serialise") + "\n").collect()
}

/// Every file below a folder, relative to it, in name order.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = |source| BundleError::Read { path: folder.into(), source };
    let mut found = vec![];
    let mut pending = vec![folder.to_path_buf()];
    while let Some(next) = pending.pop() {
        for entry in std::fs::read_dir(&next).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            if entry.file_type().map_err(fail)?.is_dir() {
                pending.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).expect("below folder").to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}
