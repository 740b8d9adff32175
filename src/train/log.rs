//! Logs of rows that training appends to.

use crate::Result;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Adds rows to a log and flushes them to the disk; a row that a crash cuts off is dropped on resume.
pub fn append<T: Serialize>(path: &Path, rows: &[T]) -> Result<()> {
    let text = bundle::files::to_jsonl(rows);
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    };
    write().map_err(|source| bundle::BundleError::Write { path: path.into(), source }.into())
}
