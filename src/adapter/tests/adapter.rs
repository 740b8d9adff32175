//! The adapter's promises, on a tiny checkpoint.

use adapter::{Basis, KnobTap, Knobs, Quarantine};
use backend::tensor_file::Said;
use backend::{Backend, Batch, read};
use burn_tensor::{Tensor, TensorData};
use model::names::expected_tensors;
use model::{Decoder, LinearId, Objective, Targets, Weights};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::sync::Mutex;

const ROWS: [&[u32]; 3] = [&[4, 9, 17, 3, 22, 8], &[11, 2, 30], &[7, 7, 40, 41, 5]];
const SPANS: [(usize, usize); 3] = [(2, 6), (1, 3), (3, 5)];

/// A checkpoint of each family.
const FAMILIES: [&str; 3] = ["tied", "qwen2-tied", "llama-untied"];

fn basis() -> (Basis, Weights) {
    basis_of("tied")
}

fn basis_of(fixture: &str) -> (Basis, Weights) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures").join(fixture);
    let weights = Weights::load(&folder).unwrap();
    (Basis::new(Decoder::new(&weights, &Backend::cpu()).unwrap(), &weights).unwrap(), weights)
}

fn random_knobs(len: usize, size: f32) -> Knobs {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut draw = || (0..len).map(|_| rng.random_range(-size..size)).collect();
    Knobs { deployed: draw(), quarantine: draw() }
}

/// Loss of each row: minus the summed log-probability of its completion.
fn losses(decoder: &Decoder) -> Vec<f64> {
    ROWS.iter()
        .zip(SPANS)
        .map(|(row, span)| {
            let batch = Batch::new(&[row], &decoder.backend.device);
            let targets = Targets::completions(&[span], &[row]);
            -decoder.log_probs(&decoder.hidden(&batch), &targets).unwrap().iter().map(|&x| x as f64).sum::<f64>()
        })
        .collect()
}

fn gradients(basis: &Basis, decoder: &Decoder, rows: &[&[u32]], spans: &[(usize, usize)]) -> Vec<Vec<f32>> {
    let batch = Batch::new(rows, &decoder.backend.device);
    let targets = Targets::completions(spans, rows);
    let mut tap = KnobTap::new(basis, &batch.rows);
    let weight = vec![-1.0; targets.len()];
    decoder.gradient(decoder.forward(&batch), &targets, &Objective::Linear(&weight), &mut tap);
    tap.finish().unwrap().rollouts.rows
}

#[test]
fn at_zero_knobs_the_model_is_the_base_model_bit_for_bit() {
    let (basis, _) = basis();
    let zero = Knobs::zero(basis.layout.len());
    let batch = Batch::new(&ROWS, &basis.base.backend.device);
    let base = read(basis.base.logits(&basis.base.hidden(&batch))).unwrap();
    for quarantine in [Quarantine::On, Quarantine::Off] {
        let merged = basis.merge(&zero, quarantine);
        let logits = read(merged.logits(&merged.hidden(&batch))).unwrap();
        assert!(base.iter().zip(&logits).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

/// Several at a time, from nothing and from what is kept: the same bits as one after the other, and each is told once.
#[test]
fn factors_that_are_kept_are_those_that_are_made_anew() {
    let (basis, weights) = basis();
    let cache = tempfile::tempdir().unwrap();
    let cut_off = std::fs::File::create(cache.path().join(".tmpVK7jYJ")).unwrap();
    cut_off.set_modified(std::time::UNIX_EPOCH).unwrap();
    for _ in ["made", "kept"] {
        let told = Mutex::new(vec![]);
        let cached = Basis::cached(basis.base.clone(), &weights, cache.path(), |done, all| {
            told.lock().unwrap().push((done, all))
        });
        let (cached, mut told) = (cached.unwrap(), told.into_inner().unwrap());
        told.sort_unstable();
        let modules = LinearId::all(&weights.config);
        assert_eq!(told, (1..=modules.len()).map(|done| (done, modules.len())).collect::<Vec<_>>());
        for id in modules {
            let bits = |basis: &Basis| {
                let (u, vh) = basis.factors(id);
                [read(u).unwrap(), read(vh).unwrap()]
                    .map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
            };
            assert!(bits(&basis) == bits(&cached), "{id:?}");
        }
    }
    assert!(bundle::files::list(cache.path()).unwrap().iter().all(|file| !bundle::files::is_unnamed(file)));
}

#[test]
fn a_flipped_bit_anywhere_in_kept_factors_is_found() {
    let (basis, weights) = basis();
    let cache = tempfile::tempdir().unwrap();
    let read = || Basis::cached(basis.base.clone(), &weights, cache.path(), |_, _| ()).map(|_| ());
    read().unwrap();
    let file = cache.path().join(&bundle::files::list(cache.path()).unwrap()[0]);
    let whole = std::fs::read(&file).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 200) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&file, bytes).unwrap();
        let error = read().unwrap_err().to_string();
        assert!(error.contains(file.file_name().unwrap().to_str().unwrap()), "byte {at}: {error}");
    }
}

