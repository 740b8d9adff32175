//! The gate and the band for any gradients at all, against the formulas of the design in a few lines of their own.

use adapter::{Layout, RolloutGradients};
use damage::cases;
use model::ModelConfig;
use proptest::collection::vec;
use proptest::prelude::*;
use routing::{Band, Direction, Gate, PairGradients, Routed};

fn layout() -> Layout {
    Layout::new(&ModelConfig {
        family: &model::family::QWEN3,
        hidden_size: 3,
        num_hidden_layers: 1,
        num_attention_heads: 1,
        num_key_value_heads: 1,
        head_dim: 2,
        intermediate_size: 4,
        vocab_size: 5,
        rms_norm_eps: 1e-6,
        rope_theta: 1e4,
        max_position_embeddings: 8,
        tie_word_embeddings: true,
    })
}

/// Gradients of every size that f32 has, zero and the smallest among them.
fn number() -> impl Strategy<Value = f32> {
    use proptest::num::f32::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    prop_oneof![3 => -1.0f32..1.0, 1 => POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO]
}

fn rows(count: std::ops::Range<usize>) -> impl Strategy<Value = RolloutGradients> {
    vec(vec(number(), layout().len()), count).prop_map(|rows| RolloutGradients { rows })
}

/// Any gate: bands that are wide, narrow, empty and turned over.
fn gate() -> impl Strategy<Value = Gate> {
    let edges = || vec(-1.0f32..1.0, layout().count());
    let width = prop_oneof![Just(0.0f32), Just(1e-7), -1.0f32..1.0];
    (any::<u64>(), edges(), vec(width, layout().count())).prop_map(|(seed, lower, widths)| {
        let upper = lower.iter().zip(widths).map(|(l, w)| l + w).collect();
        Gate { direction: Direction::random(seed, &layout()).unwrap(), band: Band { lower, upper } }
    })
}

/// Cosine in f64; 0 where a vector is 0.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| of(f64::from(*x), f64::from(*y))).sum::<f64>();
    let norms = sum(&|x, _| x * x).sqrt() * sum(&|_, y| y * y).sqrt();
    if norms == 0.0 { 0.0 } else { sum(&|x, y| x * y) / norms }
}

/// `clamp((cos - lower) / max(upper - lower, 1e-6), 0, 1)`, of each module.
fn expected(gate: &Gate, row: &[f32]) -> Vec<f64> {
    let one = |(module, range): (usize, std::ops::Range<usize>)| {
        let (lower, upper) = (f64::from(gate.band.lower[module]), f64::from(gate.band.upper[module]));
        let position =
            (cosine(&row[range.clone()], &gate.direction.units[0][range]) - lower) / f64::max(upper - lower, 1e-6);
        position.clamp(0.0, 1.0)
    };
    layout().ranges().enumerate().map(one).collect()
}

/// The largest difference of a sum of this many products that the order of addition may make.
fn slack(batch: &RolloutGradients, at: usize) -> f64 {
    batch.rows.iter().map(|row| f64::from(row[at]).abs()).sum::<f64>() * batch.rows.len() as f64 * f64::EPSILON
}

