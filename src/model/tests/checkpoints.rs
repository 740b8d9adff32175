//! Checkpoints that are not what they say are refused, and good ones survive a round trip.

use backend::{Backend, Batch, Matrix};
use burn_tensor::f16;
use model::names::expected_tensors;
use model::{Decoder, ModelConfig, ModelError, Weights, family, hub};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::path::{Path, PathBuf};

fn copy() -> (tempfile::TempDir, PathBuf) {
    copy_of("tied")
}

fn copy_of(fixture: &str) -> (tempfile::TempDir, PathBuf) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().to_path_buf();
    (folder, path)
}

/// Every tensor, by name.
fn tensors(folder: &Path) -> Vec<(String, Matrix)> {
    let weights = Weights::load(folder).unwrap();
    let read = |(name, _): (String, Vec<usize>)| {
        let matrix = weights.get(&name).unwrap().into_owned();
        (name, matrix)
    };
    expected_tensors(&weights.config).into_iter().map(read).collect()
}

/// The same checkpoint as the hub stores large ones: tensors in three files, an index beside them.
fn split(folder: &Path) {
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let mut index = serde_json::Map::new();
    for part in 0..3 {
        let name = format!("model-{:05}-of-00003.safetensors", part + 1);
        let some: Vec<(&str, TensorView)> =
            whole.iter().enumerate().filter(|(i, _)| i % 3 == part).map(|(_, tensor)| tensor).collect();
        some.iter().for_each(|(tensor, _)| drop(index.insert(tensor.to_string(), name.clone().into())));
        std::fs::write(folder.join(name), safetensors::serialize(some, None).unwrap()).unwrap();
    }
    let text = serde_json::json!({ "metadata": {}, "weight_map": index }).to_string();
    std::fs::write(folder.join("model.safetensors.index.json"), text).unwrap();
    std::fs::remove_file(folder.join("model.safetensors")).unwrap();
}

#[test]
fn sharded_weights_and_a_hub_cache_are_the_same_model() {
    let (_keep, folder) = copy();
    let plain = tensors(&folder);
    split(&folder);
    assert_eq!(tensors(&folder), plain);

    let cache = tempfile::tempdir().unwrap();
    let snapshot = cache.path().join("snapshots/0123abcd");
    std::fs::create_dir_all(snapshot.parent().unwrap()).unwrap();
    std::fs::create_dir(cache.path().join("refs")).unwrap();
    std::fs::write(cache.path().join("refs/main"), "0123abcd\n").unwrap();
    assert!(Weights::load(cache.path()).unwrap_err().to_string().contains("0123abcd"), "an unfinished download");
    std::os::unix::fs::symlink(&folder, &snapshot).unwrap();
    assert_eq!(tensors(cache.path()), plain);
    assert!(Weights::load(&cache.path().join("refs")).unwrap_err().to_string().contains("neither config.json nor"));
}

/// The bytes of some log-probabilities.
fn logits(folder: &Path) -> Vec<f32> {
    let decoder = Decoder::new(&Weights::load(folder).unwrap(), &Backend::cpu()).unwrap();
    let batch = Batch::new(&[&[4, 9, 17, 3, 22, 8]], &decoder.backend.device);
    backend::read(decoder.logits(&decoder.hidden(&batch))).unwrap()
}