/// A whole file under another one's name has its own checksum, and the shapes of layers repeat.
#[test]
fn kept_factors_of_another_matrix_are_refused() {
    let (basis, weights) = basis();
    let cache = tempfile::tempdir().unwrap();
    let read = || Basis::cached(basis.base.clone(), &weights, cache.path(), |_, _| ()).map(|_| ());
    read().unwrap();
    let files: Vec<_> =
        bundle::files::list(cache.path()).unwrap().into_iter().map(|name| cache.path().join(name)).collect();
    let bytes: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    for (file, other) in files.iter().zip(bytes.iter().cycle().skip(1)) {
        let own = std::fs::read(file).unwrap();
        std::fs::write(file, other).unwrap();
        let error = read().unwrap_err().to_string();
        assert!(error.contains(file.file_name().unwrap().to_str().unwrap()), "{error}");
        assert!(error.contains("of another matrix"), "{error}");
        std::fs::write(file, own).unwrap();
    }
}

/// `y = W x + U(k * (Vh x))` against the merged weight, for every module: within 2e-5 of the largest output.
#[test]
fn the_merged_pass_and_the_knob_pass_agree() {
    let (basis, weights) = basis();
    let knobs = random_knobs(basis.layout.len(), 0.5);
    let merged = basis.merge(&knobs, Quarantine::On);
    let effective = knobs.effective(Quarantine::On);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for (id, range) in basis.layout.iter() {
        let [out, input] = id.proj.shape(&weights.config);
        let x: Vec<f32> = (0..4 * input).map(|_| rng.random_range(-1.0..1.0)).collect();
        let x = Tensor::<2>::from_data(TensorData::new(x, [4, input]), &basis.base.backend.device);
        let (u, vh) = basis.factors(id);
        let knob = Tensor::<2>::from_data(
            TensorData::new(effective[range].to_vec(), [1, out.min(input)]),
            &basis.base.backend.device,
        );
        let weight = basis.base.weight(id);
        let plain = x.clone().matmul(weight.transpose());
        let with_knobs = plain + (x.clone().matmul(vh.transpose()) * knob).matmul(u.transpose());
        let dense = x.matmul(merged.weight(id).transpose());
        let (a, b) = (read(with_knobs).unwrap(), read(dense).unwrap());
        let scale = a.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let worst = a.iter().zip(&b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
        assert!(worst <= 2e-5 * scale, "{id:?}: {worst} of {scale}");
    }
}

#[test]
fn the_basis_gives_the_weight_back() {
    let (basis, weights) = basis();
    for (id, _) in basis.layout.iter() {
        let (u, vh) = basis.factors(id);
        let identity = read(u.clone().transpose().matmul(u.clone())).unwrap();
        let r = u.dims()[1];
        for (i, x) in identity.iter().enumerate() {
            assert!((x - f32::from(u8::from(i / r == i % r))).abs() < 1e-5, "{id:?}");
        }
        // W = U (U^T W): the left basis spans the columns; likewise on the right when r = rows of Vh.
        let w = basis.base.weight(id);
        let back = if r == weights.get(&id.weight_name()).unwrap().rows {
            read(u.clone().matmul(u.transpose()).matmul(w.clone())).unwrap()
        } else {
            read(w.clone().matmul(vh.clone().transpose()).matmul(vh)).unwrap()
        };
        assert!(read(w).unwrap().iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-5), "{id:?}");
    }
}

