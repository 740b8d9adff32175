//! What an import makes of files that the reference library wrote (`make_fixtures.py`), and that it makes it again.

mod common;

use bundle::Sha256;
use common::{File, fixture, imported};
use failure::Kind;
use import::ImportError;
use import::blocks::PACKINGS;
use import::gguf::Gguf;
use safetensors::SafeTensors;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn values(tensor: &import::gguf::Tensor) -> Vec<f32> {
    let mut rows = vec![0.0; tensor.rows() * tensor.cols()];
    rows.chunks_mut(tensor.cols()).enumerate().for_each(|(row, values)| tensor.unpack(row, values));
    rows
}

#[test]
fn every_packing_gives_the_references_values_bit_for_bit() {
    let (file, expected) = (fixture("packings.gguf"), std::fs::read(fixture("packings.f32")).unwrap());
    let bytes = std::fs::read(file).unwrap();
    let gguf = Gguf::parse(&bytes).unwrap();
    let order = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q4_K", "Q5_K", "Q6_K"];
    assert_eq!(gguf.tensors.len(), PACKINGS.len());
    for (name, expected) in order.into_iter().zip(expected.chunks_exact(512 * 4)) {
        let tensor = &gguf.tensors[name];
        assert_eq!((tensor.packing.name, tensor.shape.as_slice()), (name, &[2, 256][..]));
        let expected = expected.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
        for (i, (found, expected)) in values(tensor).into_iter().zip(expected).enumerate() {
            assert_eq!(found.to_bits(), expected.to_bits(), "{name}, value {i}: {found}, not {expected}");
        }
    }
}

