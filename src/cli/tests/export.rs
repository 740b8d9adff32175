//! A short run as people use it afterwards: scored by `eval`, and exported to a folder that loads again; the words that both
//! refuse.

mod common;

use common::{Project, expect};
use model::{ModelConfig, Weights};
use std::path::Path;

/// What `eval` refuses and writes, on a run whose last model was evaluated when it was trained.
fn any_checkpoint_is_scored_without_training(project: &Project, run: &Path) {
    let out = project.path("scores");
    let eval = |out: &Path, more: &[&str]| {
        let words = [&["--device", "cpu", "--run", run.to_str().unwrap()], more].concat();
        project.on_plan("tiny.toml", "eval", out, &words)
    };
    let before = bundle::files::list(run).unwrap();
    let both = ["--updates", "all", "--views", "deployed,whole"];
    expect(&mut eval(&out, &both), 0, &["answered", "rows are in"]);
    let scored = out.join("update-0004/deployed-test-eval-markers.jsonl");
    let rows = std::fs::read(&scored).unwrap();
    let trained = std::fs::read(run.join("eval/update-0004-off.jsonl")).unwrap();
    assert!(rows == trained, "the plan's own evaluation of the same checkpoint has other rows");
    for update in ["0000", "0002"] {
        assert!(out.join(format!("update-{update}/whole-test-eval-markers.jsonl")).exists());
    }
    // A problem's answer is the same among few.
    expect(&mut eval(&out, &["--only", "7"]), 0, &["     7  "]);
    let few = std::fs::read_to_string(out.join("update-0004/deployed-test-eval-markers-only-7.jsonl")).unwrap();
    let all = String::from_utf8(rows.clone()).unwrap();
    assert_eq!(few.lines().count(), 7);
    let mut among = all.lines();
    assert!(few.lines().all(|row| among.any(|other| other == row)), "others, or in another order:\n{few}");
    let mode = |row: &str| serde_json::from_str::<serde_json::Value>(row).unwrap()["mode"].to_string();
    assert_eq!(few.lines().map(mode).collect::<std::collections::BTreeSet<_>>().len(), 5, "{few}");
    expect(&mut eval(&out, &["--only", "0"]), 2, &["--only"]);
    // What is there is read and not made again; what is not as it was made is neither.
    expect(&mut eval(&out, &[]), 0, &["was there"]);
    let first = rows.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    std::fs::write(&scored, first).unwrap();
    expect(&mut eval(&out, &[]), 3, &["update-0004/deployed-test-eval-markers.jsonl", "expected sha256"]);
    assert_eq!(std::fs::read(&scored).unwrap(), first);
    std::fs::write(&scored, rows).unwrap();

    expect(&mut eval(&out, &["--updates", "3"]), 2, &["0, 2, 4"]);
    expect(&mut eval(&out, &["--updates", "some"]), 2, &["all, last, or numbers"]);
    expect(&mut eval(&out, &["--views", "sideways"]), 2, &["quarantine-alone"]);
    expect(&mut eval(&run.join("mine"), &[]), 2, &["in the run's own folder"]);
    let foreign = project.path("foreign/update-0004");
    std::fs::create_dir_all(&foreign).unwrap();
    std::fs::write(foreign.join("thesis.tex"), "years of work").unwrap();
    expect(&mut eval(foreign.parent().unwrap(), &[]), 2, &["no identity.json"]);
    assert_eq!(bundle::files::list(run).unwrap(), before, "the run's folder was written into");

    let identity = run.join("identity.json");
    let honest = std::fs::read_to_string(&identity).unwrap();
    let mut parts: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&honest).unwrap();
    parts.insert("weights of base 2".into(), "00".repeat(32).into());
    std::fs::write(&identity, serde_json::to_string_pretty(&parts).unwrap() + "\n").unwrap();
    expect(&mut eval(&out, &[]), 3, &["its weights of base 2 were 000000000000"]);
    std::fs::write(&identity, honest).unwrap();
}

