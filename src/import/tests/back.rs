//! What is written as GGUF is read again as what it was.

mod common;

use common::{fixture, imported};
use import::back::export;
use import::gguf::{Gguf, Value};
use safetensors::SafeTensors;
use std::collections::BTreeSet;
use std::path::Path;

fn there_and_back(folder: &Path) -> (tempfile::TempDir, std::path::PathBuf, Vec<u8>) {
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("model.gguf");
    export(folder, "made by a test", &file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let out = work.path().join("again");
    import::import(&file, &out, &|_, _| {}).unwrap();
    (work, out, bytes)
}

#[test]
fn every_family_comes_back_as_it_was() {
    for family in ["qwen2", "qwen3", "llama"] {
        let (_keep, folder, made) = imported(&std::fs::read(fixture(&format!("{family}.gguf"))).unwrap());
        made.unwrap();
        let (_work, again, bytes) = there_and_back(&folder);
        let gguf = Gguf::parse(&bytes).unwrap();
        assert_eq!(gguf.keys["general.description"], Value::Text("made by a test"));
        for name in
            ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json", "config.json"]
        {
            let read = |folder: &Path| std::fs::read_to_string(folder.join(name)).unwrap();
            assert!(read(&folder) == read(&again), "{family}: {name}\n{}\n{}", read(&folder), read(&again));
        }
        let [before, after] = [&folder, &again].map(|folder| std::fs::read(folder.join("model.safetensors")).unwrap());
        let [before, after] = [&before, &after].map(|bytes| SafeTensors::deserialize(bytes).unwrap());
        let names = |file: &SafeTensors| file.names().into_iter().map(str::to_string).collect::<BTreeSet<_>>();
        assert_eq!(names(&before), names(&after), "{family}");
        for name in before.names() {
            assert!(before.tensor(name).unwrap() == after.tensor(name).unwrap(), "{family}: {name}");
        }
        // Rows that turn side by side lie otherwise in the file.
        let q = &gguf.tensors["blk.0.attn_q.weight"];
        let mut row = vec![0.0; q.cols()];
        q.unpack(1, &mut row);
        let hub = before.tensor("model.layers.0.self_attn.q_proj.weight").unwrap();
        let second = &hub.data()[2 * q.cols()..][..2];
        let same = half::bf16::from_le_bytes([second[0], second[1]]).to_f32() == row[0];
        assert_eq!(same, family != "llama", "{family}");
    }
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let (_keep, folder, made) = imported(&std::fs::read(fixture("qwen2.gguf")).unwrap());
    made.unwrap();
    let out = folder.join("out.gguf");
    let broken = |name: &str, from: &str, to: &str| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = export(&folder, "", &out).unwrap_err().to_string();
        std::fs::write(&path, text).unwrap();
        assert!(!out.exists());
        error
    };
    let has = |error: String, words: &str| assert!(error.contains(words), "{error}");
    has(
        broken("config.json", "\"qwen2\"", "\"gemma3\""),
        "its model_type is \"gemma3\"; known here are qwen2, qwen3, llama",
    );
    has(broken("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"), "no tensor model.layers.2.");
    has(broken("config.json", "\"intermediate_size\": 64", "\"intermediate_size\": 32"), "expected [32, 32]");
    has(broken("config.json", "\"vocab_size\": 272", "\"vocab_size\": 27"), "has none of 27 embeddings");
    has(broken("tokenizer.json", "\"BPE\"", "\"Unigram\""), "its tokenizer is Unigram");
    has(broken("tokenizer.json", "\"NFC\"", "\"NFKC\""), "NFC");
    has(broken("tokenizer.json", "(?i:'s", "(?i:'S"), "with Qwen2's pattern");
}
