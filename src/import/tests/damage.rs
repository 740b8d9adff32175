//! GGUF files that a disk, a stopped download or somebody else made something else of.

mod common;

use common::{File, fixture, imported};
use damage::{Damaged, cases, damaged, survive};
use import::gguf::Gguf;
use proptest::prelude::*;

/// Files small enough that blows hit what is not values.
fn files() -> Vec<Vec<u8>> {
    let mut bare = File::tiny();
    bare.tensors.truncate(2);
    let packings = std::fs::read(fixture("packings.gguf")).unwrap();
    vec![File::tiny().bytes(), bare.bytes(), packings]
}

/// The beginning of a file, up to its data: a blow to the whole file mostly hits values.
fn heads() -> Vec<Vec<u8>> {
    let packings = std::fs::read(fixture("packings.gguf")).unwrap();
    let head = packings.len() - 6656;
    let tiny = File::tiny();
    let data: usize = tiny.tensors.iter().map(|(_, packed)| packed.bytes.len().next_multiple_of(32)).sum();
    let bytes = tiny.bytes();
    vec![packings[..head].to_vec(), bytes[..bytes.len() - data].to_vec()]
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_parses_can_be_unpacked_to_its_last_row(Damaged { bytes, .. } in damaged(files())) {
        if let Ok(gguf) = survive(|| Gguf::parse(&bytes)) {
            for tensor in gguf.tensors.values().filter(|tensor| tensor.cols() < 1 << 20) {
                let mut values = vec![0.0; tensor.cols()];
                if tensor.rows() > 0 {
                    survive(|| tensor.unpack(tensor.rows() - 1, &mut values));
                }
            }
        }
    }

    #[test]
    fn a_damaged_head_before_whole_data_is_refused_in_words_or_imported(Damaged { bytes, .. } in damaged(heads())) {
        let file = [bytes, vec![0; 1 << 13]].concat();
        let (_keep, out, made) = survive(|| imported(&file));
        match made {
            Ok(_) => prop_assert!(out.join("config.json").exists()),
            Err(error) => {
                prop_assert!(error.to_string().contains("model.gguf"), "{error}");
                prop_assert!(bundle::files::list(&out).unwrap_or_default().is_empty());
            }
        }
    }
}
