//! A disk that fills up. It takes the right to mount a small one.

mod common;

use common::Project;
use std::path::Path;
use std::process::Command;

/// A folder in memory, gone with this.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(folder: &'a Path, size: &str) -> Option<Self> {
        mounted(folder, size).then_some(Self(folder))
    }

    fn grow(&self, size: &str) {
        assert!(mounted(self.0, &format!("remount,{size}")));
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

fn mounted(folder: &Path, options: &str) -> bool {
    let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).output();
    done.is_ok_and(|output| output.status.success())
}

fn no_right_to_mount() -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    Disk::mount(folder.path(), "size=200k").is_none().then(|| "this user may not mount a small disk".into())
}

fn a_full_disk_stops_a_run_with_code_5_and_leaves_only_whole_files() {
    let project = Project::new();
    let folder = project.path("disk");
    std::fs::create_dir(&folder).unwrap();
    let disk = Disk::mount(&folder, "size=200k").expect("the right to mount");
    let one_run = ["--arm", "route2b", "--seed", "7", "--device", "cpu"];
    let train = || project.on_plan("tiny.toml", "train", &folder, &one_run).output().unwrap();

    let stopped = train();
    let said = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert_eq!(stopped.status.code(), Some(5), "{said}");
    assert!(said.contains("cannot write") && said.contains("free some space"), "{said}");
    let left = bundle::files::list(&folder).unwrap();
    assert!(left.iter().all(|f| !f.to_string_lossy().contains(".tmp")), "{left:?}");

    disk.grow("size=20m");
    assert_eq!(train().status.code(), Some(0), "it did not go on once there was room");
}

trials::main!(no_right_to_mount(); a_full_disk_stops_a_run_with_code_5_and_leaves_only_whole_files);
