//! Singular value decompositions on the host, and whether what a device says is one.

use crate::matrix::Matrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// A thin decomposition `W = U diag(s) Vh`.
#[derive(Clone, Debug)]
pub struct Svd {
    /// Left vectors, `[rows, r]`.
    pub u: Matrix,
    /// Singular values.
    pub s: Vec<f32>,
    /// Right vectors, `[r, cols]`.
    pub vh: Matrix,
}

impl Svd {
    /// `U diag(s) Vh`, summed in f64.
    pub fn product(&self) -> Matrix {
        let (r, cols) = (self.s.len(), self.vh.cols);
        let row = |left: &[f32]| {
            let mut sums = vec![0.0f64; cols];
            for ((&u, &s), right) in left.iter().zip(&self.s).zip(self.vh.data.chunks_exact(cols)) {
                let scale = f64::from(u) * f64::from(s);
                sums.iter_mut().zip(right).for_each(|(sum, &v)| *sum += scale * f64::from(v));
            }
            sums.into_iter().map(|x| x as f32).collect::<Vec<f32>>()
        };
        let data = self.u.data.par_chunks_exact(r).flat_map_iter(row).collect();
        Matrix { rows: self.u.rows, cols, data }
    }

    /// The same with the largest entry of each left vector positive, the first of equal ones: no library chooses the sign.
    pub fn with_signs_fixed(mut self) -> Self {
        let (r, cols) = (self.u.cols, self.vh.cols);
        let larger = |most: f32, x: f32| if x.abs() > most.abs() { x } else { most };
        let block = |rows: &[f32]| {
            let mut largest = vec![0.0f32; r];
            for row in rows.chunks_exact(r) {
                largest.iter_mut().zip(row).for_each(|(most, &x)| *most = larger(*most, x));
            }
            largest
        };
        let blocks: Vec<Vec<f32>> = self.u.data.par_chunks(BLOCK * r).map(block).collect();
        let sign = |k: usize| blocks.iter().fold(0.0, |most, block| larger(most, block[k])).signum();
        let signs: Vec<f32> = (0..r).map(sign).collect();
        self.u.data.par_chunks_exact_mut(r).for_each(|row| row.iter_mut().zip(&signs).for_each(|(x, sign)| *x *= sign));
        let rows = self.vh.data.par_chunks_exact_mut(cols).zip(&signs);
        rows.for_each(|(row, sign)| row.iter_mut().for_each(|x| *x *= sign));
        self
    }
}

/// In f64; `None` if it did not converge.
pub fn on_the_host(m: &Matrix) -> Option<Svd> {
    let dense = faer::Mat::from_fn(m.rows, m.cols, |i, j| m.data[i * m.cols + j] as f64);
    let svd = dense.thin_svd().ok()?;
    let (u, v, r) = (svd.U(), svd.V(), m.rows.min(m.cols));
    let left = (0..m.rows).flat_map(|i| (0..r).map(move |k| u[(i, k)] as f32)).collect();
    let right = (0..r).flat_map(|k| (0..m.cols).map(move |j| v[(j, k)] as f32)).collect();
    let values = svd.S().column_vector();
    let s = (0..r).map(|k| values[k] as f32).collect();
    Some(Svd { u: Matrix { rows: m.rows, cols: r, data: left }, s, vh: Matrix { rows: r, cols: m.cols, data: right } })
}

/// How far from one a decomposition may be.
const NEAR: f64 = 1e-3;
/// The same where what is tried was divided by singular values: what is left of a matrix in f32 is no better along the smallest.
const NEAR_DIVIDED: f64 = 0.03;
/// Singular values below this share of the largest are noise of f32, and what they belong to is anybody's choice.
const NOISE: f64 = 1e-6;
/// Random vectors that are tried.
const PROBES: u64 = 4;
/// Rows that one thread goes through.
const BLOCK: usize = 128;

/// Whether these are singular vectors and values of `W`: `U` and `V` must have orthonormal columns, and `W V = U diag(s)`. Tried on vectors
/// `x` of random signs: `U^T U x = x`, `V^T V x = x`, and `W V (x / s) = U x`, by which each direction counts alike, however small its value.
pub fn holds(w: &Matrix, svd: &Svd) -> bool {
    let Svd { u, s, vh } = svd;
    let largest = f64::from(s.iter().copied().fold(0.0, f32::max));
    let is_said = |s: f32| f64::from(s) > NOISE * largest;
    (0..PROBES).all(|seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let x: Vec<f64> = (0..u.cols).map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 }).collect();
        let kept = |divide: bool| -> Vec<f64> {
            let one = |(x, &s): (&f64, &f32)| match is_said(s) {
                true => x / if divide { f64::from(s) } else { 1.0 },
                false => 0.0,
            };
            x.iter().zip(s).map(one).collect()
        };
        near(&transposed_times(u, &times(u, &x)), &x, NEAR)
            && near(&times(vh, &transposed_times(vh, &x)), &x, NEAR)
            && near(&times(w, &transposed_times(vh, &kept(true))), &times(u, &kept(false)), NEAR_DIVIDED)
    })
}

