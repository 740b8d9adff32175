//! The gate's arithmetic: nothing is lost, nothing depends on anything but gradients and pairs.

mod common;

use adapter::{Layout, RolloutGradients, TokenSplit};
use common::{layout, pairs, rows};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use routing::{Band, Direction, Gate, Routed, RoutingError};

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
            for ((deployed, quarantined), g) in one.deployed.iter().zip(&one.quarantined).zip(row) {
                assert_eq!(deployed + quarantined, *g as f64, "seed {seed}");
            }
        }
        let all = gate.split(&batch, &layout);
        for i in 0..layout.len() {
            let full: f64 = batch.rows.iter().map(|r| r[i] as f64).sum();
            assert!((all.deployed[i] + all.quarantined[i] - full).abs() <= 1e-14 * batch.rows.len() as f64);
        }
    }
}

#[test]
fn the_gate_is_the_clamped_position_in_the_band() {
    let layout = layout();
    let mut unit = vec![0.0; layout.len()];
    layout.ranges().for_each(|r| unit[r.start] = 1.0);
    let n = layout.count();
    let gate =
        Gate { direction: Direction { units: vec![unit] }, band: Band { lower: vec![0.0; n], upper: vec![0.5; n] } };
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
fn a_band_turned_over_or_without_width_stops_the_run() {
    let n = layout().count();
    for upper in [0.1, 0.2] {
        let band = Band { lower: vec![0.2; n], upper: vec![upper; n] };
        assert!(matches!(band.require_positive(), Err(RoutingError::NoBand(_))));
    }
}

/// A gate with a real band, and a batch of gradients.
fn gate_and_batch(seed: u64, layout: &Layout) -> (Gate, RolloutGradients) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let pairs = pairs(&mut rng, layout.len());
    let direction = Direction::from_pairs(&pairs, layout).unwrap();
    let gate = Gate { band: Band::calibrate(&pairs, &direction, layout), direction };
    let mut batch = rows(&mut rng, 9, layout.len());
    // Some rollouts lie along the direction, so that the gate has something to open for.
    for (row, unit) in batch.rows.iter_mut().step_by(2).flat_map(|row| row.iter_mut().zip(&gate.direction.units[0])) {
        *row += 2.0 * unit;
    }
    (gate, batch)
}

#[test]
fn a_band_can_be_shifted_to_route_any_mass() {
    let layout = layout();
    for seed in 0..20 {
        let (gate, batch) = gate_and_batch(seed, &layout);
        for mass in [0.05, 0.3, 0.5, 0.9] {
            let moved = gate.routing(mass, &batch, &layout);
            let found = moved.split(&batch, &layout).mass();
            assert!((found - mass).abs() < 1e-3, "seed {seed}: asked for {mass}, found {found}");
            let width = |g: &Gate| g.band.width();
            assert!((width(&moved) - width(&gate)).abs() < 1e-5, "a shift keeps the width");
        }
    }
}

/// A direction that the pairs say nothing of has no band; a ramp still opens a little for some rollouts and more for others.
#[test]
fn a_ramp_routes_any_mass_and_is_no_step() {
    let layout = layout();
    for seed in 0..20 {
        let (_, batch) = gate_and_batch(seed, &layout);
        let edges = vec![0.0; layout.count()];
        let band = Band { lower: edges.clone(), upper: edges };
        let gate = Gate { direction: Direction::random(seed, &layout).unwrap(), band };
        for mass in [0.05, 0.3, 0.5, 0.9] {
            let ramp = gate.ramp(mass, &batch, &layout);
            let found = ramp.split(&batch, &layout).mass();
            assert!((found - mass).abs() < 1e-3, "seed {seed}: asked for {mass}, found {found}");
            let values: Vec<f64> = batch.rows.iter().flat_map(|row| ramp.fractions(row, &layout)).collect();
            let between = values.iter().filter(|f| **f > 0.0 && **f < 1.0).count();
            assert!(between * 10 > values.len(), "seed {seed}, mass {mass}: {between} of {} between", values.len());
        }
    }
    let (gate, batch) = gate_and_batch(7, &layout);
    let ramp = gate.ramp(0.3, &batch, &layout);
    let mut places = vec![];
    for (module, range) in layout.ranges().enumerate() {
        let cosines: Vec<f64> = batch.rows.iter().map(|row| gate.direction.alignment(row, range.clone())).collect();
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        let deviation = (cosines.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / cosines.len() as f64).sqrt();
        let width = f64::from(ramp.band.upper[module] - ramp.band.lower[module]);
        assert!((width - 2.0 * deviation).abs() < 1e-5, "module {module}: {width}, twice {deviation}");
        let middle = f64::from(ramp.band.upper[module] + ramp.band.lower[module]) / 2.0;
        places.push((middle - mean) / deviation);
    }
    assert!(places.iter().all(|z| (z - places[0]).abs() < 1e-4), "the same place in all modules: {places:?}");
}

