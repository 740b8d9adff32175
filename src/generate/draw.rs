//! How a token is drawn: the largest of `logit / temperature + noise`, with Gumbel noise that is a function of the row's seed,
//! the step and the token alone. Nothing is added up, so the outcome does not depend on the order or the layout of the
//! computation. Noise comes from Philox4x32-10 (Salmon et al., SC11), which has no state.

use crate::sampling::SamplingParams;

/// A token with its log-probability.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drawn {
    /// The token's id.
    pub token: u32,
    /// Natural logarithm of its probability at temperature 1, whatever it was drawn with.
    pub logp: f32,
}

/// Four words from a counter and a key.
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let (a, b) = (0xd251_1f53 * u64::from(counter[0]), 0xcd9e_8d57 * u64::from(counter[2]));
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    counter
}

/// Gumbel noise from a word: `-ln(-ln(1 - u))`, `u = (word + 1/2) / 2^32`, which is finest where noise is largest.
fn gumbel(word: u32) -> f32 {
    let u = (word as f32 + 0.5) * 2f32.powi(-32);
    -(-(-u).ln_1p()).ln()
}

/// No noise is larger.
const MOST_NOISE: f32 = 22.9;

/// Draws step `step` of the row with this seed.
pub fn draw(logits: &[f32], params: &SamplingParams, seed: u64, step: usize) -> Drawn {
    let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]).then(b.cmp(&a))).unwrap_or(0);
    let top = logits[best];
    let total: f64 = logits.iter().map(|&x| f64::from(x - top).exp()).sum();
    let drawn = |token: usize| Drawn { token: token as u32, logp: logits[token] - top - total.ln() as f32 };
    if params.temperature == 0.0 {
        return drawn(best);
    }
    let (floor, scale) = (threshold(logits, params), 1.0 / params.temperature as f32);
    let key = [seed as u32, (seed >> 32) as u32];
    let (mut most, mut token, mut words, mut block) = (f32::NEG_INFINITY, best, [0; 4], usize::MAX);
    for (i, &logit) in logits.iter().enumerate() {
        if logit < floor || logit * scale + MOST_NOISE < most {
            continue;
        }
        if block != i / 4 {
            block = i / 4;
            words = philox([block as u32, step as u32, 0, 0], key);
        }
        let score = logit * scale + gumbel(words[i % 4]);
        if score > most {
            (most, token) = (score, i);
        }
    }
    drawn(token)
}

/// The least logit that `top_k` and then `top_p` keep.
fn threshold(logits: &[f32], params: &SamplingParams) -> f32 {
    if params.top_k == 0 && params.top_p >= 1.0 {
        return f32::NEG_INFINITY;
    }
    let mut order = logits.to_vec();
    order.sort_by(|a, b| b.total_cmp(a));
    if params.top_k > 0 && params.top_k < order.len() {
        let last = order[params.top_k - 1];
        order.retain(|&x| x >= last);
    }
    let weight = |x: f32| (f64::from(x - order[0]) / params.temperature).exp();
    let wanted = params.top_p * order.iter().map(|&x| weight(x)).sum::<f64>();
    let mut seen = 0.0;
    let last = order.iter().find(|&&x| {
        seen += weight(x);
        seen >= wanted
    });
    last.copied().unwrap_or(order[order.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: SamplingParams =
        SamplingParams { temperature: 1.0, top_k: 0, top_p: 1.0, max_new: 1, ends: &[0], prompt_cap: 1, rows: 1 };

    /// The generator's published known-answer vectors.
    #[test]
    fn philox_gives_the_published_words() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn noise_stays_under_its_bound_and_is_finite_where_it_matters() {
        assert!(gumbel(0) <= MOST_NOISE && gumbel(0) > 22.0);
        assert!(gumbel(u32::MAX) < -2.0);
    }

    /// Frequencies of 20,000 draws against the softmax they should follow, within five standard deviations.
    #[test]
    fn tokens_come_as_often_as_the_softmax_says() {
        let logits = [1.0f32, 0.0, -1.0, 2.0, 0.5, -3.0];
        for temperature in [1.0, 0.5] {
            let params = SamplingParams { temperature, ..ALL };
            let mut counts = [0usize; 6];
            (0..20_000).for_each(|step| counts[draw(&logits, &params, 7, step).token as usize] += 1);
            let weights = logits.map(|x| (f64::from(x) / temperature).exp());
            let total: f64 = weights.iter().sum();
            for (count, weight) in counts.iter().zip(weights) {
                let p = weight / total;
                let deviation = (*count as f64 - 20_000.0 * p).abs() / (20_000.0 * p * (1.0 - p)).sqrt();
                assert!(deviation < 5.0, "{counts:?} at {temperature}");
            }
        }
    }

    #[test]
    fn top_k_and_top_p_keep_the_likeliest_and_ties() {
        let logits = [0.0f32, 3.0, 2.0, 2.0, -1.0];
        let seen = |params: SamplingParams| {
            let mut tokens: Vec<u32> = (0..500).map(|step| draw(&logits, &params, 1, step).token).collect();
            tokens.sort();
            tokens.dedup();
            tokens
        };
        assert_eq!(seen(SamplingParams { top_k: 1, ..ALL }), [1]);
        assert_eq!(seen(SamplingParams { top_k: 2, ..ALL }), [1, 2, 3]);
        assert_eq!(seen(SamplingParams { top_p: 0.5, ..ALL }), [1]);
        assert_eq!(seen(SamplingParams { top_p: 0.7, ..ALL }), [1, 2, 3]);
        assert_eq!(seen(SamplingParams { temperature: 0.0, ..ALL }), [1]);
    }
}
