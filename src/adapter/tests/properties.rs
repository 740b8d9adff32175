//! Knobs of any size: merging is the formula, deploying forgets the quarantine, and files give back what they were given.

use adapter::{Basis, Knobs, Quarantine, export};
use backend::tensor_file::{Said, TensorFile};
use backend::{Backend, read};
use damage::{Damaged, cases, damaged, survive};
use model::{Decoder, Weights};
use proptest::collection::vec;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures/untied")
}

fn basis() -> Basis {
    let weights = Weights::load(&base()).unwrap();
    Basis::new(Decoder::new(&weights, &Backend::cpu()).unwrap(), &weights).unwrap()
}

fn knobs(len: usize, size: f32) -> impl Strategy<Value = Knobs> {
    let knob = move || vec(prop_oneof![Just(0.0), -size..size], len);
    (knob(), knob()).prop_map(|(deployed, quarantine)| Knobs { deployed, quarantine })
}

/// `W + U diag(k) Vh` of one module, in f64 and entry by entry.
fn expected(basis: &Basis, id: model::LinearId, knob: &[f64]) -> Vec<f64> {
    let (u, vh) = basis.factors(id);
    let ([rows, r], cols) = (u.dims(), vh.dims()[1]);
    let (u, vh, w) = (read(u).unwrap(), read(vh).unwrap(), read(basis.base.weight(id)).unwrap());
    let entry = |i: usize| {
        let (row, col) = (i / cols, i % cols);
        let delta: f64 = (0..r).map(|k| f64::from(u[row * r + k]) * knob[k] * f64::from(vh[k * cols + col])).sum();
        f64::from(w[i]) + delta
    };
    (0..rows * cols).map(entry).collect()
}

#[test]
fn a_merged_weight_is_the_base_weight_with_both_knobs_applied() {
    let basis = basis();
    proptest!(cases(8), |(knobs in knobs(basis.layout.len(), 2.0))| {
        for quarantine in [Quarantine::On, Quarantine::Off] {
            let merged = basis.merge(&knobs, quarantine);
            let m = if quarantine == Quarantine::On { 1.0 } else { 0.0 };
            let effective: Vec<f64> =
                knobs.deployed.iter().zip(&knobs.quarantine).map(|(d, h)| f64::from(*d) + m * f64::from(*h)).collect();
            for (id, range) in basis.layout.iter() {
                let (found, wanted) = (read(merged.weight(id)).unwrap(), expected(&basis, id, &effective[range]));
                for (f, w) in found.iter().zip(&wanted) {
                    prop_assert!((f64::from(*f) - w).abs() < 2e-5, "{id:?}: {f}, expected {w}");
                }
            }
        }
    });
}

#[test]
fn what_is_deployed_and_exported_is_the_same_whatever_the_quarantine_holds() {
    let basis = basis();
    proptest!(cases(4), |(knobs in knobs(basis.layout.len(), 2.0))| {
        let alone = basis.merge(&knobs.deployed_alone(), Quarantine::On);
        let out = tempfile::tempdir().unwrap();
        export::hub(&basis, &knobs, &base(), out.path()).unwrap();
        let exported = Weights::load(out.path()).unwrap();
        for (id, _) in basis.layout.iter() {
            let stored = exported.get(&id.weight_name()).unwrap().data.clone();
            prop_assert_eq!(&stored, &read(alone.weight(id)).unwrap());
            prop_assert_eq!(stored, read(basis.merge(&knobs, Quarantine::Off).weight(id)).unwrap());
        }
    });
}

fn saved(knobs: &Knobs) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("knobs.safetensors");
    knobs.save(&path, &Said::new()).unwrap();
    (folder, path)
}

fn few() -> Vec<Vec<u8>> {
    let three = Knobs { deployed: vec![1.0, -2.5, 0.0], quarantine: vec![0.5, 3.0, 1e-9] };
    let bytes = |knobs: Knobs| {
        let (_folder, path) = saved(&knobs);
        std::fs::read(path).unwrap()
    };
    [three, Knobs::zero(0)].map(bytes).into()
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn knobs_are_read_as_they_were_written(knobs in (0usize..40).prop_flat_map(|len| knobs(len, f32::MAX))) {
        let (_folder, path) = saved(&knobs);
        prop_assert_eq!(Knobs::load(&path).unwrap().0, knobs);
    }

    #[test]
    fn a_damaged_file_of_knobs_is_an_error_with_its_name_or_the_same_knobs(Damaged { whole, bytes } in damaged(few())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("knobs.safetensors");
        std::fs::write(&path, whole).unwrap();
        let written = Knobs::load(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
        match survive(|| Knobs::load(&path)) {
            Ok(read) => prop_assert_eq!(read, written),
            Err(error) => prop_assert!(error.to_string().contains("knobs.safetensors"), "{error}"),
        }
    }

    /// What a cache of singular bases is read by: any type, any shape.
    #[test]
    fn a_tensor_of_a_damaged_file_is_an_error_or_whole_numbers_of_values(Damaged { bytes, .. } in damaged(few())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.safetensors");
        std::fs::write(&path, bytes).unwrap();
        let file = TensorFile::read(&path).unwrap();
        survive(|| file.raw("deployed").map(|raw| raw.widen()).is_ok());
    }
}