fn times(m: &Matrix, x: &[f64]) -> Vec<f64> {
    m.data.par_chunks_exact(m.cols).map(|row| row.iter().zip(x).map(|(a, x)| f64::from(*a) * x).sum()).collect()
}

fn transposed_times(m: &Matrix, x: &[f64]) -> Vec<f64> {
    let block = |(rows, x): (&[f32], &[f64])| {
        let mut sums = vec![0.0; m.cols];
        for (row, x) in rows.chunks_exact(m.cols).zip(x) {
            sums.iter_mut().zip(row).for_each(|(sum, a)| *sum += f64::from(*a) * x);
        }
        sums
    };
    let blocks: Vec<Vec<f64>> = m.data.par_chunks(BLOCK * m.cols).zip(x.par_chunks(BLOCK)).map(block).collect();
    (0..m.cols).map(|j| blocks.iter().map(|sums| sums[j]).sum()).collect()
}

/// Within this share of the length; not where anything is not a number.
fn near(a: &[f64], b: &[f64], share: f64) -> bool {
    let square = |of: &mut dyn Iterator<Item = f64>| of.map(|x| x * x).sum::<f64>();
    square(&mut a.iter().zip(b).map(|(a, b)| a - b)) <= share * share * square(&mut b.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(rows: usize, cols: usize, seed: u64) -> Matrix {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Matrix { rows, cols, data: (0..rows * cols).map(|_| rng.random::<f32>() - 0.5).collect() }
    }

    /// A matrix whose last singular value is next to nothing, as those of trained query projections are.
    fn nearly_singular(n: usize) -> Matrix {
        let mut m = random(n, n, 3);
        let (first, last) = (m.data[..n].to_vec(), n * (n - 1));
        m.data[last..].copy_from_slice(&first);
        m.data[last] += 1e-6;
        m
    }

    /// Of more rows than one thread looks at.
    #[test]
    fn the_largest_entry_of_a_left_vector_is_positive_and_the_product_stays() {
        let svd = on_the_host(&random(3 * BLOCK + 5, 7, 4)).unwrap();
        let mut turned = svd.clone();
        turned.u.data.chunks_exact_mut(7).for_each(|row| row[2] = -row[2]);
        turned.vh.data[14..21].iter_mut().for_each(|x| *x = -*x);
        let fixed = svd.with_signs_fixed();
        for k in 0..7 {
            let of = |row: &&[f32]| row[k];
            let largest = fixed.u.data.chunks_exact(7).max_by(|a, b| of(a).abs().total_cmp(&of(b).abs())).unwrap();
            assert!(of(&largest) > 0.0);
        }
        assert_eq!(fixed.product(), turned.product());
        let again = turned.with_signs_fixed();
        assert_eq!((fixed.u, fixed.vh), (again.u, again.vh));
    }

    #[test]
    fn singular_vectors_are_told_from_others() {
        for w in [random(24, 24, 1), random(40, 16, 1), random(16, 40, 1), nearly_singular(24)] {
            let svd = on_the_host(&w).unwrap();
            assert!(holds(&w, &svd), "{} x {}", w.rows, w.cols);
            // Of another matrix; with two vectors the wrong way round; with columns that are not of length one; with no number.
            assert!(!holds(&w, &on_the_host(&random(w.rows, w.cols, 2)).unwrap()));
            let broken = |change: fn(&mut Svd)| {
                let mut other = svd.clone();
                change(&mut other);
                holds(&w, &other)
            };
            assert!(!broken(|svd| {
                let cols = svd.vh.cols;
                let (first, second) = svd.vh.data.split_at_mut(cols);
                first.swap_with_slice(&mut second[..cols]);
            }));
            assert!(!broken(|svd| svd.u.data.iter_mut().for_each(|x| *x *= 1.01)));
            assert!(!broken(|svd| svd.u.data[0] = f32::NAN));
        }
    }

    /// Of a trained projection the smallest values are 1e-5 of the largest. Directions that belong to those count like all others.
    #[test]
    fn vectors_of_small_values_are_looked_at_too() {
        let n = 48;
        let Svd { u, vh, .. } = on_the_host(&random(n, n, 5)).unwrap();
        let s: Vec<f32> = (0..n).map(|k| 10f32.powf(-5.0 * k as f32 / n as f32)).collect();
        let w = Svd { u, s, vh }.product();
        let whole = on_the_host(&w).unwrap();
        assert!(holds(&w, &whole));
        let mut turned = whole;
        // Two left vectors of small values, turned into each other by an eighth.
        let (cos, sin) = (45f32.to_radians().cos(), 45f32.to_radians().sin());
        for row in turned.u.data.chunks_exact_mut(n) {
            let (a, b) = (row[n - 12], row[n - 1]);
            (row[n - 12], row[n - 1]) = (cos * a - sin * b, sin * a + cos * b);
        }
        assert!(!holds(&w, &turned));
    }
}
