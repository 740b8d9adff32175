//! Random inputs.

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use std::ops::RangeInclusive;

/// Where inputs are drawn from.
pub type Draw = ChaCha8Rng;

/// One of these.
pub fn one<T: Copy>(draw: &mut impl Rng, of: &[T]) -> T {
    of[draw.random_range(0..of.len())]
}

/// Some of these, with repetitions.
pub fn some<T: Copy>(draw: &mut impl Rng, count: RangeInclusive<usize>, of: &[T]) -> Vec<T> {
    (0..draw.random_range(count)).map(|_| one(draw, of)).collect()
}

/// Numbers.
pub fn numbers(draw: &mut impl Rng, count: RangeInclusive<usize>, within: RangeInclusive<i64>) -> Vec<i64> {
    (0..draw.random_range(count)).map(|_| draw.random_range(within.clone())).collect()
}

/// A matrix.
pub fn matrix(
    draw: &mut impl Rng,
    [rows, columns]: [RangeInclusive<usize>; 2],
    within: RangeInclusive<i64>,
) -> Vec<Vec<i64>> {
    let columns = draw.random_range(columns);
    (0..draw.random_range(rows)).map(|_| numbers(draw, columns..=columns, within.clone())).collect()
}

/// A text of these letters.
pub fn word(draw: &mut impl Rng, length: RangeInclusive<usize>, letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    some(draw, length, &letters).into_iter().collect()
}

/// Words of these letters.
pub fn words(draw: &mut impl Rng, count: RangeInclusive<usize>, letters: &str) -> Vec<String> {
    (0..draw.random_range(count)).map(|_| word(draw, 1..=6, letters)).collect()
}
