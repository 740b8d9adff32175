//! Finds the interpreter once, behind any shim script, refuses one that is too old, and asks it what it reads.

use crate::SandboxError;
use std::path::PathBuf;
use std::process::Command;

/// A CPython that can run gradings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    pub path: PathBuf,
    pub version: String,
    /// The files that hold the interpreter itself: the executable and, where it is one, its shared library.
    pub program: Vec<PathBuf>,
    /// What it must be able to read to run: its own files, its standard library, the folders of its libraries.
    pub reads: Vec<PathBuf>,
}

/// Prints the executable and the version, then a line for each path that is mapped or imported from. The modules bring
/// in the libraries that responses may want.
const QUESTIONS: &str = r#"
import sys, os, ctypes, sysconfig
for name in ("hashlib", "zlib", "bz2", "lzma", "decimal", "sqlite3", "uuid", "socket", "array", "statistics"):
    try: __import__(name)
    except ImportError: pass
print(os.path.realpath(sys.executable))
print(".".join(map(str, sys.version_info[:3])))
mapped = sorted({line.split()[-1] for line in open("/proc/self/maps") if "/" in line})
for path in mapped: print("mapped", os.path.realpath(path))
for name in ("stdlib", "platstdlib"): print("reads", os.path.realpath(sysconfig.get_path(name)))
"#;

impl Python {
    /// `GQ_PYTHON` if set, else `python3` from the path.
    pub fn find() -> Result<Self, SandboxError> {
        let asked = std::env::var("GQ_PYTHON").unwrap_or_else(|_| "python3".into());
        let output = Command::new(&asked)
            .args(["-I", "-S", "-c", QUESTIONS])
            .output()
            .map_err(|e| SandboxError::NoPython { tried: format!("`{asked}`: {e}") })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines();
        let (Some(path), Some(version)) = (lines.next(), lines.next()) else {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("nothing");
            return Err(SandboxError::NoPython {
                tried: format!("`{asked}` did not answer like Python, it said: {last}"),
            });
        };
        let numbers: Vec<u32> = version.split('.').filter_map(|n| n.parse().ok()).collect();
        if numbers.len() < 2 || (numbers[0], numbers[1]) < (3, 9) {
            return Err(SandboxError::OldPython { path: path.into(), found: version.into() });
        }
        let mut found = Self { path: path.into(), version: version.into(), program: vec![], reads: vec![] };
        lines.for_each(|line| found.takes(line));
        found.reads.sort();
        found.reads.dedup();
        Ok(found)
    }

    fn takes(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("mapped", file)) => {
                let file = PathBuf::from(file);
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                if file == self.path || name.starts_with("libpython") {
                    self.program.push(file.clone());
                }
                // A library's neighbours may be loaded later (libz for `zlib`, say); beside the executable lie programs.
                let folder = file.parent().filter(|_| name.contains(".so"));
                self.reads.push(folder.map_or(file.clone(), PathBuf::from));
            }
            Some(("reads", folder)) => self.reads.push(folder.into()),
            _ => {}
        }
    }
}
