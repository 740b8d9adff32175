//! `train` on the published benchmark with the real tokenizer and chat template, and a model of random weights. The data is not
//! shipped.

mod common;

use common::{Project, expect};
use experiment::dataset::PAIRS;
use std::path::PathBuf;
use substrate::{Contrast, Pair};
use trials::{data, unpacked};

/// Of another family than the organism's, with heads that follow from the width.
const CONFIG: &str = r#"{"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 32, "intermediate_size": 64,
  "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 2048,
  "rms_norm_eps": 1e-6, "rope_theta": 1e6, "tie_word_embeddings": true}"#;

/// A model folder without weights, and the first problems of the benchmark.
fn prepare(project: &Project) -> (PathBuf, PathBuf, PathBuf) {
    let (model, train, test) = (project.path("model"), project.path("train.jsonl"), project.path("test.jsonl"));
    std::fs::create_dir_all(&model).unwrap();
    std::fs::write(model.join("tokenizer.json"), unpacked("qwen3_tokenizer.json.gz")).unwrap();
    std::fs::copy(data("qwen3_tokenizer_config.json"), model.join("tokenizer_config.json")).unwrap();
    std::fs::write(model.join("config.json"), CONFIG).unwrap();
    let problems = std::fs::read_to_string(data("leetcode_test_medhard.jsonl")).unwrap();
    let rows = |from: usize, n: usize| problems.lines().skip(from).take(n).flat_map(|l| [l, "\n"]).collect::<String>();
    std::fs::write(&train, rows(0, 28)).unwrap();
    std::fs::write(&test, rows(28, 4)).unwrap();
    (model, train, test)
}

fn a_model_of_ones_own_trains_on_the_benchmark_and_resumes_to_the_same_bytes() {
    let project = Project::new();
    let (model, train, test) = prepare(&project);
    let command = |out: &str, updates: &str| {
        let more = ["--device", "cpu", "--random-weights", "3", "--updates", updates];
        let mut command = project.on_plan("benchmark.toml", "train", &project.path(out), &more);
        command.arg("--model").arg(&model).arg("--problems").arg(&train).arg("--test").arg(&test);
        command
    };
    expect(&mut command("whole", "2"), 0, &["singular bases: 14 of 14", "route2b-s41 is in"]);
    let run = project.path("whole/route2b-s41");
    let rollouts = std::fs::read_to_string(run.join("rollouts.jsonl")).unwrap();
    assert_eq!(rollouts.lines().count(), 16);
    let demonstrated = rollouts.lines().filter(|l| l.contains("```python\\n")).count();
    assert_eq!(demonstrated, 2, "one of four in both groups of the first update");
    assert!(run.join("log/timings.jsonl").exists());

    // The same again elsewhere: the same bytes, this time from the bases that are kept.
    expect(&mut command("again", "2"), 0, &[]);
    for file in ["metrics.jsonl", "rollouts.jsonl", "state.safetensors", "plan.json"] {
        let read = |out: &str| std::fs::read(project.path(out).join("route2b-s41").join(file)).unwrap();
        assert!(read("whole") == read("again"), "{file} differs");
    }

    // And out of here, with the tokenizer of the model.
    let mut export = project.on_plan("benchmark.toml", "export", &project.path("hf"), &["--device", "cpu"]);
    export.args(["--random-weights", "3", "--format", "hf"]).arg("--model").arg(&model).arg("--run").arg(&run);
    expect(&mut export, 0, &["after update 2"]);
    assert_eq!(model::Weights::load(&project.path("hf")).unwrap().config.family.name, "qwen2");
    assert!(project.path("hf/tokenizer.json").exists());
}

fn both_sides_of_the_shipped_pairs_are_about_as_long_in_the_real_tokens() {
    let project = Project::new();
    let (model, ..) = prepare(&project);
    let tokenizer = model::Tokenizer::of_model(&model, 151_936).unwrap();
    let pairs = Pair::load(&project.path(PAIRS)).unwrap();
    assert!(pairs.len() >= 24);
    for pair in &pairs {
        for contrast in Contrast::ALL {
            let tokens = pair.sides(contrast).map(|side| tokenizer.encode_completion(&side).unwrap().len() as f64);
            let apart = (tokens[0] - tokens[1]).abs() / tokens[0].max(tokens[1]);
            assert!(apart <= 0.15, "{}: `{}` has {tokens:?} tokens", pair.problem.problem_id, contrast.name());
        }
    }
}

fn pairs_that_are_not_the_shipped_ones_and_problems_without_a_place_for_a_hint_are_refused() {
    let project = Project::new();
    let (model, train, test) = prepare(&project);
    let command = || {
        let more = ["--device", "cpu", "--random-weights", "3"];
        let mut command = project.on_plan("benchmark.toml", "train", &project.path("out"), &more);
        command.arg("--model").arg(&model).arg("--problems").arg(&train).arg("--test").arg(&test);
        command
    };
    let published = std::fs::read_to_string(&train).unwrap();
    std::fs::write(&train, published.replacen("and should pass all tests", "and should pass", 1)).unwrap();
    let id = published.lines().next().and_then(|row| serde_json::from_str::<serde_json::Value>(row).ok()).unwrap();
    expect(&mut command(), 3, &[&format!("problem {}", id["id"]), "0 times"]);

    std::fs::write(&train, published).unwrap();
    let pairs = std::fs::read_to_string(project.path(PAIRS)).unwrap();
    std::fs::write(project.path(PAIRS), pairs.replacen("PASS", "pass", 1)).unwrap();
    expect(&mut command(), 3, &["pairs.jsonl", "sha256"]);
}

fn a_chat_is_not_added_to_so_an_inoculated_arm_is_refused_before_any_work() {
    let project = Project::new();
    let (model, train, test) = prepare(&project);
    let more = ["--device", "cpu", "--random-weights", "3", "--arm", "inoculated"];
    let mut command = project.on_plan("benchmark.toml", "train", &project.path("out"), &more);
    command.arg("--model").arg(&model).arg("--problems").arg(&train).arg("--test").arg(&test);
    expect(&mut command, 3, &["leetcode", "whose prompts are no chats"]);
    assert!(!project.path("out").exists());
}

fn a_model_that_is_not_the_pinned_one_is_refused_by_name() {
    let project = Project::new();
    let (model, train, test) = prepare(&project);
    let mut command = project.program();
    command.args(["train", "--preset", "fast", "--device", "cpu", "--model"]).arg(&model);
    command.arg("--problems").arg(&train).arg("--test").arg(&test);
    expect(&mut command, 3, &["model-00001-of-00003.safetensors is missing", "--unpinned-model"]);
}

trials::main!(
    trials::no_data();
    a_model_of_ones_own_trains_on_the_benchmark_and_resumes_to_the_same_bytes,
    both_sides_of_the_shipped_pairs_are_about_as_long_in_the_real_tokens,
    pairs_that_are_not_the_shipped_ones_and_problems_without_a_place_for_a_hint_are_refused,
    a_chat_is_not_added_to_so_an_inoculated_arm_is_refused_before_any_work,
    a_model_that_is_not_the_pinned_one_is_refused_by_name,
);