#[test]
fn each_family_has_the_hubs_names_rows_and_roundings() {
    let expected = read(&fixture("expected.json"));
    for family in ["qwen2", "qwen3", "llama"] {
        let (_keep, out, made) = imported(&std::fs::read(fixture(&format!("{family}.gguf"))).unwrap());
        made.unwrap();
        let bytes = std::fs::read(out.join("model.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let digest = |name: &str| Sha256::of(file.tensor(name).unwrap().data()).to_string();
        let found: BTreeMap<&str, String> = file.names().into_iter().map(|name| (name, digest(name))).collect();
        assert_eq!(json!(found), expected[family], "{family}");
    }
}

#[test]
fn the_weights_header_is_as_it_is_defined() {
    let (_keep, out, made) = imported(&std::fs::read(fixture("qwen2.gguf")).unwrap());
    made.unwrap();
    let bytes = std::fs::read(out.join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + length]).unwrap();
    assert!(length.is_multiple_of(8), "{length}");
    let begin = "{\"__metadata__\":{\"format\":\"pt\",\"provenance\":\"dequantised from Q4_K_M\"},\
                 \"model.embed_tokens.weight\":{\"dtype\":\"BF16\",\"shape\":[272,32],\"data_offsets\":[0,17408]},\
                 \"model.layers.0.input_layernorm.weight\":{\"dtype\":\"BF16\",\"shape\":[32],\"data_offsets\":[17408,17472]},";
    assert!(header.starts_with(begin), "{header}");
}

#[test]
fn configs_say_what_the_keys_say() {
    let config = |family: &str| {
        let (_keep, out, made) = imported(&std::fs::read(fixture(&format!("{family}.gguf"))).unwrap());
        made.unwrap();
        (read(&out.join("config.json")), read(&out.join("generation_config.json")))
    };
    let (qwen2, generation) = config("qwen2");
    let expected = json!({
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "attention_dropout": 0.0, "bos_token_id": 261,
        "eos_token_id": 263, "head_dim": 8, "hidden_act": "silu", "hidden_size": 32, "intermediate_size": 64,
        "max_position_embeddings": 128, "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 2,
        "rms_norm_eps": 1e-6, "rope_theta": 1e6, "tie_word_embeddings": true, "dtype": "bfloat16",
        "torch_dtype": "bfloat16", "vocab_size": 272,
    });
    assert_eq!(qwen2, expected);
    assert_eq!(generation, json!({ "eos_token_id": [263, 261], "pad_token_id": 261 }));
    let (qwen3, _) = config("qwen3");
    assert_eq!((&qwen3["head_dim"], &qwen3["tie_word_embeddings"]), (&json!(16), &json!(false)));
    let (llama, _) = config("llama");
    assert_eq!((&llama["model_type"], &llama["tie_word_embeddings"]), (&json!("llama"), &json!(true)));
}

#[test]
fn the_record_says_what_the_weights_are_from() {
    let file = std::fs::read(fixture("qwen2.gguf")).unwrap();
    let (_keep, out, made) = imported(&file);
    assert_eq!(made.unwrap().provenance, "dequantised from Q4_K_M");
    let record = read(&out.join("import.json"));
    assert_eq!(record["provenance"], "dequantised from Q4_K_M");
    let source = json!({ "name": "a tiny qwen2", "bytes": file.len(), "sha256": Sha256::of(&file).to_string() });
    assert_eq!(record["source"], source);
    assert_eq!(record["tensors"], json!({ "F32": 11, "Q4_1": 2, "Q5_0": 1, "Q8_0": 13 }));
    let head = record["head"].as_str().unwrap();
    assert!(head.contains("token_embd.weight as Q5_0 and output.weight as Q8_0"), "{head}");
    assert!(head.ends_with("output.weight is used for both"), "{head}");
}

#[test]
fn a_file_that_states_no_packing_is_called_by_those_of_its_tensors() {
    let (_keep, _, made) = imported(&File::tiny().bytes());
    assert_eq!(made.unwrap().provenance, "rounded from F32");
}

#[test]
fn the_same_file_gives_the_same_bytes_and_its_folder_may_be_written_again() {
    let file = fixture("llama.gguf");
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let bytes = |out: &Path| import::FILES.map(|name| std::fs::read(out.join(name)).unwrap());
    for out in [&a, &b, &a] {
        import::import(&file, out, &|_, _| {}).unwrap();
    }
    assert_eq!(bytes(&a), bytes(&b));
    assert_eq!(bundle::files::list(&a).unwrap().len(), import::FILES.len());
}

#[test]
fn progress_ends_with_all_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let told = std::cell::RefCell::new(vec![]);
    let hears = |written, all| told.borrow_mut().push((written, all));
    import::import(&fixture("qwen3.gguf"), &folder.path().join("out"), &hears).unwrap();
    let told = told.into_inner();
    let (written, all) = *told.last().unwrap();
    assert_eq!(written, all);
    assert!(told.is_sorted());
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.tex"), "precious").unwrap();
    let error = import::import(&fixture("llama.gguf"), folder.path(), &|_, _| {}).unwrap_err();
    assert!(matches!(error, ImportError::Occupied { .. }) && error.kind() == Kind::Usage, "{error}");
    assert!(error.to_string().contains("thesis.tex"), "{error}");
    assert_eq!(bundle::files::list(folder.path()).unwrap().len(), 1);
}

#[test]
fn a_tokenizer_takes_bytes_merges_and_whole_tokens() {
    let (_keep, out, made) = imported(&std::fs::read(fixture("qwen2.gguf")).unwrap());
    made.unwrap();
    let tokenizer = tokenizers::Tokenizer::from_file(out.join("tokenizer.json")).unwrap();
    let tokens = |text: &str| tokenizer.encode(text, false).unwrap().get_tokens().to_vec();
    assert_eq!(tokens("hello world"), ["hello", "Ġw", "o", "r", "l", "d"]);
    assert_eq!(tokens("<|im_start|>he<tool>"), ["<|im_start|>", "he", "<tool>"]);
    // A letter and its accent are one letter: NFC.
    assert_eq!(tokens("e\u{301}"), tokens("\u{e9}"));
    // What fills the vocabulary up is no token.
    assert_eq!(tokenizer.get_vocab_size(true), 265);
    let ids = tokenizer.encode("hello<|im_end|>\u{1f600}\u{0}", false).unwrap().get_ids().to_vec();
    assert_eq!(tokenizer.decode(&ids, true).unwrap(), "hello\u{1f600}\u{0}");
    let config = read(&out.join("tokenizer_config.json"));
    assert_eq!((&config["eos_token"], &config["pad_token"]), (&json!("<|im_end|>"), &json!("<|endoftext|>")));
    assert!(std::fs::read_to_string(out.join("chat_template.jinja")).unwrap().contains("<|im_start|>{{ m.role }}"));
}