/// Writes these tensors as one file, in this type.
fn store(folder: &Path, tensors: &[(String, Vec<usize>, Vec<f32>)], dtype: Dtype) {
    let bytes = |values: &[f32]| -> Vec<u8> {
        match dtype {
            Dtype::F16 => values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect(),
            _ => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    };
    let stored: Vec<(String, Vec<usize>, Vec<u8>)> =
        tensors.iter().map(|(name, shape, values)| (name.clone(), shape.clone(), bytes(values))).collect();
    let views = stored.iter().map(|(n, shape, b)| (n.as_str(), TensorView::new(dtype, shape.clone(), b).unwrap()));
    std::fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn all_ways_to_store_one_model_give_the_same_bytes() {
    let (_keep, folder) = copy();
    // Values that half precision has.
    let config = ModelConfig::load(&folder.join("config.json")).unwrap();
    let halved = |(name, shape): (String, Vec<usize>)| {
        let weights = Weights::load(&folder).unwrap();
        let values: Vec<f32> = weights.get(&name).unwrap().data.iter().map(|x| f16::from_f32(*x).to_f32()).collect();
        (name, shape, values)
    };
    let tensors: Vec<_> = expected_tensors(&config).into_iter().map(halved).collect();
    store(&folder, &tensors, Dtype::F32);
    let expected = logits(&folder);

    store(&folder, &tensors, Dtype::F16);
    assert_eq!(logits(&folder), expected, "half precision");

    // A tied head stored all the same, and the frequencies that older programs stored.
    let mut more = tensors.clone();
    let (_, shape, embedding) =
        tensors.iter().find(|(name, _, _)| name == "model.embed_tokens.weight").unwrap().clone();
    more.push(("lm_head.weight".into(), shape, embedding));
    more.push(("model.layers.0.self_attn.rotary_emb.inv_freq".into(), vec![2], vec![1.0, 0.5]));
    store(&folder, &more, Dtype::F32);
    assert_eq!(logits(&folder), expected, "a stored head");

    split(&folder);
    assert_eq!(logits(&folder), expected, "in shards");

    // The hub's cache, with one snapshot and no ref; and all of the cache.
    let cache = tempfile::tempdir().unwrap();
    let repository = cache.path().join("models--someone--tiny");
    std::fs::create_dir_all(repository.join("snapshots")).unwrap();
    std::os::unix::fs::symlink(&folder, repository.join("snapshots/0123abcd")).unwrap();
    assert_eq!(logits(&repository), expected, "one snapshot, no ref");
    assert_eq!(logits(cache.path()), expected, "a cache of one model");
    assert_eq!(hub::portable_name(&hub::resolve(cache.path()).unwrap()), "someone/tiny");
    std::fs::create_dir(repository.join("snapshots/4567cdef")).unwrap();
    let told = Weights::load(&repository).unwrap_err().to_string();
    assert!(told.contains("0123abcd, 4567cdef"), "{told}");
}

#[test]
fn a_pointer_file_is_called_one() {
    let (_keep, folder) = copy();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 8044936192\n";
    for name in ["model.safetensors", "config.json"] {
        std::fs::write(folder.join(name), pointer).unwrap();
        let told = Weights::load(&folder).unwrap_err().to_string();
        assert!(told.contains(name) && told.contains("Git LFS pointer"), "{told}");
    }
}

#[test]
fn a_shard_that_is_missing_or_lies_elsewhere_is_named() {
    let (_keep, folder) = copy();
    split(&folder);
    let index = folder.join("model.safetensors.index.json");
    let text = std::fs::read_to_string(&index).unwrap();
    std::fs::write(&index, text.replace("model-00002", "../model-00002")).unwrap();
    assert!(Weights::load(&folder).unwrap_err().to_string().contains("is not a file name"));
    std::fs::write(&index, text).unwrap();
    std::fs::remove_file(folder.join("model-00002-of-00003.safetensors")).unwrap();
    assert!(Weights::load(&folder).unwrap_err().to_string().contains("model-00002-of-00003"));
}

#[test]
fn a_tensor_that_the_config_does_not_ask_for_is_refused() {
    let (_keep, folder) = copy();
    let text = std::fs::read_to_string(folder.join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
    config["num_hidden_layers"] = 1.into();
    config["layer_types"] = vec!["full_attention"].into();
    let fewer = config.to_string();
    std::fs::write(folder.join("config.json"), fewer).unwrap();
    assert!(matches!(Weights::load(&folder), Err(ModelError::ExtraTensor { .. })));
}

#[test]
fn random_weights_depend_on_their_seed_and_name_alone() {
    let (_keep, folder) = copy();
    let config = ModelConfig::load(&folder.join("config.json")).unwrap();
    let random = |seed| Weights::random(config.clone(), seed);
    let (q, k) = ("model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight");
    assert_eq!(random(1).get(q).unwrap(), random(1).get(q).unwrap());
    assert_ne!(random(1).get(q).unwrap(), random(2).get(q).unwrap());
    let (a, b) = (random(1).get(q).unwrap().data[0], random(1).get(k).unwrap().data[0]);
    assert_ne!(a, b);
    assert!(random(1).get("model.norm.weight").unwrap().data.iter().all(|x| *x == 1.0));
    let qwen2 = ModelConfig { family: &family::QWEN2, ..config.clone() };
    let bias = Weights::random(qwen2, 1).get("model.layers.0.self_attn.k_proj.bias").unwrap().data.clone();
    assert!(bias.len() == 16 && bias.iter().any(|x| *x > 0.1) && bias.iter().any(|x| *x < -0.1), "{bias:?}");
}

#[test]
fn a_round_trip_keeps_every_bit() {
    for fixture in ["tied", "qwen2-tied", "llama-untied"] {
        let (_keep, folder) = copy_of(fixture);
        let before = (tensors(&folder), logits(&folder));
        Weights::load(&folder).unwrap().save(&folder).unwrap();
        assert_eq!((tensors(&folder), logits(&folder)), before, "{fixture}");
        let decoder = Decoder::new(&Weights::load(&folder).unwrap(), &Backend::cpu()).unwrap();
        decoder.download().unwrap().save(&folder).unwrap();
        assert_eq!(tensors(&folder), before.0, "{fixture}, by way of a device");
    }
}

/// Writes another family into a checkpoint's config.
fn call_it(folder: &Path, family: &str) {
    let path = folder.join("config.json");
    let mut config: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["model_type"] = family.into();
    config.as_object_mut().unwrap().remove("attention_bias");
    std::fs::write(path, config.to_string()).unwrap();
}

#[test]
fn weights_of_another_family_are_refused_by_the_tensor_that_is_missing_or_too_much() {
    for (fixture, family, tensor) in [
        ("tied", "llama", "model.layers.0.self_attn.k_norm.weight is none that"),
        ("tied", "qwen2", "model.layers.0.self_attn.q_proj.bias is missing"),
        ("qwen2-untied", "llama", "model.layers.0.self_attn.k_proj.bias is none that"),
        ("qwen2-untied", "qwen3", "model.layers.0.self_attn.q_norm.weight is missing"),
        ("llama-untied", "qwen2", "model.layers.0.self_attn.q_proj.bias is missing"),
    ] {
        let (_keep, folder) = copy_of(fixture);
        call_it(&folder, family);
        let told = Weights::load(&folder).unwrap_err().to_string();
        assert!(told.contains(tensor), "{fixture} as {family}: {told}");
    }
}

#[test]
fn a_truncated_file_is_damaged() {
    let (_keep, folder) = copy();
    let path = folder.join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(Weights::load(&folder), Err(ModelError::Damaged { .. })));
}

#[test]
fn a_nan_is_found_and_named() {
    let (_keep, folder) = copy();
    let path = folder.join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let weights = Weights::load(&folder).unwrap();
    let errors: Vec<ModelError> =
        expected_tensors(&weights.config).iter().filter_map(|(name, _)| weights.get(name).err()).collect();
    assert!(matches!(errors.as_slice(), [ModelError::NotFinite { .. }]), "{errors:?}");
    assert!(Decoder::new(&weights, &Backend::cpu()).is_err());
}

#[test]
fn weights_of_another_size_are_refused_with_both_shapes() {
    let (_keep, folder) = copy();
    let path = folder.join("config.json");
    let config =
        std::fs::read_to_string(&path).unwrap().replace("\"intermediate_size\": 40", "\"intermediate_size\": 48");
    std::fs::write(&path, config).unwrap();
    let error = Weights::load(&folder).unwrap_err().to_string();
    assert!(error.contains("40") && error.contains("48"), "{error}");
}

#[test]
fn a_config_whose_heads_cannot_be_shared_is_refused() {
    let (_keep, folder) = copy();
    let path = folder.join("config.json");
    let config =
        std::fs::read_to_string(&path).unwrap().replace("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3");
    std::fs::write(&path, config).unwrap();
    assert!(matches!(Weights::load(&folder), Err(ModelError::Config { .. })));
}
