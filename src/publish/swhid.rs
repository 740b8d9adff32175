//! Ids of Software Heritage. A content's is git's blob id, a folder's git's tree id, so that what is archived anywhere can be found.

use crate::{PublishError, Result};
use bundle::digest::Swhid;
use bundle::{BundleError, files};
use sha1::{Digest, Sha1};
use std::path::Path;

/// `swh:1:cnt:` and the id of these bytes.
pub fn content(bytes: &[u8]) -> String {
    Swhid::of(bytes).into()
}

/// `swh:1:dir:` and the id of a folder of plain files and folders.
///
/// # Errors
/// What cannot be read, or is neither.
pub fn folder(path: &Path) -> Result<String> {
    Ok(format!("swh:1:dir:{}", hex(&tree(path)?)))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Entries in git's order, in which a folder's name ends with a slash; every file has mode 100644.
fn tree(path: &Path) -> Result<[u8; 20]> {
    let read = |source| BundleError::Read { path: path.into(), source };
    let mut entries: Vec<(Vec<u8>, Vec<u8>)> = vec![];
    for entry in std::fs::read_dir(path).map_err(read)? {
        let entry = entry.map_err(read)?;
        let (name, kind) = (entry.file_name().into_encoded_bytes(), entry.file_type().map_err(read)?);
        let (order, mode, id) = if kind.is_dir() {
            ([&name[..], b"/"].concat(), "40000", tree(&entry.path())?)
        } else if kind.is_file() {
            (name.clone(), "100644", object("blob", &files::read(&entry.path())?))
        } else {
            let reason = "neither a file nor a folder".into();
            return Err(PublishError::Format { path: entry.path(), reason });
        };
        entries.push((order, [mode.as_bytes(), b" ", &name, b"\0", &id].concat()));
    }
    entries.sort();
    Ok(object("tree", &entries.into_iter().flat_map(|(_, entry)| entry).collect::<Vec<u8>>()))
}

/// An object of git.
fn object(kind: &str, body: &[u8]) -> [u8; 20] {
    Sha1::new().chain_update(format!("{kind} {}\0", body.len())).chain_update(body).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::Command;

    #[test]
    fn ids_are_those_that_git_gives() {
        let place = tempfile::tempdir().unwrap();
        let git = |words: &[&str]| {
            let output = Command::new("git").arg("-C").arg(place.path()).args(words).output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_string()
        };
        let files = place.path().join("files");
        for (name, text) in [("a/b", "x"), ("a.c", ""), ("a-d", "y\n"), ("deep/er/est", "z")] {
            fs::create_dir_all(files.join(name).parent().unwrap()).unwrap();
            fs::write(files.join(name), text).unwrap();
        }
        git(&["init", "-q"]);
        git(&["add", "files"]);
        assert_eq!(folder(&files).unwrap(), format!("swh:1:dir:{}", git(&["write-tree", "--prefix=files/"])));
        assert_eq!(content(b"y\n"), format!("swh:1:cnt:{}", git(&["hash-object", "files/a-d"])));
    }
}
