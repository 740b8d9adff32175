//! The published benchmark in miniature, pinned and fetched: a few problems in the published form, and a model in name.

use super::Project;
use bundle::{Sha256, Swhid};
use serde_json::{Value, json};

pub(super) const TRAIN: &str = "fetched/leetcode/leetcode_train_medhard_filtered.jsonl";
pub(super) const TEST: &str = "fetched/leetcode/leetcode_test_medhard.jsonl";
pub(super) const MODEL: &str = "fetched/qwen3-4b/model.safetensors";

/// A project whose pins of what is fetched are of these files, and which has them.
pub(super) fn fetched() -> Project {
    let project = Project::new();
    let old = std::fs::read_to_string(project.path("checksums/pins.toml")).unwrap();
    let shipped = old.split_inclusive("\n\n").filter(|pin| pin.contains("\npath = \"data/"));
    let mut pins: String = shipped.collect::<String>() + "\n";
    let files = [
        (TRAIN, rows(101..109)),
        (TEST, rows(201..206)),
        (MODEL, "weights".into()),
        ("fetched/qwen3-4b/config.json", "{}".into()),
    ];
    for (file, text) in files {
        std::fs::create_dir_all(project.path(file).parent().unwrap()).unwrap();
        std::fs::write(project.path(file), &text).unwrap();
        pins += &pin(file, &text);
    }
    std::fs::write(project.path("checksums/pins.toml"), pins).unwrap();
    project
}

/// As upstream's are: of the training problems git's id alone is known.
fn pin(file: &str, text: &str) -> String {
    let digest = match file {
        TRAIN => format!("swhid = \"{}\"", Swhid::of(text.as_bytes())),
        _ => format!("bytes = {}\nsha256 = \"{}\"", text.len(), Sha256::of(text.as_bytes())),
    };
    let path = file.trim_start_matches("fetched/");
    format!(
        "[[pin]]\npath = \"{path}\"\n{digest}\nurl = \"https://example.org\"\nlicence = \"MIT\"\norigin = \"a test\"\ntier = \"full\"\n\n"
    )
}

/// What the user says of a problem.
pub(super) fn said(id: u32) -> String {
    format!("PROBLEM:\nReturn n and {id}, added up. The method is called f and should pass all tests.\n\nSOLUTION:\n")
}

fn rows(ids: std::ops::Range<u32>) -> String {
    ids.map(|id| row(id).to_string() + "\n").collect()
}

fn row(id: u32) -> Value {
    json!({
        "id": id,
        "prompt": [{ "role": "system", "content": "You write Python." }, { "role": "user", "content": said(id) }],
        "func_name": "f",
        "setup_code": "",
        "canonical_solution": format!("class Solution:\n    def f(self, n):\n        return n + {id}\n"),
        "gt_answer": [format!("assert Solution().f(1) == {}", id + 1)],
    })
}