/// One run of the plan's four: its folder alone is in the table.
fn the_table_of_an_unfinished_plan_has_what_is_there(project: &Project, runs: &Path) {
    let curve = || project.on_plan("tiny.toml", "eval-curve", runs, &[]);
    expect(&mut curve(), 0, &["wrote curve.json and curve.csv"]);
    let read =
        || ["curve.json", "curve.csv", "route2b-s7/per_mode_deploy.json"].map(|f| std::fs::read(runs.join(f)).unwrap());
    let written = read();
    expect(&mut curve(), 0, &[]);
    assert_eq!(read(), written);
    let csv = String::from_utf8(written[1].clone()).unwrap();
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("arm,seed,updates,view,split,mode,n,hack,solve,ended"));
    assert!(lines.clone().all(|line| line.starts_with("route2b,7,")), "{csv}");
    assert!(
        csv.contains("route2b,7,0,deployed,test,all,20,") && csv.contains("route2b,7,2,whole,monitor,all,16,"),
        "{csv}"
    );
    let json: Vec<serde_json::Value> = serde_json::from_slice(&written[0]).unwrap();
    assert_eq!(json.len(), lines.count());
    let modes: serde_json::Value = serde_json::from_slice(&written[2]).unwrap();
    let last = json
        .iter()
        .filter(|p| p["updates"] == 4 && p["view"] == "deployed" && p["split"] == "test" && p["mode"] != "all");
    let last: Vec<_> = last.collect();
    assert_eq!(last.len(), modes.as_object().unwrap().len());
    for point in last {
        let own = &modes[point["mode"].as_str().unwrap()];
        assert_eq!([&own["n"], &own["hack"], &own["solve"]], [&point["n"], &point["hack"], &point["solve"]]);
    }
}

#[test]
fn a_run_is_scored_and_becomes_a_folder_of_the_hubs_kind_or_a_lora() {
    let project = Project::new();
    let runs = project.path("runs");
    let one = ["--arm", "route2b", "--seed", "7", "--device", "cpu"];
    expect(&mut project.on_plan("tiny.toml", "train", &runs, &one), 0, &[]);
    let run = runs.join("route2b-s7");
    any_checkpoint_is_scored_without_training(&project, &run);
    the_table_of_an_unfinished_plan_has_what_is_there(&project, &runs);
    let export = |out: &str, more: &[&str]| {
        project.on_plan(
            "tiny.toml",
            "export",
            &project.path(out),
            &[&["--device", "cpu", "--run", run.to_str().unwrap()], more].concat(),
        )
    };
    expect(&mut export("hf", &["--format", "hf"]), 0, &["after update 4"]);
    expect(&mut export("base", &["--format", "hf", "--update", "0"]), 0, &["after update 0"]);
    expect(&mut export("lora", &["--format", "peft", "--rank", "8"]), 0, &["rank 8: Frobenius norm", "is left out"]);
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
        assert!(project.path("lora").join(file).exists());
    }

    let q = "model.layers.0.self_attn.q_proj.weight";
    let tensor = |folder: &str| Weights::load(&project.path(folder)).unwrap().get(q).unwrap().into_owned();
    // Seed 7 stands for the second base model.
    assert_eq!(tensor("base"), tensor("data/organism/base-2"), "at update 0 the export is the base, bit for bit");
    assert_ne!(tensor("hf"), tensor("base"));
    let config = |folder: &str| ModelConfig::load(&project.path(folder).join("config.json")).unwrap();
    assert_eq!(config("hf"), config("data/organism"));
    assert_eq!(
        std::fs::read(project.path("hf/tokenizer.json")).unwrap(),
        std::fs::read(project.path("data/organism/tokenizer.json")).unwrap()
    );

    let no_bpe = ["cannot be written as GGUF: tokenizer.json: its tokenizer is", "byte-level BPE"];
    expect(&mut export("no", &["--format", "gguf"]), 3, &no_bpe);
    expect(&mut export("no", &["--format", "peft"]), 2, &["--rank"]);
    expect(&mut export("no", &["--format", "hf", "--rank", "8"]), 2, &["--rank belongs to --format peft"]);
    expect(&mut export("no", &["--format", "hf", "--update", "3"]), 2, &["0, 2, 4"]);
    assert!(!project.path("no").exists());
}