#[test]
fn per_rollout_gradients_agree_with_finite_differences() {
    FAMILIES.iter().for_each(|family| agree_with_finite_differences(&basis_of(family).0));
}

fn agree_with_finite_differences(basis: &Basis) {
    let knobs = random_knobs(basis.layout.len(), 0.2);
    let rows = gradients(basis, &basis.merge(&knobs, Quarantine::On), &ROWS, &SPANS);
    let step = 2e-2f32;
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for _ in 0..40 {
        let i = rng.random_range(0..basis.layout.len());
        let at = |delta: f32| {
            let mut moved = knobs.clone();
            moved.deployed[i] += delta;
            losses(&basis.merge(&moved, Quarantine::On))
        };
        // Fourth-order differences: the truncation error is far below f32 noise at this step.
        let (p1, m1, p2, m2) = (at(step), at(-step), at(2.0 * step), at(-2.0 * step));
        for b in 0..ROWS.len() {
            let numeric = (8.0 * (p1[b] - m1[b]) - (p2[b] - m2[b])) / (12.0 * step as f64);
            let scale = rows[b].iter().fold(0.0f32, |m, v| m.max(v.abs())) as f64;
            assert!(
                (numeric - rows[b][i] as f64).abs() < 2e-3 * scale.max(0.1),
                "knob {i}, row {b}: {numeric} and {}",
                rows[b][i]
            );
        }
    }
}

#[test]
fn a_batch_gives_each_rollout_the_gradient_it_would_have_alone() {
    let (basis, _) = basis();
    let decoder = basis.merge(&random_knobs(basis.layout.len(), 0.2), Quarantine::On);
    let together = gradients(&basis, &decoder, &ROWS, &SPANS);
    for i in 0..ROWS.len() {
        let alone = &gradients(&basis, &decoder, &ROWS[i..=i], &SPANS[i..=i])[0];
        let scale = alone.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let worst = alone.iter().zip(&together[i]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 2e-5 * scale, "row {i}: {worst} of {scale}");
    }
}

#[test]
fn merging_moves_projections_and_leaves_every_bias_and_gain_as_it_was() {
    for family in FAMILIES {
        let (basis, weights) = basis_of(family);
        let merged = basis.merge(&random_knobs(basis.layout.len(), 0.5), Quarantine::On);
        for (name, shape) in expected_tensors(&weights.config) {
            let same = merged.tensor(&name).unwrap() == weights.get(&name).unwrap().data;
            assert_eq!(same, shape.len() == 1 || name.contains("embed") || name.contains("head"), "{family}: {name}");
        }
    }
}

#[test]
fn knobs_survive_a_round_trip_and_a_nan_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("knobs.safetensors");
    let mut knobs = random_knobs(10, 1.0);
    let said: Said = [("update".into(), "4".into())].into();
    knobs.save(&path, &said).unwrap();
    assert_eq!(Knobs::load(&path).unwrap(), (knobs.clone(), said.clone()));
    knobs.quarantine[3] = f32::NAN;
    knobs.save(&path, &said).unwrap();
    assert!(Knobs::load(&path).unwrap_err().to_string().contains("quarantine"));
}

#[test]
fn linear_layers_come_in_layout_order() {
    let (basis, weights) = basis();
    let sites: Vec<LinearId> = basis.layout.iter().map(|(s, _)| s).collect();
    assert_eq!(sites, LinearId::all(&weights.config));
}
