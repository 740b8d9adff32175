//! The statistics that the paper states. Distributions come from `statrs`; the bootstrap's seed is fixed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Error of the first kind that tests and intervals are made for.
pub const ALPHA: f64 = 0.05;
/// The power that the smallest visible difference is stated for.
pub const POWER: f64 = 0.8;

/// Arithmetic mean; 0 of nothing.
pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len().max(1) as f64
}

/// Sample standard deviation; needs two values.
pub fn deviation(x: &[f64]) -> Option<f64> {
    let m = mean(x);
    (x.len() > 1).then(|| (x.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0)).sqrt())
}

/// Standard error of the mean; needs two values.
pub fn sem(x: &[f64]) -> Option<f64> {
    deviation(x).map(|d| d / (x.len() as f64).sqrt())
}

/// What `n` paired differences say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Two-sided t-test of the mean difference against zero.
    pub p: f64,
    /// Its interval at 1 - [`ALPHA`].
    pub low: f64,
    /// The other end.
    pub high: f64,
    /// Mean difference in standard deviations of the differences.
    pub effect: f64,
    /// The smallest true difference that a test at [`ALPHA`] would have found with probability [`POWER`], were the spread what
    /// it is here.
    pub visible: f64,
}

/// Seeds as replicates. `None` with fewer than two pairs, or when all differences are equal (no spread to test by).
pub fn paired(a: &[f64], b: &[f64]) -> Option<Paired> {
    let differences: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
    let (middle, error) = (mean(&differences), sem(&differences).filter(|e| *e > 0.0)?);
    let student = StudentsT::new(0.0, 1.0, differences.len() as f64 - 1.0).ok()?;
    let wide = student.inverse_cdf(1.0 - ALPHA / 2.0);
    Some(Paired {
        p: 2.0 * student.sf((middle / error).abs()),
        low: middle - wide * error,
        high: middle + wide * error,
        effect: middle / deviation(&differences)?,
        visible: (wide + student.inverse_cdf(POWER)) * error,
    })
}

/// Replicates against a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Their mean.
    pub mean: f64,
    /// Its interval at 1 - [`ALPHA`].
    pub low: f64,
    /// The other end.
    pub high: f64,
    /// p of the one-sided t-test whose rejection shows a true mean above the threshold.
    pub above: f64,
    /// The same for one below.
    pub below: f64,
}

/// Student's test of a mean. Without any spread the values decide. `None` with fewer than two of them.
pub fn threshold(values: &[f64], threshold: f64) -> Option<Threshold> {
    let (mean, error) = (mean(values), sem(values)?);
    if error == 0.0 {
        let certain = |shown: bool| f64::from(u8::from(!shown));
        let (above, below) = (certain(mean >= threshold), certain(mean < threshold));
        return Some(Threshold { mean, low: mean, high: mean, above, below });
    }
    let student = StudentsT::new(0.0, 1.0, values.len() as f64 - 1.0).ok()?;
    let wide = student.inverse_cdf(1.0 - ALPHA / 2.0) * error;
    let t = (mean - threshold) / error;
    Some(Threshold { mean, low: mean - wide, high: mean + wide, above: student.sf(t), below: student.cdf(t) })
}

