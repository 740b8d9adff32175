//! Checkpoints of which a disk, a stopped download or somebody else made something else.

use damage::{Damaged, cases, damaged, survive};
use model::names::expected_tensors;
use model::{ModelConfig, Tokenizer, Weights};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tied").join(name)).unwrap()
}

fn folder(config: &[u8], weights: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), weights).unwrap();
    let path = folder.path().to_path_buf();
    (folder, path)
}

/// What opens has every tensor in the shape that its config asks for, each whole and finite or refused by its name.
fn opens_whole(folder: &Path) -> Result<(), TestCaseError> {
    match survive(|| Weights::load(folder)) {
        Err(error) => prop_assert!(error.to_string().contains(&folder.display().to_string()), "{error}"),
        Ok(weights) => {
            for (name, shape) in expected_tensors(&weights.config) {
                match survive(|| weights.get(&name).map(|matrix| matrix.data.clone())) {
                    Err(error) => prop_assert!(error.to_string().contains(&name), "{error}"),
                    Ok(values) => {
                        prop_assert_eq!(values.len(), shape.iter().product::<usize>());
                        prop_assert!(values.iter().all(|x| x.is_finite()));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The length of the header, and the header: a blow to the whole file mostly hits values.
fn head(file: &[u8]) -> usize {
    8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn damaged_weights_are_refused_or_whole(Damaged { bytes, .. } in damaged(vec![fixture("model.safetensors")])) {
        let (_keep, path) = folder(&fixture("config.json"), &bytes);
        opens_whole(&path)?;
    }

    #[test]
    fn weights_with_a_damaged_header_are_refused_or_whole(damaged in damaged(vec![
        fixture("model.safetensors")[..head(&fixture("model.safetensors"))].to_vec()
    ])) {
        let whole = fixture("model.safetensors");
        let (_keep, path) = folder(&fixture("config.json"), &[&damaged.bytes, &whole[head(&whole)..]].concat());
        opens_whole(&path)?;
    }

    #[test]
    fn a_damaged_config_is_refused_or_fits_the_weights(Damaged { bytes, .. } in damaged(vec![fixture("config.json")])) {
        let (_keep, path) = folder(&bytes, &fixture("model.safetensors"));
        opens_whole(&path)?;
        if let Ok(config) = survive(|| ModelConfig::load(&path.join("config.json"))) {
            // Its sizes can be multiplied, and all its tensors named.
            survive(|| expected_tensors(&config).iter().map(|(_, shape)| shape.iter().product::<usize>()).max());
        }
    }

    #[test]
    fn a_damaged_index_names_files_beside_it_or_is_refused(Damaged { bytes, .. } in damaged(vec![
        b"{\"metadata\": {}, \"weight_map\": {\"model.norm.weight\": \"model.safetensors\", \"x\": \"a.safetensors\"}}".to_vec()
    ])) {
        let (_keep, path) = folder(&fixture("config.json"), &fixture("model.safetensors"));
        std::fs::write(path.join("model.safetensors.index.json"), bytes).unwrap();
        opens_whole(&path)?;
    }
}

/// The organism's tokenizer, which is read anew for each case: fewer of them.
#[test]
fn a_damaged_tokenizer_is_refused_or_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/organism/tokenizer.json");
    let whole = std::fs::read(file).unwrap();
    proptest!(cases(16), |(Damaged { bytes, .. } in damaged(vec![whole]))| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tokenizer.json"), bytes).unwrap();
        survive(|| Tokenizer::load(&folder.path().join("tokenizer.json"), "<end>").is_ok());
    });
}

#[test]
fn a_tokenizer_whose_decoder_is_no_json_is_refused_by_name() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/organism/tokenizer.json");
    let damaged = std::fs::read_to_string(file).unwrap().replacen("\"decoder\": {", "\"decoder\": {\"type\" ", 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, damaged).unwrap();
    let error = survive(|| Tokenizer::load(&path, "<end>")).err().unwrap().to_string();
    assert!(error.contains("tokenizer.json") && error.contains("expected `:`"), "{error}");
}
