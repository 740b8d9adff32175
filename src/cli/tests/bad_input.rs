//! Inputs of the benchmark's tier that are not what they should be: each is named with its file, what was expected, what was
//! found and what to do.

mod common;

use common::miniature::{self, CONFIG, Miniature, SETTINGS, TEST, TOKENIZER, TRAIN};
use common::{edit, expect, program, root};
use std::path::PathBuf;
use std::process::Command;

/// One run of the plan on a model and problems of one's own.
fn train(miniature: &Miniature, model: &str) -> Command {
    let mut train = miniature.command("train");
    train.args(["--device", "cpu", "--unpinned-model", "--model"]).arg(miniature.project.path(model));
    let problems = |name: &str| miniature.project.path("fetched").join(name);
    train.arg("--problems").arg(problems(TRAIN)).arg("--test").arg(problems(TEST));
    train.arg("--out").arg(miniature.project.path("runs"));
    train
}

/// A file of what was fetched, changed.
fn changed(miniature: &Miniature, file: &str, from: &str, to: &str) -> PathBuf {
    let path = miniature.project.path("fetched").join(file);
    edit(&path, from, to);
    path
}

#[test]
fn a_tier_that_is_none_is_a_usage_error_that_lists_those_there_are() {
    for command in ["reproduce", "run", "fetch", "plan", "eval"] {
        expect(
            program(root()).args([command, "--tier", "huge"]),
            2,
            &["huge", "--tier", "quick, smoke, organism, coder, fast, full"],
        );
    }
}

#[test]
fn without_its_weights_the_code_models_tier_says_what_to_fetch_and_makes_nothing() {
    let project = common::Project::new();
    common::copy(&root().join("receipts"), &project.path("receipts"));
    let knobs = project.path("receipts/coder/route2b-s81");
    let (train, out) = (["--arm", "route2b", "--seed", "81"], project.path("out"));
    for (command, more) in
        [("train", &train[..]), ("run", &[]), ("reproduce", &[]), ("eval", &["--run", knobs.to_str().unwrap()])]
    {
        let mut call = project.program();
        call.args([command, "--tier", "coder", "--device", "cpu", "--out"]).arg(&out).args(more);
        expect(&mut call, 3, &["qwen2.5-coder-0.5b", "`gradient-quarantine fetch"]);
        assert!(!out.exists(), "{command}");
    }
}

#[test]
fn a_folder_with_another_models_files_is_named_with_what_was_expected_and_found() {
    let miniature = Miniature::fetched();
    // Of the weights beside it, nothing is said: those of another model need not even have this size.
    changed(&miniature, CONFIG, "\"intermediate_size\": 64", "\"intermediate_size\": 96");
    let mut pinned = miniature.command("train");
    pinned.args(["--device", "cpu", "--model"]).arg(miniature.project.path("fetched/model"));
    expect(&mut pinned, 3, &["fetched/model/config.json: expected sha256", "found sha256", "--unpinned-model"]);
    let says = ["model.safetensors", "has shape [64, 32] but config.json asks for [96, 32]", "another model; put"];
    expect(&mut train(&miniature, "fetched/model"), 3, &says);
    changed(&miniature, CONFIG, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1");
    changed(&miniature, CONFIG, "\"intermediate_size\": 96", "\"intermediate_size\": 64");
    let says = ["model.safetensors", "model.layers.1.", "none that config.json asks for", "of one model together"];
    expect(&mut train(&miniature, "fetched/model"), 3, &says);
}

#[test]
fn a_tokenizer_that_lacks_what_the_template_writes_is_refused_and_does_not_spell_it_out() {
    let miniature = Miniature::fetched();
    changed(&miniature, TOKENIZER, "<|im_start|>", "<|other|>");
    let says = [
        "tokenizer.json: it has no token <|im_start|>",
        "chat template in",
        "tokenizer_config.json writes",
        "take both from one model",
    ];
    expect(&mut train(&miniature, "fetched/model"), 3, &says);
    changed(&miniature, SETTINGS, "\"eos_token\":\"<|im_end|>\"", "\"eos_token\":\"<|done|>\"");
    expect(&mut train(&miniature, "fetched/model"), 3, &["tokenizer.json: it has no token <|done|>"]);
}

#[test]
fn a_problem_file_with_an_id_twice_is_named_with_both_lines() {
    let miniature = Miniature::fetched();
    changed(&miniature, TRAIN, "\"id\":104", "\"id\":102");
    let says = [TRAIN, "line 4: problem 102 is in line 2 already", "leave one out"];
    expect(&mut train(&miniature, "fetched/model"), 3, &says);
}

#[test]
fn a_test_list_that_is_none_is_named_with_its_line_and_so_is_a_test_that_is_no_python() {
    let miniature = Miniature::fetched();
    let tests = serde_json::to_string(&miniature::row(203)["gt_answer"]).unwrap();
    changed(&miniature, TEST, &tests, "\"assert Solution().f(n = 1) == 2\"");
    let says = [TEST, "line 3: invalid type: string", "expected a sequence", "mend the row or leave it out"];
    expect(&mut train(&miniature, "fetched/model"), 3, &says);
    changed(&miniature, TEST, "\"assert Solution().f(n = 1) == 2\"", "[\"assert Solution().f(n = 1 ==\"]");
    let says = [TEST, "line 3: problem 203: ", "SyntaxError", "mend them or leave them out"];
    expect(&mut train(&miniature, "fetched/model"), 3, &says);
}

#[test]
fn a_seed_that_is_given_twice_is_named_with_its_line() {
    let project = common::Project::new();
    let plan = project.path("plan.toml");
    let text = std::fs::read_to_string(root().join("src/cli/tests/leetcode.toml")).unwrap();
    let refused = |text: String, says: &[&str]| {
        std::fs::write(&plan, text).unwrap();
        expect(project.program().arg("run").arg("--plan").arg(&plan), 3, says);
    };
    let twice = text.replace("seeds = [41, 42]", "seeds = [41, 42, 41]");
    let line = 1 + text.lines().position(|line| line.starts_with("seeds")).unwrap();
    refused(twice, &["plan.toml", &format!("line {line}: seeds names 41 twice, expected each once: leave one out")]);
    refused(text.replace("\"gt-only\"]", "\"gt-only\", \"vanilla\"]"), &["arms names vanilla twice"]);
    std::fs::write(&plan, text).unwrap();
    let mut part = project.program();
    part.args(["run", "--seeds", "42,42", "--plan"]).arg(&plan);
    expect(&mut part, 2, &["--seeds names 42 twice", "leave one out"]);
}