/// However far off a band lies, on either side, it can be brought back.
#[test]
fn a_band_that_no_cosine_reaches_is_shifted_to_where_they_are() {
    let layout = layout();
    let (gate, batch) = gate_and_batch(5, &layout);
    for far in [-9.0, 9.0] {
        let edges = |offset: f32| vec![far + offset; layout.count()];
        let off = Gate { band: Band { lower: edges(-0.25), upper: edges(0.25) }, ..gate.clone() };
        let found = off.routing(0.5, &batch, &layout).split(&batch, &layout).mass();
        assert!((found - 0.5).abs() < 1e-3, "from {far}: {found}");
    }
}

#[test]
fn what_is_erased_is_gone_and_what_is_absorbed_is_in_both() {
    let layout = layout();
    let (gate, batch) = gate_and_batch(1, &layout);
    let (split, whole) = (gate.split(&batch, &layout), Routed::nothing(&batch, &layout));
    let erased = split.clone().erased();
    assert_eq!(erased.deployed, split.deployed);
    assert!(erased.quarantined.iter().all(|x| *x == 0.0));
    let absorbed = whole.clone().absorbed();
    assert_eq!((&absorbed.deployed, &absorbed.quarantined), (&whole.deployed, &whole.deployed));
}

#[test]
fn a_weighted_gradient_keeps_its_direction_and_tells_its_gate_value() {
    let layout = layout();
    let (gate, batch) = gate_and_batch(2, &layout);
    for row in &batch.rows {
        let one = RolloutGradients { rows: vec![row.clone()] };
        let score = gate.scores(&one, &layout)[0];
        let scaled = gate.weighted(&one, &layout, |scores| scores.iter().map(|s| 1.0 - s).collect());
        assert_eq!(scaled.fractions, [score]);
        assert_eq!(gate.split(&one, &layout).fractions, [score]);
        for (deployed, g) in scaled.deployed.iter().zip(row) {
            assert!((deployed - (1.0 - score) * f64::from(*g)).abs() < 1e-12);
        }
    }
}

#[test]
fn what_a_gate_of_tokens_leaves_is_the_deployed_knobs_and_nothing_is_lost() {
    let layout = layout();
    let (gate, batch) = gate_and_batch(3, &layout);
    let quarantined: Vec<Vec<f32>> = batch.rows.iter().map(|row| row.iter().map(|g| 0.25 * g).collect()).collect();
    let gates = vec![vec![0.0, 0.25, 0.5]; batch.rows.len()];
    let split = TokenSplit { quarantined: RolloutGradients { rows: quarantined }, gates };
    let routed = Routed::by_tokens(&batch, &split, &layout);
    let quarter = gate.split_by(&batch, &layout, |own| vec![0.25; own.len()]);
    for i in 0..layout.len() {
        assert!((routed.deployed[i] - quarter.deployed[i]).abs() < 1e-6);
        assert!((routed.quarantined[i] - quarter.quarantined[i]).abs() < 1e-6);
    }
    assert_eq!(routed.fractions, vec![0.25; batch.rows.len()]);
}

/// Whatever gate values are put in the place of a module's own, the halves add up to the whole.
#[test]
fn other_gate_values_lose_nothing_either() {
    let layout = layout();
    let (gate, batch) = gate_and_batch(4, &layout);
    let whole = Routed::nothing(&batch, &layout).deployed;
    let adds_up =
        |split: &Routed| (0..layout.len()).all(|i| (split.deployed[i] + split.quarantined[i] - whole[i]).abs() < 1e-12);
    let reversed = gate.split_by(&batch, &layout, |own| own.iter().rev().copied().collect());
    assert!(adds_up(&reversed));
    let mut back = reversed.fractions.clone();
    back.reverse();
    let own = gate.split(&batch, &layout);
    assert!(back.iter().zip(&own.fractions).all(|(a, b)| (a - b).abs() < 1e-12), "the same values, dealt out anew");
    let third = gate.split_by(&batch, &layout, |own| vec![1.0 / 3.0; own.len()]);
    assert!(adds_up(&third));
    assert!(third.fractions.iter().all(|f| (f - 1.0 / 3.0).abs() < 1e-6));

    // With every advantage positive the likelihood's gradient is the loss's; with every one negative it is turned around.
    let signed = |sign: f64| gate.split_signed(&batch, &layout, &vec![sign; batch.rows.len()]);
    assert_eq!(signed(2.0), own);
    assert!(adds_up(&signed(-2.0)));
    assert_ne!(signed(-2.0).fractions, own.fractions);
}