fn adds_up(split: &Routed, batch: &RolloutGradients) -> Result<(), TestCaseError> {
    for at in 0..layout().len() {
        let whole: f64 = batch.rows.iter().map(|row| f64::from(row[at])).sum();
        let lost = (split.deployed[at] + split.quarantined[at] - whole).abs();
        prop_assert!(lost <= 2.0 * slack(batch, at), "{lost} of {whole} is lost at {at}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn both_parts_of_a_rollouts_gradient_are_the_whole_to_the_bit(gate in gate(), batch in rows(1..2), share in 0.0f64..=1.0, sign in -1.0f64..1.0) {
        let layout = layout();
        let splits = [
            gate.split(&batch, &layout),
            gate.split_signed(&batch, &layout, &[sign]),
            gate.split_by(&batch, &layout, |own| vec![share; own.len()]),
        ];
        for split in splits {
            for ((deployed, quarantined), g) in split.deployed.iter().zip(&split.quarantined).zip(&batch.rows[0]) {
                prop_assert_eq!(deployed + quarantined, f64::from(*g));
            }
        }
    }

    #[test]
    fn a_batch_loses_nothing_however_it_is_split(gate in gate(), batch in rows(0..5), share in 0.0f64..=1.0) {
        let layout = layout();
        adds_up(&gate.split(&batch, &layout), &batch)?;
        adds_up(&gate.split_by(&batch, &layout, |own| vec![share; own.len()]), &batch)?;
        adds_up(&gate.split_signed(&batch, &layout, &vec![-1.0; batch.rows.len()]), &batch)?;
        adds_up(&Routed::nothing(&batch, &layout), &batch)?;
    }

    /// The quarantine gets `f g` of the definition, within the step of gate values.
    #[test]
    fn the_gate_is_the_formula_of_the_design(gate in gate(), batch in rows(1..4)) {
        let layout = layout();
        let split = gate.split(&batch, &layout);
        for (row, mean) in batch.rows.iter().zip(&split.fractions) {
            let (found, expected) = (gate.fractions(row, &layout), expected(&gate, row));
            for (f, e) in found.iter().zip(&expected) {
                prop_assert!((0.0..=1.0).contains(f));
                // A band of 1e-6 turns the last bits of a cosine into 1e-9.
                prop_assert!((f - e).abs() < 1e-7 + 1e-8, "{f}, expected {e}");
            }
            prop_assert!((mean - found.iter().sum::<f64>() / found.len() as f64).abs() < 1e-12);
        }
    }

    #[test]
    fn more_likeness_never_routes_less(gate in gate(), batch in rows(2..3)) {
        let layout = layout();
        let [a, b] = [&batch.rows[0], &batch.rows[1]];
        let (of_a, of_b) = (gate.fractions(a, &layout), gate.fractions(b, &layout));
        for (module, range) in layout.ranges().enumerate() {
            let unit = &gate.direction.units[0][range.clone()];
            match cosine(&a[range.clone()], unit) - cosine(&b[range], unit) {
                further if further > 1e-12 => prop_assert!(of_a[module] >= of_b[module]),
                nearer if nearer < -1e-12 => prop_assert!(of_a[module] <= of_b[module]),
                _ => {}
            }
        }
    }

    #[test]
    fn a_band_that_lies_higher_routes_no_more(gate in gate(), batch in rows(1..4), by in 0.0f32..1.0) {
        let layout = layout();
        let raised = |edges: &[f32]| edges.iter().map(|x| x + by).collect();
        let band = Band { lower: raised(&gate.band.lower), upper: raised(&gate.band.upper) };
        let higher = Gate { band, ..gate.clone() };
        // f32 edges round: a narrow band may come out wider or narrower by that, so only bands that are wide are compared.
        let wide = |m: usize| gate.band.upper[m] - gate.band.lower[m] > 1e-2;
        for row in &batch.rows {
            let (above, own) = (higher.fractions(row, &layout), gate.fractions(row, &layout));
            for module in (0..layout.count()).filter(|&m| wide(m)) {
                prop_assert!(above[module] <= own[module] + 1e-4);
            }
        }
    }

    /// A band without width, or with its edges in the wrong order, is a step at its lower edge; it is no band of pairs.
    #[test]
    fn a_degenerate_band_is_a_step_and_stops_a_run(gate in gate(), batch in rows(1..4), below in 0.0f32..0.5) {
        let layout = layout();
        let upper: Vec<f32> = gate.band.lower.iter().map(|lower| lower - below).collect();
        let step = Gate { band: Band { upper, ..gate.band.clone() }, ..gate };
        for row in &batch.rows {
            let found = step.fractions(row, &layout);
            for (module, range) in layout.ranges().enumerate() {
                let cos = cosine(&row[range.clone()], &step.direction.units[0][range]);
                let over = cos - f64::from(step.band.lower[module]);
                prop_assert!(over > 0.0 || over > -1e-12 || found[module] == 0.0);
                prop_assert!(over < 1.1e-6 || found[module] == 1.0);
            }
        }
        prop_assert!(step.band.clone().width() <= 0.0);
        prop_assert!(step.band.require_positive().is_err());
    }

    #[test]
    fn the_band_is_the_mean_cosine_of_each_side(seed in any::<u64>(), hack in rows(3..4), clean in rows(3..4)) {
        let layout = layout();
        let direction = Direction::random(seed, &layout).unwrap();
        let band = Band::calibrate(&PairGradients { hack: hack.clone(), clean: clean.clone() }, &direction, &layout);
        for (module, range) in layout.ranges().enumerate() {
            let mean = |side: &RolloutGradients| {
                side.rows.iter().map(|row| cosine(&row[range.clone()], &direction.units[0][range.clone()])).sum::<f64>() / 3.0
            };
            prop_assert!((f64::from(band.lower[module]) - mean(&clean)).abs() < 1e-6);
            prop_assert!((f64::from(band.upper[module]) - mean(&hack)).abs() < 1e-6);
        }
    }
}
