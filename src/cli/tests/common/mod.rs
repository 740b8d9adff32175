//! The binary, and a copy of the project's inputs to run it on. Each test program uses a part.
#![allow(dead_code)]

pub(crate) mod miniature;
pub(crate) mod pdf;
pub(crate) mod responses;
pub(crate) mod schema;
#[path = "../../../fetch/tests/common/server.rs"]
pub(crate) mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap()
}

/// The binary on a project folder.
pub(crate) fn program(project: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradient-quarantine"));
    command.arg("--root").arg(project);
    command
}

/// Runs to the end and expects an exit code, and each text somewhere in what was printed.
pub(crate) fn expect(command: &mut Command, code: i32, says: &[&str]) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(code), "{command:?} printed\n{text}");
    for part in says {
        assert!(text.contains(part), "{command:?} does not say `{part}`:\n{text}");
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    for file in bundle::files::list(from).unwrap() {
        let target = to.join(&file);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&file), target).unwrap();
    }
}

/// Changes one bit, in the middle of a file.
pub(crate) fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Replaces the first of these words in a file.
pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{} lacks {from}", path.display());
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// A copy of the project's inputs, with the miniature plan.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for part in ["checksums", "data", "paper", "verify"] {
            copy(&root().join(part), &project.path(part));
        }
        for entry in std::fs::read_dir(root().join("src")).unwrap().flatten() {
            let to = project.path("src").join(entry.file_name());
            std::fs::create_dir_all(&to).unwrap();
            std::fs::copy(entry.path().join("Cargo.toml"), to.join("Cargo.toml")).unwrap();
        }
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn program(&self) -> Command {
        program(self.folder.path())
    }

    /// A command on one of the plans beside the tests.
    pub(crate) fn on_plan(&self, plan: &str, command: &str, out: &Path, more: &[&str]) -> Command {
        let mut program = self.program();
        program
            .arg(command)
            .arg("--plan")
            .arg(root().join("src/cli/tests").join(plan))
            .arg("--out")
            .arg(out)
            .args(more);
        program
    }
}
