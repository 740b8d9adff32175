//! A layout of two layers, and pairs that differ along a fixed vector.

use adapter::{Layout, RolloutGradients};
use model::ModelConfig;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use routing::PairGradients;

pub(crate) fn layout() -> Layout {
    Layout::new(&ModelConfig {
        family: &model::family::QWEN3,
        hidden_size: 6,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        head_dim: 4,
        intermediate_size: 10,
        vocab_size: 9,
        rms_norm_eps: 1e-6,
        rope_theta: 1e4,
        max_position_embeddings: 16,
        tie_word_embeddings: true,
    })
}

pub(crate) fn rows(rng: &mut ChaCha8Rng, n: usize, len: usize) -> RolloutGradients {
    RolloutGradients { rows: (0..n).map(|_| (0..len).map(|_| rng.random_range(-1.0..1.0f32)).collect()).collect() }
}

/// Hack and clean gradients that differ along a fixed vector, with noise.
pub(crate) fn pairs(rng: &mut ChaCha8Rng, len: usize) -> PairGradients {
    let along = rows(rng, 1, len).rows.remove(0);
    let (mut hack, mut clean) = (rows(rng, 8, len), rows(rng, 8, len));
    for (h, c) in hack.rows.iter_mut().zip(&mut clean.rows) {
        (0..len).for_each(|i| {
            h[i] += along[i];
            c[i] -= along[i];
        });
    }
    PairGradients { hack, clean }
}
