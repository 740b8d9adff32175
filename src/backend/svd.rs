//! Singular value decompositions on the host.

use crate::matrix::Matrix;

/// Thin, in f64: `U [rows, r]` and `Vh [r, cols]`; `None` if it did not converge.
pub fn on_the_host(m: &Matrix) -> Option<(Matrix, Matrix)> {
    let dense = faer::Mat::from_fn(m.rows, m.cols, |i, j| m.data[i * m.cols + j] as f64);
    let svd = dense.thin_svd().ok()?;
    let (u, v, r) = (svd.U(), svd.V(), m.rows.min(m.cols));
    let left = (0..m.rows).flat_map(|i| (0..r).map(move |k| u[(i, k)] as f32)).collect();
    let right = (0..r).flat_map(|k| (0..m.cols).map(move |j| v[(j, k)] as f32)).collect();
    Some((Matrix { rows: m.rows, cols: r, data: left }, Matrix { rows: r, cols: m.cols, data: right }))
}
