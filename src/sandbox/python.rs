//! Finds the interpreter once, behind any shim script, refuses one that is too old, and asks it what it reads.

use crate::SandboxError;
use std::path::PathBuf;
use std::process::Command;

/// A CPython that can run gradings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// The executable itself, behind links and shims.
    pub path: PathBuf,
    /// Three numbers, such as `3.11.4`.
    pub version: String,
    /// The files that hold the interpreter itself: the executable and, where it is one, its shared library.
    pub program: Vec<PathBuf>,
    /// What it must be able to read to run: its own files, its standard library, the folders of its libraries.
    pub reads: Vec<PathBuf>,
    /// Packages beyond the standard library that responses may import, with their versions.
    pub packages: Vec<String>,
    /// Where they are: name, file and, of a package that has modules, its folder; JSON.
    pub modules: Vec<serde_json::Value>,
}

/// Names the packages that responses may import beyond the standard library, separated by commas.
pub const PACKAGES: &str = "GQ_PACKAGES";

/// Of each package: where it is, what of it is read, its version.
const WHERE: &str = r#"
import sys, os, json, importlib.util, importlib.metadata
for name in sys.argv[1:]:
    try: spec = importlib.util.find_spec(name)
    except (ImportError, ValueError): sys.exit(name)
    if spec is None or not spec.origin or not os.path.isabs(spec.origin): sys.exit(name)
    folder = spec.submodule_search_locations[0] if spec.submodule_search_locations else None
    print("module", json.dumps([name, spec.origin, folder]))
    at = folder or spec.origin
    for path in (at, at + ".libs"):
        if os.path.exists(path): print("reads", os.path.realpath(path))
    try: version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: version = "of unknown version"
    print("package", name, version)
"#;

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
        let mut found = Self {
            path: path.into(),
            version: version.into(),
            program: vec![],
            reads: vec![],
            packages: vec![],
            modules: vec![],
        };
        lines.for_each(|line| found.takes(line));
        found.add_packages(&asked)?;
        found.reads.sort();
        found.reads.dedup();
        Ok(found)
    }

    fn add_packages(&mut self, asked: &str) -> Result<(), SandboxError> {
        let wanted = std::env::var(PACKAGES).unwrap_or_default();
        let names: Vec<&str> = wanted.split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
        if names.is_empty() {
            return Ok(());
        }
        // With the site's folders, unlike everything else that is asked of it.
        let output = Command::new(asked).args(["-I", "-c", WHERE]).args(&names).output();
        let output = output.map_err(|e| SandboxError::NoPython { tried: format!("`{asked}`: {e}") })?;
        if !output.status.success() {
            let name = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_string();
            return Err(SandboxError::NoPackage { name, python: asked.into() });
        }
        String::from_utf8_lossy(&output.stdout).lines().for_each(|line| self.takes(line));
        Ok(())
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
            Some(("module", place)) => self.modules.extend(serde_json::from_str(place)),
            Some(("package", package)) => self.packages.push(package.into()),
            _ => {}
        }
    }
}