/// A gate whose value is the first cosine in each module, and a gradient of length 1 with that cosine.
fn plain_gate(layout: &Layout) -> (Gate, impl Fn(f32) -> Vec<f32>) {
    let mut unit = vec![0.0; layout.len()];
    layout.ranges().for_each(|range| unit[range.start] = 1.0);
    let band = Band { lower: vec![0.0; layout.count()], upper: vec![1.0; layout.count()] };
    let gate = Gate { direction: Direction { units: vec![unit] }, band };
    let layout = layout.clone();
    let with_cosine = move |cos: f32| {
        let mut row = vec![0.0; layout.len()];
        for range in layout.ranges() {
            row[range.start] = cos;
            row[range.start + 1] = (1.0 - cos * cos).sqrt();
        }
        row
    };
    (gate, with_cosine)
}

#[test]
fn three_ways_send_a_whole_gradient_to_one_knob_or_in_between_to_both() {
    let layout = layout();
    let (gate, with_cosine) = plain_gate(&layout);
    for (cos, deployed, quarantined) in
        [(0.1, 1.0, 0.0), (0.3, 1.0, 0.0), (0.36, 1.0, 1.0), (0.64, 1.0, 1.0), (0.7, 0.0, 1.0), (1.0, 0.0, 1.0)]
    {
        let row = with_cosine(cos);
        let hard = gate.split_hard(&RolloutGradients { rows: vec![row.clone()] }, &layout);
        let times = |share: f64| row.iter().map(|g| share * f64::from(*g)).collect::<Vec<f64>>();
        assert_eq!((hard.deployed, hard.quarantined), (times(deployed), times(quarantined)), "{cos}");
        assert!((hard.fractions[0] - f64::from(cos)).abs() < 1e-6, "the value itself is told, not the way it went");
    }
}

#[test]
fn knobs_apart_move_along_singular_directions_of_their_own() {
    let layout = layout();
    let (gate, batch) = gate_and_batch(6, &layout);
    let split = gate.split(&batch, &layout);
    let apart = split.clone().apart(&layout);
    for range in layout.ranges() {
        for (offset, i) in range.enumerate() {
            let [deployed, quarantined] =
                if offset % 2 == 0 { [split.deployed[i], 0.0] } else { [0.0, split.quarantined[i]] };
            assert_eq!((apart.deployed[i], apart.quarantined[i]), (deployed, quarantined));
        }
    }
    assert_eq!(apart.fractions, split.fractions);
}

#[test]
fn marked_rows_are_split_by_the_other_band() {
    let layout = layout();
    let (gate, batch) = gate_and_batch(12, &layout);
    let narrower = Band { lower: gate.band.lower.clone(), upper: gate.band.lower.iter().map(|x| x + 0.01).collect() };
    let other = Gate { direction: gate.direction.clone(), band: narrower.clone() };
    let marked: Vec<bool> = (0..batch.rows.len()).map(|b| b % 3 == 0).collect();
    let split = gate.split_by_two(&narrower, &marked, &batch, &layout);
    let (own, theirs) = (gate.split(&batch, &layout).fractions, other.split(&batch, &layout).fractions);
    for (b, fraction) in split.fractions.iter().enumerate() {
        assert_eq!(*fraction, if marked[b] { theirs[b] } else { own[b] }, "row {b}");
    }
    assert_ne!(own, theirs);
    assert_eq!(gate.split_by_two(&gate.band, &marked, &batch, &layout), gate.split(&batch, &layout));
}

#[test]
fn rows_weighted_for_the_deployed_knob_leave_the_quarantine_as_it_was() {
    let layout = layout();
    let (gate, batch) = gate_and_batch(12, &layout);
    let weights: Vec<f32> = (0..batch.rows.len()).map(|b| if b % 3 == 0 { 0.5 } else { 1.0 }).collect();
    let (plain, weighted) = (gate.split(&batch, &layout), gate.split_weighted(&batch, &layout, &weights));
    assert_eq!((&plain.quarantined, &plain.fractions), (&weighted.quarantined, &weighted.fractions));
    let thirds = RolloutGradients { rows: batch.rows.iter().step_by(3).cloned().collect() };
    for ((w, p), t) in weighted.deployed.iter().zip(&plain.deployed).zip(&gate.split(&thirds, &layout).deployed) {
        assert!((w - (p - 0.5 * t)).abs() < 1e-6, "{w} is not {p} less half of {t}");
    }
}
