//! KV-cached batched generation. A row's tokens depend on its prompt and its seed, never on its neighbours:
//! prompts occupy a fixed window, every call has the same number of rows, and each row draws from a stream of its own.

use crate::decoder::Decoder;
use crate::ops;
use crate::{ModelError, Result, read};
use burn::tensor::{Bool, Int, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A prompt and the seed of the one completion wanted of it.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    pub id: &'a str,
    pub tokens: &'a [u32],
    pub seed: u64,
}

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 means greedy.
    pub temperature: f64,
    /// Keep the `top_k` likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keep the likeliest tokens until their mass reaches this; 1 keeps all.
    pub top_p: f64,
    pub max_new: usize,
    /// The token that ends a completion; it is part of the completion.
    pub end: u32,
    /// Prompt window: a longer prompt is an error, never a silent cut.
    pub prompt_cap: usize,
    /// Rows per device batch; calls are padded to a multiple of it.
    pub rows: usize,
}

/// Generated tokens with the model's own log-probability (temperature 1, no truncation) of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    pub tokens: Vec<u32>,
    pub logp: Vec<f32>,
}

/// Keys and values of one layer, `[B*KV, capacity, D]`.
struct Slab {
    k: Tensor<3>,
    v: Tensor<3>,
}

impl Decoder {
    /// One completion per prompt, in order. Equal prompts within a device batch are encoded once.
    pub fn generate(&self, prompts: &[Prompt], how: &Sampling) -> Result<Vec<Completion>> {
        if let Some(p) = prompts.iter().find(|p| p.tokens.len() > how.prompt_cap) {
            return Err(ModelError::PromptTooLong { id: p.id.into(), tokens: p.tokens.len(), cap: how.prompt_cap });
        }
        let mut out = Vec::with_capacity(prompts.len());
        for chunk in prompts.chunks(how.rows) {
            let mut padded = chunk.to_vec();
            padded.resize(how.rows, chunk[chunk.len() - 1]);
            let mut done = self.generate_rows(&padded, how)?;
            done.truncate(chunk.len());
            out.extend(done);
        }
        Ok(out)
    }

    fn generate_rows(&self, prompts: &[Prompt], how: &Sampling) -> Result<Vec<Completion>> {
        let b = prompts.len();
        let lengths: Vec<usize> = prompts.iter().map(|p| p.tokens.len()).collect();
        let (mut slabs, mut logits) = self.prefill(prompts, how)?;
        let mut streams: Vec<ChaCha8Rng> = prompts.iter().map(|p| ChaCha8Rng::seed_from_u64(p.seed)).collect();
        let mut out = vec![Completion { tokens: vec![], logp: vec![] }; b];
        for step in 0..how.max_new {
            let rows: Vec<f32> = read(logits)?;
            let mut next = vec![how.end as i32; b];
            for (i, row) in rows.chunks_exact(self.config.vocab_size).enumerate() {
                if out[i].tokens.last() != Some(&how.end) {
                    let (token, logp) = draw(row, how, &mut streams[i]);
                    out[i].tokens.push(token);
                    out[i].logp.push(logp);
                    next[i] = token as i32;
                }
            }
            if step + 1 == how.max_new || out.iter().all(|c| c.tokens.last() == Some(&how.end)) {
                break;
            }
            logits = self.step(next, &mut slabs, step, &lengths, how);
        }
        Ok(out)
    }

