//! What a write that was cut off left behind: a file that never got its name. Who owns a folder may remove it; until then it is
//! no result.

use std::path::Path;

/// Whether a file is such a leftover.
pub(crate) fn is_one(file: &Path) -> bool {
    // As `write_atomic` calls what it has not finished.
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp"))
}

/// Removes those that lie in a folder, and not in folders below it. One that stays does no harm.
pub(crate) fn remove(folder: &Path) {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for file in files.filter(|file| is_one(file)) {
        let _ = std::fs::remove_file(file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_got_its_name_goes_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".tmpVK7jYJ", "update-0001.safetensors", "tmp"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        remove(folder.path());
        remove(&folder.path().join("not there"));
        let left = bundle::files::list(folder.path()).unwrap();
        assert_eq!(left, ["tmp", "update-0001.safetensors"].map(std::path::PathBuf::from));
    }
}
