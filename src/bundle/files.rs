//! Writes that are whole or not there, and reads that name the file when they fail.

use crate::{BundleError, Result};
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file in the making, beside the path that it will have once it is whole. What is no regular file (a device, a pipe) is
/// written through: it is not ours to replace. Links are followed.
pub struct Staged {
    to: To,
    path: PathBuf,
}

enum To {
    Beside(BufWriter<tempfile::NamedTempFile>),
    Through(BufWriter<Box<dyn Write>>),
}

impl Staged {
    /// Starts a file, making its folder if there is none.
    pub fn new(path: &Path) -> Result<Self> {
        if is_standard_output(path) {
            let to = To::Through(BufWriter::new(Box::new(std::io::stdout())));
            return Ok(Self { to, path: "standard output".into() });
        }
        let path = behind_links(path);
        let fail = |source| BundleError::Write { path: path.clone(), source };
        let there = path.metadata().ok();
        if there.as_ref().is_some_and(|about| about.is_dir()) {
            return Err(fail(std::io::ErrorKind::IsADirectory.into()));
        }
        if there.as_ref().is_some_and(|about| !about.is_file()) {
            let file = std::fs::OpenOptions::new().write(true).open(&path).map_err(fail)?;
            return Ok(Self { to: To::Through(BufWriter::new(Box::new(file))), path });
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(fail)?;
        // Readable by all, as a plain `open` would make it: outputs are meant to be shared. A file that is there keeps its mode.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        let file = tempfile::Builder::new().permissions(mode).tempfile_in(folder).map_err(fail)?;
        if let Some(about) = there {
            file.as_file().set_permissions(about.permissions()).map_err(fail)?;
        }
        Ok(Self { to: To::Beside(BufWriter::new(file)), path })
    }

    /// Whether what is written is there at once, for good.
    pub fn is_through(&self) -> bool {
        matches!(self.to, To::Through(_))
    }

    /// Appends bytes. A file in the making shows them to others only after [`Self::commit`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = match &mut self.to {
            To::Beside(file) => file.write_all(bytes),
            To::Through(file) => file.write_all(bytes),
        };
        written.map_err(|source| BundleError::Write { path: self.path.clone(), source })
    }

    /// Hands on what is written through; a file in the making stays one.
    pub fn flush(&mut self) -> Result<()> {
        match &mut self.to {
            To::Through(file) => file.flush().map_err(|source| BundleError::Write { path: self.path.clone(), source }),
            To::Beside(_) => Ok(()),
        }
    }

    /// Flushes to the disk and renames into place. Dropped without this, nothing is left.
    pub fn commit(mut self) -> Result<()> {
        self.flush()?;
        let To::Beside(file) = self.to else { return Ok(()) };
        let fail = |source| BundleError::Write { path: self.path.clone(), source };
        let file = file.into_inner().map_err(|e| fail(e.into_error()))?;
        file.as_file().sync_all().map_err(fail)?;
        file.persist(&self.path).map_err(|e| fail(e.error))?;
        Ok(())
    }
}

/// The name of standard input, and of standard output.
pub const STANDARD: &str = "-";

