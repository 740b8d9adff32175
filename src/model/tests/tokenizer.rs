//! Tokenizers as other programs write them: end tokens, settings that must not take part, ids that the model does not have.

use model::Tokenizer;
use serde_json::{Value, json};
use std::path::Path;

/// A model's folder with a tokenizer of whole words.
fn folder(changes: Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let added = |id: u32, content: &str| json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true });
    let mut tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null, "decoder": null,
        "added_tokens": [added(4, "<|endoftext|>"), added(5, "<|im_end|>"), added(6, "<|late|>")],
        "pre_tokenizer": { "type": "Whitespace" },
        "model": { "type": "WordLevel", "unk_token": "?", "vocab": { "?": 0, "one": 1, "two": 2, "three": 3 } },
    });
    for (key, value) in changes.as_object().unwrap() {
        tokenizer[key] = value.clone();
    }
    write(folder.path(), "tokenizer.json", &tokenizer);
    folder
}

fn write(folder: &Path, name: &str, value: &Value) {
    std::fs::write(folder.join(name), value.to_string()).unwrap();
}

#[test]
fn every_declared_end_token_ends_and_the_tokenizers_own_is_written() {
    let folder = folder(json!({}));
    let ends = || Tokenizer::of_model(folder.path(), 16).map(|t| t.ends().to_vec());
    assert_eq!(ends().unwrap(), [5], "what chat models end with, if nothing is declared");
    write(folder.path(), "tokenizer_config.json", &json!({ "eos_token": { "content": "<|endoftext|>" } }));
    assert_eq!(ends().unwrap(), [4]);
    write(folder.path(), "generation_config.json", &json!({ "eos_token_id": [5, 4] }));
    assert_eq!(ends().unwrap(), [4, 5]);
    write(folder.path(), "config.json", &json!({ "eos_token_id": 6 }));
    assert_eq!(ends().unwrap(), [4, 5, 6]);
    let tokenizer = Tokenizer::of_model(folder.path(), 16).unwrap();
    assert_eq!(tokenizer.encode_completion("two").unwrap(), [2, 4]);
    write(folder.path(), "generation_config.json", &json!({ "eos_token_id": "five" }));
    assert!(ends().unwrap_err().to_string().contains("generation_config.json"));
}

#[test]
fn ids_beyond_the_embeddings_are_an_error_when_they_are_read() {
    let folder = folder(json!({}));
    let tokenizer = Tokenizer::of_model(folder.path(), 6).unwrap();
    assert_eq!(tokenizer.encode("one three").unwrap(), [1, 3]);
    let told = tokenizer.encode("one <|late|>").unwrap_err().to_string();
    assert!(told.contains("token 6 (<|late|>)") && told.contains("6 embeddings"), "{told}");
    let told = Tokenizer::of_model(folder.path(), 5).err().unwrap().to_string();
    assert!(told.contains("token 5 (<|im_end|>)"), "{told}");
}

#[test]
fn a_prompt_is_neither_cut_nor_filled_up() {
    let settings = json!({
        "truncation": { "direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0 },
        "padding": { "strategy": { "Fixed": 8 }, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "?" },
    });
    let tokenizer = Tokenizer::of_model(folder(settings).path(), 16).unwrap();
    assert_eq!(tokenizer.encode("one two three").unwrap(), [1, 2, 3]);
}
