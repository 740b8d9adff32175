//! Directions from pairs: one or several, by themselves or without what another one shares.

mod common;

use adapter::RolloutGradients;
use common::{layout, pairs};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use routing::{Direction, PairGradients, RoutingError};
use std::ops::Range;

#[test]
fn a_direction_is_a_unit_vector_in_every_module() {
    let layout = layout();
    let pairs = pairs(&mut ChaCha8Rng::seed_from_u64(1), layout.len());
    for direction in [Direction::from_pairs(&pairs, &layout).unwrap(), Direction::random(4, &layout).unwrap()] {
        for range in layout.ranges() {
            let norm: f64 = direction.units[0][range].iter().map(|&x| (x as f64).powi(2)).sum();
            assert!((norm - 1.0).abs() < 1e-6);
        }
    }
}

#[test]
fn pairs_that_do_not_differ_are_an_error() {
    let layout = layout();
    let mut pairs = pairs(&mut ChaCha8Rng::seed_from_u64(3), layout.len());
    pairs.clean = pairs.hack.clone();
    assert!(matches!(Direction::from_pairs(&pairs, &layout), Err(RoutingError::NoDirection(0))));
    assert!(matches!(Direction::leading(&pairs, &layout, 1), Err(RoutingError::NoDirection(0))));
}

/// The sum of these would be infinite.
#[test]
fn gradients_as_large_as_numbers_get_have_a_mean_and_so_a_direction() {
    let layout = layout();
    let rows = |value: f32| RolloutGradients { rows: vec![vec![value; layout.len()]; 8] };
    let largest = PairGradients { hack: rows(f32::MAX), clean: rows(0.0) };
    let small = PairGradients { hack: rows(1.0), clean: rows(0.0) };
    let of = |pairs| Direction::from_pairs(pairs, &layout).unwrap();
    assert_eq!(of(&largest), of(&small), "a direction has no length");
}

#[test]
fn the_leading_direction_is_the_one_that_pairs_differ_along_most() {
    let layout = layout();
    let mut pairs = pairs(&mut ChaCha8Rng::seed_from_u64(6), layout.len());
    // Power iteration on D^T D, in the first module: the leading right singular vector without a singular value decomposition.
    let range = layout.ranges().next().unwrap();
    for (p, row) in pairs.hack.rows.iter_mut().enumerate() {
        row[range.start] += if p % 2 == 0 { 9.0 } else { 7.0 };
    }
    let differences: Vec<Vec<f64>> = pairs
        .hack
        .rows
        .iter()
        .zip(&pairs.clean.rows)
        .map(|(h, c)| range.clone().map(|i| f64::from(h[i]) - f64::from(c[i])).collect())
        .collect();
    let mut v = vec![1.0f64; range.len()];
    for _ in 0..500 {
        let along: Vec<f64> = differences.iter().map(|d| d.iter().zip(&v).map(|(a, b)| a * b).sum()).collect();
        v = (0..v.len()).map(|i| differences.iter().zip(&along).map(|(d, a)| d[i] * a).sum()).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v.iter_mut().for_each(|x| *x /= norm);
    }
    let leading = Direction::leading(&pairs, &layout, 3).unwrap();
    let cos: f64 = leading.units[0][range.clone()].iter().zip(&v).map(|(a, b)| f64::from(*a) * b).sum();
    assert!((cos.abs() - 1.0).abs() < 1e-4, "{cos}");
    let mean: f64 = differences
        .iter()
        .map(|d| d.iter().zip(&leading.units[0][range.clone()]).map(|(a, b)| a * f64::from(*b)).sum::<f64>())
        .sum();
    assert!(mean > 0.0, "it is turned toward the mean difference");
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let dot: f64 = range.clone().map(|i| f64::from(leading.units[a][i]) * f64::from(leading.units[b][i])).sum();
        assert!(dot.abs() < 1e-5, "directions {a} and {b} are orthogonal");
    }
}

#[test]
fn every_leading_direction_points_from_clean_to_hack_whichever_side_is_which() {
    let layout = layout();
    let pairs = pairs(&mut ChaCha8Rng::seed_from_u64(9), layout.len());
    let turned = PairGradients { hack: pairs.clean.clone(), clean: pairs.hack.clone() };
    for pairs in [pairs, turned] {
        let leading = Direction::leading(&pairs, &layout, 3).unwrap();
        let along = |side: &RolloutGradients, unit: &[f32], range: &Range<usize>| {
            let own = side.rows.iter().flat_map(|row| row[range.clone()].iter().zip(&unit[range.clone()]));
            own.map(|(g, u)| f64::from(*g) * f64::from(*u)).sum::<f64>()
        };
        for (unit, range) in leading.units.iter().flat_map(|unit| layout.ranges().map(move |range| (unit, range))) {
            let (hack, clean) = (along(&pairs.hack, unit, &range), along(&pairs.clean, unit, &range));
            assert!(hack > clean, "{hack} against {clean} in {range:?}");
        }
    }
}

#[test]
fn more_directions_than_pairs_are_refused() {
    let layout = layout();
    let pairs = pairs(&mut ChaCha8Rng::seed_from_u64(7), layout.len());
    let count = pairs.hack.rows.len() + 1;
    assert!(matches!(Direction::leading(&pairs, &layout, count), Err(RoutingError::NoDirection(_))));
}

#[test]
fn a_direction_without_another_is_orthogonal_to_it_in_every_module() {
    let layout = layout();
    let pairs = pairs(&mut ChaCha8Rng::seed_from_u64(8), layout.len());
    let (own, other) = (Direction::from_pairs(&pairs, &layout).unwrap(), Direction::random(3, &layout).unwrap());
    let left = own.without(&other, &layout).unwrap();
    for range in layout.ranges() {
        assert!(left.alignment(&other.units[0], range.clone()).abs() < 1e-5);
        assert!(left.alignment(&own.units[0], range) > 0.0, "it still points the same way");
    }
}

#[test]
fn a_start_toward_the_hack_goes_against_the_direction_where_the_quarantine_is_alone() {
    let layout = layout();
    let pairs = pairs(&mut ChaCha8Rng::seed_from_u64(10), layout.len());
    let direction = Direction::from_pairs(&pairs, &layout).unwrap();
    let knob = direction.toward_the_hack(0.05, &layout);
    for (offset, i) in layout.ranges().flat_map(|range| range.enumerate()) {
        let expected = match (offset % 2, direction.units[0][i] > 0.0) {
            (0, _) => 0.0,
            (_, true) => -0.05,
            (_, false) => 0.05,
        };
        assert_eq!(knob[i], expected);
    }
}