/// Whether what is written there is printed. A file that is printed to is somebody's who may want its beginning kept.
pub fn is_standard_output(path: &Path) -> bool {
    [STANDARD, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// The path of the file that a link leads to, there or not.
fn behind_links(path: &Path) -> PathBuf {
    let is_other = |path: &Path| path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir());
    let mut path = path.to_path_buf();
    // As many links in a row as the kernel follows. A pipe has no path: the link to it is its only name.
    for _ in 0..40 {
        if is_other(&path) {
            break;
        }
        let Ok(next) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    path
}

/// Refuses an output that is one of the inputs, by whatever name or link.
pub fn refuse_input(out: &Path, inputs: &[&Path]) -> Result<()> {
    let out = if is_standard_output(out) { Path::new("/dev/stdout") } else { out };
    let same = |input: &&&Path| match (out.metadata(), input.metadata()) {
        (Ok(a), Ok(b)) => (a.is_file() || a.is_dir()) && (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    };
    match inputs.iter().find(same) {
        Some(input) => Err(BundleError::Overwrites { out: out.into(), input: input.into() }),
        None => Ok(()),
    }
}

/// How a pointer begins that Git LFS leaves where a large file belongs.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Refuses a Git LFS pointer, by the bytes that a file begins with.
pub fn refuse_pointer(path: &Path, head: &[u8]) -> Result<()> {
    if head.starts_with(POINTER) { Err(BundleError::Pointer { path: path.into() }) } else { Ok(()) }
}

/// Writes to a temporary file beside `path`, flushes it to the disk and renames it into place.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut staged = Staged::new(path)?;
    staged.write(bytes)?;
    staged.commit()
}

/// Whether a file is one that [`write_atomic`] has not given its name: somebody is writing it, or was cut off.
pub fn is_unnamed(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp"))
}

/// How long nobody has written to a file that [`remove_cut_off`] removes.
const CUT_OFF: Duration = Duration::from_hours(24);

/// Removes from a folder that several processes write to, and nobody owns, what was cut off: files without their name that nobody has
/// written to for a day. A lock would tell at once, but not everywhere to processes of another machine.
pub fn remove_cut_off(folder: &Path) {
    let old = |path: &PathBuf| {
        let modified = path.symlink_metadata().and_then(|about| about.modified());
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > CUT_OFF))
    };
    let here = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in here.filter(|path| is_unnamed(path)).filter(old) {
        // One that stays does no harm.
        let _ = std::fs::remove_file(path);
    }
}

/// Reads a whole file; a Git LFS pointer is none.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path).map_err(|source| BundleError::Read { path: path.into(), source })?;
    refuse_pointer(path, &bytes)?;
    Ok(bytes)
}

/// Reads a whole text file, without the mark that some editors begin it with.
pub fn read_text(path: &Path) -> Result<String> {
    let invalid = |e| BundleError::Read { path: path.into(), source: std::io::Error::other(e) };
    let text = String::from_utf8(read(path)?).map_err(invalid)?;
    Ok(text.strip_prefix('\u{feff}').map(String::from).unwrap_or(text))
}

/// Refuses a folder in which something lies already: it would be written over, be it through a link, or stay beside files of
/// another origin.
pub fn refuse_occupied(folder: &Path) -> Result<()> {
    match std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        true => Err(BundleError::Occupied { folder: folder.into() }),
        false => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        symlink("target", &link).unwrap();
        for text in ["made", "made anew"] {
            write_atomic(&link, text.as_bytes()).unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read_to_string(&target).unwrap(), text);
        }
    }

    #[test]
    fn a_device_is_written_through() {
        use std::os::unix::fs::FileTypeExt;
        let before = Path::new("/dev/null").metadata().unwrap();
        write_atomic(Path::new("/dev/null"), b"gone").unwrap();
        let after = Path::new("/dev/null").metadata().unwrap();
        assert!(after.file_type().is_char_device() && after.ino() == before.ino());
    }

    #[test]
    fn a_file_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
        write_atomic(file.path(), b"secret").unwrap();
        assert_eq!(file.path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no hard links")]
    fn an_output_that_is_an_input_is_refused_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("rows"), "precious").unwrap();
        symlink("rows", path("soft")).unwrap();
        std::fs::hard_link(path("rows"), path("hard")).unwrap();
        for out in ["rows", "soft", "hard"] {
            assert!(refuse_input(&path(out), &[&path("other"), &path("rows")]).is_err(), "{out}");
        }
        assert!(refuse_input(&path("new"), &[&path("rows")]).is_ok());
        assert!(refuse_input(Path::new("/dev/null"), &[Path::new("/dev/null")]).is_ok());
    }
}
