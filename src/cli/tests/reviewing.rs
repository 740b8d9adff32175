//! The page for reviewers says what is true: its commands are run as they stand.

mod common;

use common::{Project, copy, root};

/// Lines of blocks that are marked for this test.
fn commands(page: &str) -> Vec<&str> {
    let blocks = page.split("```sh ci\n").skip(1).filter_map(|rest| rest.split_once("```"));
    blocks.flat_map(|(block, _)| block.lines()).collect()
}

#[test]
fn every_command_that_the_page_promises_ends_well() {
    let page = std::fs::read_to_string(root().join("docs/reviewing.md")).unwrap();
    let (commands, project) = (commands(&page), Project::new());
    assert!(commands.len() >= 7, "{commands:?}");
    copy(&root().join("receipts"), &project.path("receipts"));
    for line in commands {
        let words = line.strip_prefix("gq ").unwrap_or_else(|| panic!("`{line}` is no call of the program"));
        let output = project.program().args(words.split(' ')).current_dir(project.path("")).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{line}\n{said}");
        let receipts = words.starts_with("build-paper");
        assert!(!receipts || said.contains("the same bytes"), "{line}\n{said}");
    }
}
