//! Singular value decompositions on the host, and whether what a device says is one.

use crate::matrix::Matrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Thin, in f64: `U [rows, r]` and `Vh [r, cols]`; `None` if it did not converge.
pub fn on_the_host(m: &Matrix) -> Option<(Matrix, Matrix)> {
    let dense = faer::Mat::from_fn(m.rows, m.cols, |i, j| m.data[i * m.cols + j] as f64);
    let svd = dense.thin_svd().ok()?;
    let (u, v, r) = (svd.U(), svd.V(), m.rows.min(m.cols));
    let left = (0..m.rows).flat_map(|i| (0..r).map(move |k| u[(i, k)] as f32)).collect();
    let right = (0..r).flat_map(|k| (0..m.cols).map(move |j| v[(j, k)] as f32)).collect();
    Some((Matrix { rows: m.rows, cols: r, data: left }, Matrix { rows: r, cols: m.cols, data: right }))
}

/// How far from one a decomposition may be: in f32 those of our models are within 1e-5.
const NEAR: f64 = 1e-3;
/// Random vectors that are tried.
const PROBES: u64 = 4;

/// Whether these are the singular vectors of a matrix `W`. `U` and `V` must have orthonormal columns, and `M = U^T W V` must be diagonal;
/// tried on vectors `x` of random signs: `U^T U x = x`, `V^T V x = x`, and `M (d * x) = d * (M x)` for other random signs `d`.
pub fn holds(w: &Matrix, u: &Matrix, vh: &Matrix) -> bool {
    (0..PROBES).all(|seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut signs = || -> Vec<f64> { (0..u.cols).map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 }).collect() };
        let (x, d) = (signs(), signs());
        let through = |x: &[f64]| transposed_times(u, &times(w, &transposed_times(vh, x)));
        let both: Vec<f64> = x.iter().zip(&d).map(|(x, d)| x * d).collect();
        let turned: Vec<f64> = through(&x).iter().zip(&d).map(|(y, d)| y * d).collect();
        near(&transposed_times(u, &times(u, &x)), &x)
            && near(&times(vh, &transposed_times(vh, &x)), &x)
            && near(&through(&both), &turned)
    })
}

fn times(m: &Matrix, x: &[f64]) -> Vec<f64> {
    m.data.chunks_exact(m.cols).map(|row| row.iter().zip(x).map(|(a, x)| f64::from(*a) * x).sum()).collect()
}

fn transposed_times(m: &Matrix, x: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; m.cols];
    for (row, x) in m.data.chunks_exact(m.cols).zip(x) {
        sums.iter_mut().zip(row).for_each(|(sum, a)| *sum += f64::from(*a) * x);
    }
    sums
}

/// Within [`NEAR`] of the length; not where anything is not a number.
fn near(a: &[f64], b: &[f64]) -> bool {
    let square = |of: &mut dyn Iterator<Item = f64>| of.map(|x| x * x).sum::<f64>();
    square(&mut a.iter().zip(b).map(|(a, b)| a - b)) <= NEAR * NEAR * square(&mut b.iter().copied())
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

    #[test]
    fn singular_vectors_are_told_from_others() {
        for w in [random(24, 24, 1), random(40, 16, 1), random(16, 40, 1), nearly_singular(24)] {
            let (u, vh) = on_the_host(&w).unwrap();
            assert!(holds(&w, &u, &vh), "{} x {}", w.rows, w.cols);
            // Of another matrix; with two vectors the wrong way round; with columns that are not of length one.
            let (other_u, other_vh) = on_the_host(&random(w.rows, w.cols, 2)).unwrap();
            assert!(!holds(&w, &other_u, &other_vh));
            let mut exchanged = vh.clone();
            let cols = exchanged.cols;
            let (first, second) = exchanged.data.split_at_mut(cols);
            first.swap_with_slice(&mut second[..cols]);
            assert!(!holds(&w, &u, &exchanged));
            let mut longer = u.clone();
            longer.data.iter_mut().for_each(|x| *x *= 1.01);
            assert!(!holds(&w, &longer, &vh));
            let mut broken = u.clone();
            broken.data[0] = f32::NAN;
            assert!(!holds(&w, &broken, &vh));
        }
    }
}