/// Holm's step-down correction: p-values that may each be held against alpha while all together keep it.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let (mut corrected, mut most) = (vec![0.0; p.len()], 0.0f64);
    for (rank, &i) in order.iter().enumerate() {
        most = most.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        corrected[i] = most;
    }
    corrected
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

    /// Two degrees of freedom have closed forms: `p = 1 - t / sqrt(t^2 + 2)`, and the quantile of `1 - a/2` is
    /// `(1 - a) sqrt(2 / (a (2 - a)))`.
    #[test]
    fn the_paired_t_test_agrees_with_the_closed_form_for_three_pairs() {
        let found = paired(&[0.21, 0.29, 0.20], &[0.0, 0.02, 0.01]).unwrap();
        let (mean, variance) = (0.67 / 3.0, (0.0133333f64.powi(2) + 0.0466667f64.powi(2) + 0.0333333f64.powi(2)) / 2.0);
        let error = (variance / 3.0).sqrt();
        let t = mean / error;
        assert!((found.p - (1.0 - t / (t * t + 2.0).sqrt())).abs() < 1e-5, "{found:?}");
        let quantile = 0.95 * (2.0 / (0.05f64 * 1.95)).sqrt();
        assert!((found.high - (mean + quantile * error)).abs() < 1e-4, "{found:?}");
        assert!((found.low - (mean - quantile * error)).abs() < 1e-4, "{found:?}");
        assert!((found.effect - mean / variance.sqrt()).abs() < 1e-5, "{found:?}");
        // The quantile of the power, 0.8: (2 p - 1) / sqrt(2 p (1 - p)).
        let power = 0.6 / 0.32f64.sqrt();
        assert!((found.visible - (quantile + power) * error).abs() < 1e-4, "{found:?}");
    }

    /// The distribution function of two degrees of freedom is `1/2 + t / (2 sqrt(t^2 + 2))`.
    #[test]
    fn a_threshold_is_tested_from_both_sides_by_the_closed_form_for_three_values() {
        let (values, error) = ([0.2, 0.3, 0.4], 0.1 / 3f64.sqrt());
        let quantile = 0.95 * (2.0 / (0.05f64 * 1.95)).sqrt();
        for tested in [0.1, 0.3, 0.35] {
            let found = threshold(&values, tested).unwrap();
            let t = (0.3 - tested) / error;
            let below = 0.5 + t / (2.0 * (t * t + 2.0).sqrt());
            assert!((found.below - below).abs() < 1e-6 && (found.above - (1.0 - below)).abs() < 1e-6, "{found:?}");
            assert!((found.mean - 0.3).abs() < 1e-12);
            assert!((found.low - (0.3 - quantile * error)).abs() < 1e-4, "{found:?}");
            assert!((found.high - (0.3 + quantile * error)).abs() < 1e-4, "{found:?}");
        }
        assert_eq!(threshold(&[0.3], 0.1), None);
    }

    #[test]
    fn without_any_spread_the_values_decide_and_a_threshold_that_is_met_is_shown() {
        for (tested, above, below) in [(0.125, 0.0, 1.0), (0.25, 0.0, 1.0), (0.5, 1.0, 0.0)] {
            let expected = Threshold { mean: 0.25, low: 0.25, high: 0.25, above, below };
            assert_eq!(threshold(&[0.25, 0.25], tested), Some(expected));
        }
    }

    #[test]
    fn no_spread_means_no_test() {
        assert_eq!(paired(&[0.2, 0.3], &[0.1, 0.2]).map(|t| t.p < 1e-6), Some(true));
        assert_eq!(paired(&[0.2, 0.2], &[0.0, 0.0]), None);
        assert_eq!(sem(&[1.0]), None);
    }

    /// Holm (1979): 0.01, 0.04, 0.03 and 0.005 become 0.03, 0.06, 0.06 and 0.02.
    #[test]
    fn holms_correction_steps_down_and_never_falls() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (a, b) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((a - b).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }

    #[test]
    fn the_bootstrap_interval_holds_the_mean() {
        let x: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
        let (low, high) = bootstrap(&x).unwrap();
        assert!(low < 0.5 && 0.5 < high && high - low < 0.25);
        assert_eq!(bootstrap(&[]), None);
        // A mean of 100 such has a standard deviation of 0.05.
        assert!((low - (0.5 - 1.96 * 0.05)).abs() < 0.015 && (high - (0.5 + 1.96 * 0.05)).abs() < 0.015);
    }

    #[test]
    fn as_many_resampled_means_lie_below_the_bootstrap_interval_as_above_it() {
        let x: Vec<f64> = (0..40).map(|i| f64::from(i).sqrt()).collect();
        let (low, high) = bootstrap(&x).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(119);
        let mut draw = || (0..x.len()).map(|_| x[rng.random_range(0..x.len())]).sum::<f64>() / x.len() as f64;
        let means: Vec<f64> = (0..2_000).map(|_| draw()).collect();
        let outside = |of: &dyn Fn(f64) -> bool| means.iter().filter(|mean| of(**mean)).count();
        assert_eq!((outside(&|mean| mean < low), outside(&|mean| mean > high)), (50, 50));
    }
}
