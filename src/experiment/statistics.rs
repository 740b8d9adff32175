//! The statistics that the paper states. Distributions come from `statrs`; the bootstrap's seed is fixed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, StudentsT};

pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len().max(1) as f64
}

/// Standard error of the mean, with the sample standard deviation; needs two values.
pub fn sem(x: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let m = mean(x);
    (x.len() > 1).then(|| (x.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt())
}

/// Two-sided paired t-test. `None` with fewer than two pairs, or when all differences are equal (no spread to test by).
pub fn paired_t(a: &[f64], b: &[f64]) -> Option<f64> {
    let differences: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
    let error = sem(&differences).filter(|e| *e > 0.0)?;
    let student = StudentsT::new(0.0, 1.0, differences.len() as f64 - 1.0).ok()?;
    Some(2.0 * student.sf((mean(&differences) / error).abs()))
}

/// 95% percentile interval of the mean paired difference, resampling prompts. `differences[p]` is prompt `p`'s mean
/// difference over seeds.
pub fn bootstrap(differences: &[f64]) -> Option<(f64, f64)> {
    const DRAWS: usize = 2_000;
    if differences.is_empty() {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(119);
    let n = differences.len();
    let mut means: Vec<f64> =
        (0..DRAWS).map(|_| (0..n).map(|_| differences[rng.random_range(0..n)]).sum::<f64>() / n as f64).collect();
    means.sort_by(f64::total_cmp);
    Some((means[DRAWS * 25 / 1000], means[DRAWS * 975 / 1000 - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paired_t_test_agrees_with_the_closed_form_for_three_pairs() {
        // Two degrees of freedom: p = 1 - t / sqrt(t^2 + 2). The differences are 0.21, 0.27, 0.19.
        let p = paired_t(&[0.21, 0.29, 0.20], &[0.0, 0.02, 0.01]).unwrap();
        let (mean, variance) = (0.67 / 3.0, (0.0133333f64.powi(2) + 0.0466667f64.powi(2) + 0.0333333f64.powi(2)) / 2.0);
        let t = mean / (variance / 3.0).sqrt();
        assert!((p - (1.0 - t / (t * t + 2.0).sqrt())).abs() < 1e-5, "{p}");
    }

    #[test]
    fn no_spread_means_no_test() {
        assert_eq!(paired_t(&[0.2, 0.3], &[0.1, 0.2]).map(|p| p < 1e-6), Some(true));
        assert_eq!(paired_t(&[0.2, 0.2], &[0.0, 0.0]), None);
        assert_eq!(sem(&[1.0]), None);
    }

    #[test]
    fn the_bootstrap_interval_holds_the_mean() {
        let x: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
        let (low, high) = bootstrap(&x).unwrap();
        assert!(low < 0.5 && 0.5 < high && high - low < 0.25);
    }
}
