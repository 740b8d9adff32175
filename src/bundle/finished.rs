//! Which outputs of a run in progress are finished, with their digests: a later call goes on from what an earlier one wrote, and from
//! nothing else. When the run is done its ledger entry takes over.

use crate::{BundleError, Result, Sha256, files, write_atomic};
use std::path::{Path, PathBuf};

/// Beside logs, which are no result.
const LIST: &str = "log/finished.sha256";

/// The list of a run's folder, as `sha256sum` writes it.
pub struct Finished {
    folder: PathBuf,
}

impl Finished {
    /// Of this folder.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.into() }
    }

    fn list(&self) -> PathBuf {
        self.folder.join(LIST)
    }

    fn name(&self, output: &Path) -> String {
        output.strip_prefix(&self.folder).unwrap_or(output).display().to_string()
    }

    /// The whole lines of the list: digest and name.
    fn lines(&self) -> Result<Vec<(String, String)>> {
        let text = if self.list().exists() { files::read(&self.list())? } else { vec![] };
        let text = String::from_utf8_lossy(&text);
        Ok(text.lines().filter_map(|line| line.split_once("  ")).map(|(d, n)| (d.into(), n.into())).collect())
    }

    /// Writes an output whole, and lists it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, output: &Path, bytes: &[u8]) -> Result<()> {
        write_atomic(output, bytes)?;
        self.list_as(output, Sha256::of(bytes))
    }

    /// Lists an output that is written already.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn list_as(&self, output: &Path, digest: Sha256) -> Result<()> {
        let (mut lines, name) = (self.lines()?, self.name(output));
        lines.retain(|(_, listed)| *listed != name);
        lines.push((digest.to_string(), name));
        let text: String = lines.iter().map(|(digest, name)| format!("{digest}  {name}\n")).collect();
        write_atomic(&self.list(), text.as_bytes())
    }

    /// The digest under which an output is listed; one that is not was never finished.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn listed(&self, output: &Path) -> Result<Option<String>> {
        let name = self.name(output);
        Ok(self.lines()?.into_iter().find(|(_, listed)| *listed == name).map(|(digest, _)| digest))
    }

    /// Whether an output is finished; one that is not is made again.
    ///
    /// # Errors
    /// It is listed, and gone or of other bytes.
    pub fn has(&self, output: &Path) -> Result<bool> {
        let Some(expected) = self.listed(output)? else { return Ok(false) };
        let found = if output.exists() { Sha256::of_file(output)?.0.to_string() } else { "no file".into() };
        if found == expected { Ok(true) } else { Err(self.differs(output, &expected, found)) }
    }

    /// An output that is not what is listed.
    pub fn differs(&self, output: &Path, listed: &str, found: String) -> BundleError {
        let expected = format!("sha256 {listed} ({})", self.list().display());
        BundleError::Digest { path: output.into(), expected, found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_finished_is_taken_over_and_what_was_not_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let (finished, one, two) =
            (Finished::of(folder.path()), folder.path().join("a/one"), folder.path().join("two"));
        assert!(!finished.has(&one).unwrap());
        finished.write(&one, b"1").unwrap();
        finished.write(&two, b"2").unwrap();
        finished.write(&one, b"1").unwrap();
        assert!(finished.has(&one).unwrap() && finished.has(&two).unwrap());
        // Killed between an output and its line.
        std::fs::write(folder.path().join("three"), "3").unwrap();
        assert!(!finished.has(&folder.path().join("three")).unwrap());
        std::fs::write(&one, "other").unwrap();
        assert!(finished.has(&one).unwrap_err().to_string().contains("a/one"));
        std::fs::remove_file(&two).unwrap();
        assert!(finished.has(&two).unwrap_err().to_string().contains("no file"));
    }
}
