//! The run ledger: one JSON line an entry, each naming the digest of the line before it. An entry that is edited,
//! dropped or moved breaks the chain.

use crate::{BundleError, Result, Sha256, files, write_atomic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One finished piece of work: what went in, what came out, on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The id that `results.json` cites.
    pub run: String,
    /// Digest of the whole configuration, which is stored beside the outputs.
    pub config: Sha256,
    /// Digest of this program's own executable.
    pub program: Sha256,
    /// The commit that was checked out, marked if files differed from it, or `not a checkout`.
    pub code: String,
    /// The device that was really opened: `cpu`, `cuda` or `wgpu`.
    pub device: String,
    /// By name: this program, its libraries (the digest of `Cargo.lock`), Python, the sandbox's layers.
    pub versions: BTreeMap<String, String>,
    /// Every input with its digest: what is shipped, the claims, and files of the plan's own.
    pub inputs: BTreeMap<PathBuf, Sha256>,
    /// Mandatory layers of the sandbox that were missing while untrusted code ran, because the user lifted them.
    pub unsafe_without: Vec<String>,
    /// Relative to the ledger's folder.
    pub outputs: BTreeMap<PathBuf, Sha256>,
}

#[derive(Serialize, Deserialize)]
struct Link {
    previous: Sha256,
    #[serde(flatten)]
    entry: LedgerEntry,
}

/// A ledger file and its entries, chain checked.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    lines: Vec<String>,
    entries: Vec<LedgerEntry>,
}

impl Ledger {
    /// Opens a ledger, checking every link. A file that does not exist is an empty ledger.
    pub fn open(path: &Path) -> Result<Self> {
        let text = if path.exists() { files::read_text(path)? } else { String::new() };
        let mut ledger = Self { path: path.into(), lines: vec![], entries: vec![] };
        if !text.is_empty() && !text.ends_with('\n') {
            let reason = "it is cut off".into();
            return Err(BundleError::Chain { path: path.into(), line: text.lines().count(), reason });
        }
        for (i, line) in text.lines().enumerate() {
            let broken = |reason: String| BundleError::Chain { path: path.into(), line: i + 1, reason };
            let link: Link = serde_json::from_str(line).map_err(|e| broken(e.to_string()))?;
            if link.previous != ledger.head() {
                return Err(broken(format!(
                    "it continues {}, but the entry before it is {}",
                    link.previous,
                    ledger.head()
                )));
            }
            ledger.lines.push(line.into());
            ledger.entries.push(link.entry);
        }
        Ok(ledger)
    }

    /// The digest that the next entry will name.
    pub fn head(&self) -> Sha256 {
        Sha256::of(self.lines.last().map_or("", String::as_str).as_bytes())
    }

    /// Adds an entry and writes the file whole.
    pub fn append(&mut self, entry: LedgerEntry) -> Result<()> {
        let link = Link { previous: self.head(), entry: entry.clone() };
        self.lines.push(serde_json::to_string(&link).expect("an entry serialises"));
        self.entries.push(entry);
        let text = self.lines.iter().flat_map(|l| [l.as_str(), "\n"]).collect::<String>();
        write_atomic(&self.path, text.as_bytes())
    }

    /// The last entry of a run.
    pub fn find(&self, run: &str) -> Option<&LedgerEntry> {
        self.entries.iter().rev().find(|e| e.run == run)
    }

    /// Oldest first.
    pub fn entries(&self) -> &[LedgerEntry] {
        &self.entries
    }

    /// The folder that the file lies in; outputs are named relative to it.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}

impl LedgerEntry {
    /// Checks that every output still has the digest that was recorded.
    pub fn verify_outputs(&self, folder: &Path) -> Result<()> {
        self.verify_all_but(folder, |_| false)
    }

    /// The same, but outputs that may be missing, as who is short of room deletes them. If they are there they are checked.
    pub fn verify_all_but(&self, folder: &Path, may_be_missing: impl Fn(&Path) -> bool) -> Result<()> {
        for (name, expected) in &self.outputs {
            let path = folder.join(name);
            if !path.is_file() {
                if may_be_missing(name) {
                    continue;
                }
                return Err(BundleError::Missing {
                    path,
                    hint: format!("run {} made it; run `reproduce` again", self.run),
                });
            }
            let (found, _) = Sha256::of_file(&path)?;
            if found != *expected {
                let (expected, found) =
                    (format!("sha256 {expected} (ledger, run {})", self.run), format!("sha256 {found}"));
                return Err(BundleError::Digest { path, expected, found });
            }
        }
        Ok(())
    }
}
