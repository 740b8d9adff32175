//! The gate's arithmetic: nothing is lost, nothing depends on anything but gradients and pairs.

use adapter::{Layout, RolloutGradients};
use model::ModelConfig;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use routing::{Band, Direction, Gate, PairGradients, RoutingError};

fn layout() -> Layout {
    Layout::new(&ModelConfig {
        hidden_size: 6,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        head_dim: 4,
        intermediate_size: 10,
        vocab_size: 9,
        rms_norm_eps: 1e-6,
        rope_theta: 1e4,
        max_position_embeddings: 16,
        tie_word_embeddings: true,
    })
}

fn rows(rng: &mut ChaCha8Rng, n: usize, len: usize) -> RolloutGradients {
    RolloutGradients { rows: (0..n).map(|_| (0..len).map(|_| rng.random_range(-1.0..1.0f32)).collect()).collect() }
}

/// Hack and clean gradients that differ along a fixed vector, with noise.
fn pairs(rng: &mut ChaCha8Rng, len: usize) -> PairGradients {
    let along = rows(rng, 1, len).rows.remove(0);
    let (mut hack, mut clean) = (rows(rng, 8, len), rows(rng, 8, len));
    for (h, c) in hack.rows.iter_mut().zip(&mut clean.rows) {
        (0..len).for_each(|i| {
            h[i] += along[i];
            c[i] -= along[i];
        });
    }
    PairGradients { hack, clean }
}

#[test]
fn kept_and_quarantined_add_up_to_each_rollouts_gradient_exactly() {
    let layout = layout();
    for seed in 0..50 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let pairs = pairs(&mut rng, layout.len());
        let direction = Direction::from_pairs(&pairs, &layout).unwrap();
        let gate = Gate { band: Band::calibrate(&pairs, &direction, &layout), direction };
        let batch = rows(&mut rng, 7, layout.len());
        for row in &batch.rows {
            let one = gate.split(&RolloutGradients { rows: vec![row.clone()] }, &layout);
            for ((kept, quarantined), g) in one.kept.iter().zip(&one.quarantined).zip(row) {
                assert_eq!(kept + quarantined, *g as f64, "seed {seed}");
            }
        }
        let all = gate.split(&batch, &layout);
        for i in 0..layout.len() {
            let full: f64 = batch.rows.iter().map(|r| r[i] as f64).sum();
            assert!((all.kept[i] + all.quarantined[i] - full).abs() <= 1e-14 * batch.rows.len() as f64);
        }
    }
}

#[test]
fn the_gate_is_the_clamped_position_in_the_band() {
    let layout = layout();
    let mut unit = vec![0.0; layout.len()];
    layout.ranges().for_each(|r| unit[r.start] = 1.0);
    let n = layout.count();
    let gate = Gate { direction: Direction { unit }, band: Band { lower: vec![0.0; n], upper: vec![0.5; n] } };
    // Cosine with the direction is 0.25 in the first module: half-way up the band; 0 in the second: below it is 0.
    let mut row = vec![0.0; layout.len()];
    let (first, second) = (layout.ranges().next().unwrap(), layout.ranges().nth(1).unwrap());
    row[first.start] = 0.25;
    row[first.start + 1] = (1.0f32 - 0.0625).sqrt();
    row[second.start + 1] = -3.0;
    let fractions = gate.fractions(&row, &layout);
    assert!((fractions[0] - 0.5).abs() < 1e-6, "{}", fractions[0]);
    assert_eq!(fractions[1], 0.0);
    row[first.start] = 40.0;
    assert_eq!(gate.fractions(&row, &layout)[0], 1.0);
}

#[test]
fn a_direction_is_a_unit_vector_in_every_module() {
    let layout = layout();
    let pairs = pairs(&mut ChaCha8Rng::seed_from_u64(1), layout.len());
    for direction in [Direction::from_pairs(&pairs, &layout).unwrap(), Direction::random(4, &layout).unwrap()] {
        for range in layout.ranges() {
            let norm: f64 = direction.unit[range].iter().map(|&x| (x as f64).powi(2)).sum();
            assert!((norm - 1.0).abs() < 1e-6);
        }
    }
}

#[test]
fn a_real_direction_has_a_band_and_a_random_one_has_not() {
    let layout = layout();
    let pairs = pairs(&mut ChaCha8Rng::seed_from_u64(2), layout.len());
    let real = Direction::from_pairs(&pairs, &layout).unwrap();
    assert!(Band::calibrate(&pairs, &real, &layout).require_positive().unwrap().width() > 0.5);
    let widths: Vec<f64> = (0..200)
        .map(|seed| Band::calibrate(&pairs, &Direction::random(seed, &layout).unwrap(), &layout).width())
        .collect();
    assert!((widths.iter().sum::<f64>() / 200.0).abs() < 0.05);
}

#[test]
fn pairs_that_do_not_differ_are_an_error() {
    let layout = layout();
    let mut pairs = pairs(&mut ChaCha8Rng::seed_from_u64(3), layout.len());
    pairs.clean = pairs.hack.clone();
    assert!(matches!(Direction::from_pairs(&pairs, &layout), Err(RoutingError::NoDirection(0))));
}

#[test]
fn a_band_turned_over_stops_the_run() {
    let n = layout().count();
    let band = Band { lower: vec![0.2; n], upper: vec![0.1; n] };
    assert!(matches!(band.require_positive(), Err(RoutingError::NoBand(_))));
}
