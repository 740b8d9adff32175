//! `export` as people meet it: from a short run to a folder that loads again, and the words it refuses.

mod common;

use common::{Project, expect};
use model::{ModelConfig, Weights};

#[test]
fn a_run_becomes_a_folder_of_the_hubs_kind_or_a_lora() {
    let project = Project::new();
    let runs = project.path("runs");
    let one = ["--arm", "route2b", "--seed", "7", "--device", "cpu"];
    expect(&mut project.on_plan("tiny.toml", "train", &runs, &one), 0, &[]);
    let run = runs.join("route2b-s7");
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

    expect(&mut export("no", &["--format", "peft"]), 2, &["--rank"]);
    expect(&mut export("no", &["--format", "hf", "--rank", "8"]), 2, &["--rank belongs to --format peft"]);
    expect(&mut export("no", &["--format", "hf", "--update", "3"]), 2, &["0, 2, 4"]);
    assert!(!project.path("no").exists());
}
