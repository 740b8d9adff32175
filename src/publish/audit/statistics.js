// The tests that claims rest on, computed once more: Student's t and Holm's correction, as src/experiment/statistics.rs has them.
"use strict";

(() => {
  const mean = (x) => x.reduce((sum, v) => sum + v, 0) / Math.max(x.length, 1);
  const deviation = (x) => {
    const m = mean(x);
    return x.length > 1 ? Math.sqrt(x.reduce((sum, v) => sum + (v - m) * (v - m), 0) / (x.length - 1)) : null;
  };
  const sem = (x) => (x.length > 1 ? deviation(x) / Math.sqrt(x.length) : null);

  // Lanczos's approximation, g = 7 and nine terms, good to fifteen digits.
  const LANCZOS = [0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7];
  function logGamma(x) {
    const z = x - 1;
    const sum = LANCZOS.reduce((total, c, i) => (i ? total + c / (z + i) : c), 0);
    const t = z + 7.5;
    return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
  }

  // The regularised incomplete beta function, by its continued fraction.
  function beta(x, a, b) {
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - beta(1 - x, b, a);
    const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
    let c = 1;
    let d = 1 / (1 - ((a + b) * x) / (a + 1));
    let fraction = d;
    for (let m = 1; m < 500; m++) {
      const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
      const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
      for (const step of [even, odd]) {
        d = 1 / (1 + step * d);
        c = 1 + step / c;
        fraction *= c * d;
      }
      if (Math.abs(c * d - 1) < 1e-16) break;
    }
    return front * fraction;
  }

  // How likely Student's t with so many degrees of freedom lies above this.
  function above(t, freedom) {
    const tail = beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
    return t >= 0 ? tail : 1 - tail;
  }

  function quantile(share, freedom) {
    let [low, high] = [-1e4, 1e4];
    for (let i = 0; i < 200; i++) {
      const middle = (low + high) / 2;
      if (1 - above(middle, freedom) < share) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  // Values against a threshold: mean, 95% interval, and p of the one-sided tests on either side. Without spread the values decide.
  function threshold(values, bar) {
    const [middle, error] = [mean(values), sem(values)];
    if (error === null) return null;
    if (error === 0) {
      return { mean: middle, low: middle, high: middle, above: middle >= bar ? 0 : 1, below: middle < bar ? 0 : 1 };
    }
    const freedom = values.length - 1;
    const wide = quantile(0.975, freedom) * error;
    const t = (middle - bar) / error;
    return { mean: middle, low: middle - wide, high: middle + wide, above: above(t, freedom), below: above(-t, freedom) };
  }

  // Paired differences against nothing, as the table of differences to vanilla has them; 0.8 is its power.
  function paired(a, b) {
    const x = a.map((v, i) => v - b[i]);
    const error = sem(x);
    if (!error) return null;
    const freedom = x.length - 1;
    const wide = quantile(0.975, freedom);
    return {
      diff_p: 2 * above(Math.abs(mean(x) / error), freedom), diff_low: mean(x) - wide * error, diff_high: mean(x) + wide * error,
      diff_effect: mean(x) / deviation(x), diff_visible: (wide + quantile(0.8, freedom)) * error,
    };
  }

  function holm(p) {
    const order = p.map((_, i) => i).sort((i, j) => p[i] - p[j]);
    const corrected = [];
    let most = 0;
    order.forEach((i, rank) => {
      most = Math.max(most, Math.min((p.length - rank) * p[i], 1));
      corrected[i] = most;
    });
    return corrected;
  }

  GQ.statistics = { mean, sem, threshold, paired, holm };
})();
