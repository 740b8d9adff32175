//! What a write that was cut off left behind: a file that never got its name. Who owns a folder may remove it; until then it is
//! no result.

use crate::manifest::Job;
use crate::runner::BASE_RUN;
use bundle::files;
use std::path::Path;
use train::RunFolder;

/// Removes those that lie in a folder or below it. One that stays does no harm.
pub(crate) fn remove(folder: &Path) {
    let found = files::list(folder).unwrap_or_default();
    for file in found.iter().filter(|file| files::is_unnamed(file)) {
        let _ = std::fs::remove_file(folder.join(file));
    }
}

/// Removes those of a whole plan, for who owns its folder: what lies in it, its figures, the base's evaluations, and the pieces that no
/// other process is at.
pub(crate) fn remove_of_plan(out: &Path, jobs: &[Job]) {
    let here = std::fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.path());
    for file in here.filter(|file| files::is_unnamed(file) && file.is_file()) {
        let _ = std::fs::remove_file(file);
    }
    [BASE_RUN, "figures"].iter().for_each(|part| remove(&out.join(part)));
    for folder in jobs.iter().map(|job| out.join(job.to_string())).filter(|folder| folder.exists()) {
        if let Ok(_owner) = RunFolder::at(&folder).own() {
            remove(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_got_its_name_goes_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("log")).unwrap();
        for name in [".tmpVK7jYJ", "log/.tmpb36x5K", "log/tmp", "update-0001.safetensors"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        remove(folder.path());
        remove(&folder.path().join("not there"));
        let left = files::list(folder.path()).unwrap();
        assert_eq!(left, ["log/tmp", "update-0001.safetensors"].map(std::path::PathBuf::from));
    }
}
