//! Finds the interpreter once, behind any shim script, and refuses one that is too old.

use crate::SandboxError;
use std::path::PathBuf;
use std::process::Command;

/// A CPython that can run gradings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    pub path: PathBuf,
    pub version: String,
}

impl Python {
    /// `GQ_PYTHON` if set, else `python3` from the path.
    pub fn find() -> Result<Self, SandboxError> {
        let asked = std::env::var("GQ_PYTHON").unwrap_or_else(|_| "python3".into());
        let script = "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))";
        let output = Command::new(&asked)
            .args(["-I", "-S", "-c", script])
            .output()
            .map_err(|e| SandboxError::NoPython { tried: format!("`{asked}`: {e}") })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let (Some(path), Some(version)) = (text.lines().next(), text.lines().nth(1)) else {
            return Err(SandboxError::NoPython { tried: format!("`{asked}` did not answer like Python") });
        };
        let found = Self { path: path.into(), version: version.into() };
        let numbers: Vec<u32> = version.split('.').filter_map(|n| n.parse().ok()).collect();
        if numbers.len() < 2 || (numbers[0], numbers[1]) < (3, 9) {
            return Err(SandboxError::OldPython { path: found.path, found: found.version });
        }
        Ok(found)
    }
}
