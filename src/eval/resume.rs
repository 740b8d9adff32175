//! What a grading of a file has done so far, beside its output: rows of an earlier call are taken over, not graded again.

use crate::Result;
use crate::grade::Row;
use bundle::{BundleError, Owner, Sha256, jsonl};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The rows of `OUT.part` that are whole. Held in memory, some hundred bytes each, while a call goes on.
pub(crate) struct Part {
    path: PathBuf,
    rows: HashMap<usize, Kept>,
    /// Whether there is a row that a later call could take over.
    holds: bool,
    /// Two calls would take each other's rows for their own.
    _owner: Owner,
}

impl Drop for Part {
    /// One that holds nothing is left by nobody.
    fn drop(&mut self) {
        if !self.holds {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The first line: what was asked.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Asked {
    request: Sha256,
}

/// A graded row: the place and the digest of its response.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    pub at: usize,
    pub of: Sha256,
    pub judged: usize,
    pub row: Row,
}

impl Part {
    /// Where it lies.
    pub(crate) fn path(out: &Path) -> PathBuf {
        let mut name = out.as_os_str().to_os_string();
        name.push(".part");
        name.into()
    }

    /// Opens what an earlier call of the same request left, or begins anew.
    ///
    /// # Errors
    /// A file of that name that is no such part: it is somebody's.
    pub(crate) fn open(out: &Path, request: Sha256) -> Result<Self> {
        let path = Self::path(out);
        let owner = Owner::of_file(out)?;
        if path.is_symlink() {
            return Err(in_the_way(&path).into());
        }
        let lines = || -> Result<_> {
            let there = if path.exists() { Some(jsonl::Lines::open(&path)?) } else { None };
            Ok(there.into_iter().flatten())
        };
        let asked = match lines()?.next().transpose()? {
            None => None,
            Some((number, text)) => Some(jsonl::parse::<Asked>(&path, number, &text).map_err(|_| in_the_way(&path))?),
        };
        // The last line may have been cut off.
        jsonl::keep(&path, |_| true)?;
        if asked.is_none_or(|asked| asked.request != request) {
            let header = serde_json::to_string(&Asked { request }).expect("a digest serialises") + "\n";
            bundle::write_atomic(&path, header.as_bytes())?;
            return Ok(Self { path, rows: HashMap::new(), holds: false, _owner: owner });
        }
        let mut rows = HashMap::new();
        for line in lines()?.skip(1) {
            let (number, text) = line?;
            let kept: Kept = jsonl::parse(&path, number, &text)?;
            rows.insert(kept.at, kept);
        }
        let holds = !rows.is_empty();
        Ok(Self { path, rows, holds, _owner: owner })
    }

    /// The finished row of the `at`-th response, if it is still the same response.
    pub(crate) fn take(&mut self, at: usize, of: Sha256) -> Option<Kept> {
        self.rows.remove(&at).filter(|kept| kept.of == of)
    }

    pub(crate) fn add(&mut self, rows: &[Kept]) -> Result<()> {
        self.holds |= !rows.is_empty();
        Ok(jsonl::append(&self.path, rows)?)
    }

    /// Everything is graded: there is nothing to go on with.
    pub(crate) fn remove(mut self) {
        self.holds = false;
    }
}

fn in_the_way(path: &Path) -> BundleError {
    let reason = "it is in the way: here goes what is graded so far; rename it, or choose another output".into();
    BundleError::Format { path: path.into(), reason }
}