    /// Encodes each distinct prompt once and spreads its cache over the rows that share it.
    /// Returns the caches, `capacity = prompt_cap + max_new`, and the first logits `[B, V]`.
    fn prefill(&self, prompts: &[Prompt], how: &Sampling) -> Result<(Vec<Slab>, Tensor<2>)> {
        let mut distinct: Vec<&[u32]> = Vec::new();
        let owner: Vec<i32> = prompts
            .iter()
            .map(|p| {
                distinct.iter().position(|d| *d == p.tokens).unwrap_or_else(|| {
                    distinct.push(p.tokens);
                    distinct.len() - 1
                }) as i32
            })
            .collect();
        // Pad the distinct prompts to a fixed count too: the row count of a product may change its rounding.
        let count = distinct.len().next_multiple_of(8);
        distinct.resize(count, distinct[0]);
        let (t, b) = (how.prompt_cap, prompts.len());
        let mut ids: Vec<i32> = Vec::with_capacity(count * t);
        for row in &distinct {
            ids.extend(row.iter().map(|&x| x as i32));
            ids.resize(ids.len() + t - row.len(), 0);
        }
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [count * t]), &self.device);
        let (dims, rope, mask) = (self.dims(count, t), self.rope.first(t), self.causal(t));
        let kv = self.config.num_key_value_heads;
        let spread: Vec<i32> = owner.iter().flat_map(|&o| (0..kv as i32).map(move |h| o * kv as i32 + h)).collect();
        let spread = Tensor::<1, Int>::from_data(TensorData::new(spread, [b * kv]), &self.device);
        let mut slabs = Vec::with_capacity(self.layers.len());
        let mut x = self.embed(&ids);
        for layer in &self.layers {
            x = layer.decode(x, dims, &rope, &mask, |k, v| {
                let slab = |x: &Tensor<3>| {
                    let room = Tensor::zeros([b * kv, how.max_new, dims.d], &self.device);
                    Tensor::cat(vec![x.clone().select(0, spread.clone()), room], 1)
                };
                slabs.push(Slab { k: slab(&k), v: slab(&v) });
                (k, v)
            });
        }
        let last: Vec<i32> =
            prompts.iter().zip(&owner).map(|(p, &o)| o * t as i32 + p.tokens.len() as i32 - 1).collect();
        let last = Tensor::<1, Int>::from_data(TensorData::new(last, [b]), &self.device);
        let (hidden, _) = ops::rms_norm(x.select(0, last), &self.final_gain, dims.eps);
        Ok((slabs, self.logits(hidden)))
    }

    /// Feeds token `step` of every row: cache slot `prompt_cap + step`, position `length + step`.
    fn step(&self, ids: Vec<i32>, slabs: &mut [Slab], step: usize, lengths: &[usize], how: &Sampling) -> Tensor<2> {
        let b = ids.len();
        let dims = self.dims(b, 1);
        let (slot, used) = (how.prompt_cap + step, how.prompt_cap + step + 1);
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [b]), &self.device);
        let positions: Vec<i32> = lengths.iter().map(|&n| (n + step) as i32).collect();
        let positions = Tensor::<1, Int>::from_data(TensorData::new(positions, [b]), &self.device);
        let rope = (
            self.rope.cos.clone().select(0, positions.clone()).unsqueeze_dim::<3>(1),
            self.rope.sin.clone().select(0, positions).unsqueeze_dim::<3>(1),
        );
        let mask = self.padding_mask(lengths, used, how.prompt_cap);
        let mut x = self.embed(&ids);
        for (layer, slab) in self.layers.iter().zip(slabs) {
            x = layer.decode(x, dims, &rope, &mask, |k, v| {
                let [rows, _, d] = k.dims();
                slab.k.inplace(|s| s.slice_assign([0..rows, slot..used, 0..d], k));
                slab.v.inplace(|s| s.slice_assign([0..rows, slot..used, 0..d], v));
                (slab.k.clone().narrow(1, 0, used), slab.v.clone().narrow(1, 0, used))
            });
        }
        let (hidden, _) = ops::rms_norm(x, &self.final_gain, dims.eps);
        self.logits(hidden)
    }

    /// Hides the unused end of each row's prompt window: `[B*KV, G, used]`.
    fn padding_mask(&self, lengths: &[usize], used: usize, window: usize) -> Tensor<3, Bool> {
        let (kv, group) = (self.config.num_key_value_heads, self.config.group());
        let hidden: Vec<bool> = lengths
            .iter()
            .flat_map(|&n| {
                let row: Vec<bool> = (0..used).map(|s| s >= n && s < window).collect();
                row.repeat(kv * group)
            })
            .collect();
        Tensor::from_data(TensorData::new(hidden, [lengths.len() * kv, group, used]), &self.device)
    }
}

/// Draws one token from a row of logits. Sums run in f64 in index order, so the same row gives the same token.
fn draw(logits: &[f32], how: &Sampling, stream: &mut ChaCha8Rng) -> (u32, f32) {
    let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]).then(b.cmp(&a))).unwrap_or(0);
    let top = logits[best] as f64;
    let total: f64 = logits.iter().map(|&x| (x as f64 - top).exp()).sum();
    let logp = |i: usize| (logits[i] as f64 - top - total.ln()) as f32;
    if how.temperature == 0.0 {
        return (best as u32, logp(best));
    }
    let uniform: f64 = stream.random();
    let weight = |i: usize| ((logits[i] as f64 - top) / how.temperature).exp();
    let token = if how.top_k == 0 && how.top_p >= 1.0 {
        pick(0..logits.len(), weight, uniform)
    } else {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        if how.top_k > 0 {
            order.truncate(how.top_k);
        }
        let mass: f64 = order.iter().map(|&i| weight(i)).sum();
        let mut seen = 0.0;
        let kept = order.iter().position(|&i| {
            seen += weight(i);
            seen >= how.top_p * mass
        });
        order.truncate(kept.map_or(order.len(), |k| k + 1));
        pick(order.iter().copied(), weight, uniform)
    };
    (token as u32, logp(token))
}

/// Inverse of the cumulative distribution at `uniform`.
fn pick(items: impl Iterator<Item = usize> + Clone, weight: impl Fn(usize) -> f64, uniform: f64) -> usize {
    let target = uniform * items.clone().map(&weight).sum::<f64>();
    let mut seen = 0.0;
    let mut last = 0;
    for i in items {
        last = i;
        seen += weight(i);
        if seen > target {
            break;
        }
    }
    last
}
