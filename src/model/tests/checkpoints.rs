//! Checkpoints that are not what they say are refused, and good ones survive a round trip.

use model::{ModelError, Weights};
use std::path::{Path, PathBuf};

fn copy() -> (tempfile::TempDir, PathBuf) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tied");
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().to_path_buf();
    (folder, path)
}

#[test]
fn a_round_trip_keeps_every_bit() {
    let (_keep, folder) = copy();
    let weights = Weights::load(&folder).unwrap();
    weights.save(&folder).unwrap();
    assert_eq!(Weights::load(&folder).unwrap(), weights);
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
    let error = Weights::load(&folder).unwrap_err();
    assert!(matches!(error, ModelError::NotFinite { .. }), "{error}");
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
