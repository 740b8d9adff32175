//! How long the parts take, on a real model's shape with random weights, and how long they must take at least.

use adapter::{Basis, KnobTap, Knobs, Quarantine};
use anyhow::{Result, bail};
use backend::ops::Heads;
use backend::{Backend, Batch, Rows};
use burn_tensor::{DType, Device, Distribution, Tensor};
use failure::Failure;
use generate::draw::Drawn;
use generate::engine::{DecodeEngine, DecodeTask, PAGE, Sequence};
use generate::scheduler::Scheduler;
use generate::{Completion, Prompt, SamplingParams, engine_for};
use model::{Decoder, LinearId, ModelConfig, Objective, Targets, Weights};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

/// Products timed, `[m, k, n]`.
pub(super) const MATMULS: [[usize; 3]; 3] = [[8192, 8192, 8192], [8192, 2560, 19456], [8192, 9728, 2560]];
/// Rows of a training step and their tokens.
pub(super) const TRAIN: [usize; 2] = [8, 1024];
pub(super) const BATCHES: [usize; 5] = [1, 8, 32, 128, 256];
/// Tokens before the one that a timed decode step adds.
pub(super) const CONTEXT: usize = 600;
/// Completions of the generation, those of a prompt, rows at a time, their mean length, the prompt's, and the most tokens.
pub(super) const COMPLETIONS: usize = 256;
const GROUP: usize = 4;
pub(super) const LANES: usize = 128;
const MEAN_LENGTH: f64 = 700.0;
const PROMPT: usize = 400;
const MOST_NEW: usize = 1536;
/// Bytes a second that a copy reached on an H100, read and written (docs/measurements/engine.md).
const BANDWIDTH: f64 = 3.0e12;
/// A seed for all that is random.
const SEED: u64 = 41;

/// A timed piece of work. Floors: bytes that must move at [`BANDWIDTH`], operations at the rate of the largest product.
pub(super) struct Timing {
    /// As the peer names it.
    pub key: String,
    pub ms: f64,
    pub floor: Option<f64>,
    pub note: String,
}

pub(super) fn plain(key: &str, ms: f64) -> Timing {
    Timing { key: key.into(), ms, floor: None, note: String::new() }
}

/// The median of `repeats` timings of `inner` calls each, in milliseconds a call.
fn median(device: &Device, repeats: usize, inner: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut once = |n: usize| -> Result<f64> {
        device.sync()?;
        let started = Instant::now();
        (0..n).try_for_each(|_| work())?;
        device.sync()?;
        Ok(started.elapsed().as_secs_f64() * 1e3 / n as f64)
    };
    once(2)?;
    let mut all = (0..repeats).map(|_| once(inner)).collect::<Result<Vec<_>>>()?;
    all.sort_by(f64::total_cmp);
    Ok(all[all.len() / 2])
}

fn normal(shape: [usize; 2], device: &Device, dtype: DType) -> Tensor<2> {
    Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), (device, DType::F32)).cast(dtype)
}

/// Kernels loaded, libraries opened, one product computed.
pub(super) fn first_product(backend: &Backend) -> Result<()> {
    let x = Tensor::<2>::ones([8, 8], (&backend.device, DType::F32));
    backend::read(backend.ops.linear(&x, &x))?;
    Ok(())
}

pub(super) fn matmuls(backend: &Backend, dtype: DType) -> Result<Vec<Timing>> {
    let (ops, device) = (&backend.ops, &backend.device);
    MATMULS
        .iter()
        .map(|&[m, k, n]| {
            let (x, w) = (normal([m, k], device, dtype), normal([n, k], device, dtype));
            let ms = median(device, 5, 10, || {
                ops.linear(&x, &w);
                Ok(())
            })?;
            let rate = 2.0 * (m * k * n) as f64 / ms / 1e9;
            Ok(Timing { key: format!("matmul {m} x {k} x {n}"), ms, floor: None, note: format!("{rate:.0} TFLOP/s") })
        })
        .collect()
}

pub(super) fn attention(backend: &Backend, config: &ModelConfig, dtype: DType, rate: f64) -> Result<Vec<Timing>> {
    let (ops, device, [b, t]) = (&backend.ops, &backend.device, TRAIN);
    let heads = Heads { queries: config.num_attention_heads, kv: config.num_key_value_heads, d: config.head_dim };
    let rows = Rows::new(vec![t; b], device);
    let (rotated, dout) =
        (normal([b * t, heads.width()], device, dtype), normal([b * t, heads.queries * heads.d], device, dtype));
    let forward = median(device, 5, 10, || {
        ops.attention(&rotated, heads, &rows);
        Ok(())
    })?;
    let both = median(device, 5, 10, || {
        let (out, lse) = ops.attention(&rotated, heads, &rows);
        ops.attention_backward(&dout, &out, &lse, &rotated, heads, &rows);
        Ok(())
    })?;
    // Half of the scores are looked at; a product forward twice, backward five times.
    let product = (b * heads.queries * t * t * heads.d) as f64 / 1e9;
    let timing = |key: &str, ms: f64, products: f64| Timing {
        key: key.into(),
        ms,
        floor: Some(products * product / rate),
        note: format!("{:.0} TFLOP/s", products * product / ms),
    };
    Ok(vec![timing("attention", forward, 2.0), timing("attention, both ways", both, 7.0)])
}

/// A model of random weights with stand-ins for its singular bases.
pub(super) fn basis(config: &ModelConfig, backend: &Backend) -> Result<Basis> {
    let weights = Weights::random(config.clone(), SEED);
    Ok(Basis::stand_in(Decoder::new(&weights, backend)?, SEED)?)
}

/// Elements of all projections.
fn projections(config: &ModelConfig) -> usize {
    LinearId::all(config).iter().map(|s| s.proj.shape(config).iter().product::<usize>()).sum()
}

/// Weights that a decode step reads, and a token's cache, in bytes.
fn bytes(config: &ModelConfig, dtype: DType) -> (f64, f64) {
    let cache = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim;
    let weights = projections(config) + config.vocab_size * config.hidden_size;
    ((weights * dtype.size()) as f64, (cache * dtype.size()) as f64)
}

/// Tokens of the prompt whose encoding is timed.
pub(super) const PREFILL: usize = 512;

/// A prompt's keys and values into the cache, in a call by itself; the sampler's own calls hold several.
pub(super) fn prefill(decoder: &Decoder, rate: f64) -> Result<Timing> {
    let (config, tokens) = (&decoder.config, PREFILL);
    let params = sampling(1, tokens, 1);
    let block_table = (tokens + 1).div_ceil(PAGE);
    let mut engine = engine_for(DecodeTask { decoder, params: &params, pages: block_table + 1, block_table })?;
    let prompt: Vec<u32> = (0..tokens).map(|i| (i % config.vocab_size) as u32).collect();
    let slots: Vec<(usize, usize)> = (0..tokens).map(|i| (i, PAGE + i)).collect();
    let ms = median(&decoder.backend.device, 5, 4, || Ok(engine.prefill(&[&prompt], &slots)?))?;
    let attention = config.num_hidden_layers * config.num_attention_heads * tokens * config.head_dim;
    let floor = 2.0 * tokens as f64 * (projections(config) + attention) as f64 / rate / 1e9;
    let note = format!("{:.0} tokens/s", tokens as f64 * 1e3 / ms);
    Ok(Timing { key: format!("prefill, {tokens} tokens"), ms, floor: Some(floor), note })
}

pub(super) fn decode(decoder: &Decoder) -> Result<Vec<Timing>> {
    let (weights, cache) = bytes(&decoder.config, decoder.dtype());
    let mut out = vec![];
    for rows in BATCHES {
        let params = sampling(rows, CONTEXT, 200);
        let block_table = (CONTEXT + 200).div_ceil(PAGE);
        let task = DecodeTask { decoder, params: &params, pages: rows * block_table + 1, block_table };
        let mut engine = engine_for(task)?;
        let steps = engine.run()?.len();
        // The timed steps lie around the stated context.
        for row in 0..rows {
            let pages = (0..block_table).map(|i| 1 + row * block_table + i).collect();
            engine.assign(row, Sequence { token: 5, position: CONTEXT - 3 * steps, seed: row as u64, drawn: 0, pages });
        }
        engine.run()?;
        let mut times: Vec<f64> = vec![];
        for _ in 0..5 {
            let started = Instant::now();
            let taken = engine.run()?.len();
            times.push(started.elapsed().as_secs_f64() * 1e3 / taken as f64);
        }
        times.sort_by(f64::total_cmp);
        let ms = times[times.len() / 2];
        let floor = (weights + (rows * CONTEXT) as f64 * cache) / BANDWIDTH * 1e3;
        let note = format!("{:.0} tokens/s", rows as f64 * 1e3 / ms);
        out.push(Timing { key: format!("decode, batch {rows}"), ms, floor: Some(floor), note });
    }
    Ok(out)
}

fn sampling(rows: usize, prompt_cap: usize, max_new: usize) -> SamplingParams<'static> {
    SamplingParams { temperature: 1.0, top_k: 0, top_p: 1.0, max_new, ends: &[], prompt_cap, rows }
}

/// Forward, head and backward with the knobs' gradients of every rollout.
pub(super) fn train(basis: &Basis, decoder: &Decoder, rate: f64) -> Result<Timing> {
    let ([b, t], config) = (TRAIN, &decoder.config);
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let tokens: Vec<Vec<u32>> =
        (0..b).map(|_| (0..t).map(|_| rng.random_range(0..config.vocab_size as u32)).collect()).collect();
    let rows: Vec<&[u32]> = tokens.iter().map(|r| &r[..]).collect();
    let targets = Targets::completions(&vec![(1, t); b], &rows);
    let weight = vec![-1.0 / targets.len() as f32; targets.len()];
    let (mut width, mut first) = (0, None);
    let started = Instant::now();
    let ms = median(&decoder.backend.device, 3, 1, || {
        let batch = Batch::new(&rows, &decoder.backend.device);
        let mut tap = KnobTap::new(basis, &batch.rows);
        decoder.gradient(decoder.forward(&batch), &targets, &Objective::Linear(&weight), &mut tap);
        width = tap.finish()?.rollouts.rows[0].len();
        first.get_or_insert_with(|| started.elapsed().as_secs_f64());
        Ok(())
    })?;
    if width != basis.layout.len() {
        bail!(Failure::check(format!("{width} gradients for {} knobs", basis.layout.len())));
    }
    // Forward and backward of every projection, its two singular factors, the head twice, attention both ways.
    let matrices: usize = LinearId::all(config)
        .iter()
        .map(|s| {
            let [out, input] = s.proj.shape(config);
            2 * out * input + out.min(input) * (out + input)
        })
        .sum();
    let attention = 7 * config.num_hidden_layers * config.num_attention_heads * t * config.head_dim / 2;
    let operations = 2.0 * (b * t) as f64 * (matrices + 2 * config.vocab_size * config.hidden_size + attention) as f64;
    let note = format!(
        "{:.0} tokens/s, {:.0} TFLOP/s, the first {:.1} s",
        (b * t) as f64 * 1e3 / ms,
        operations / ms / 1e9,
        first.unwrap_or_default()
    );
    Ok(Timing { key: format!("train, {b} x {t}"), ms, floor: Some(operations / rate / 1e9), note })
}

/// Merging both knobs into a set of weights.
pub(super) fn merge(basis: &Basis) -> Result<Timing> {
    let mut knobs = Knobs::zero(basis.layout.len());
    knobs.deployed.iter_mut().enumerate().for_each(|(i, d)| *d = (i % 3) as f32 * 1e-3);
    let ms = median(&basis.base.backend.device, 3, 1, || {
        basis.merge(&knobs, Quarantine::Off);
        Ok(())
    })?;
    Ok(plain("merge", ms))
}

/// Whole completions: random weights end nowhere, so each row ends at a length drawn beforehand.
pub(super) fn generate(decoder: &Decoder) -> Result<Timing> {
    let started = Instant::now();
    let done = completions(decoder, &prompts(decoder), 0..COMPLETIONS, COMPLETIONS)?;
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let tokens: usize = done.iter().map(|c| c.tokens.len()).sum();
    let note = format!("{tokens} tokens, {:.0} tokens/s", tokens as f64 * 1e3 / ms);
    Ok(Timing { key: generate_key(), ms, floor: None, note })
}

/// A prompt for each group of the `full` preset.
pub(super) fn prompts(decoder: &Decoder) -> Vec<Vec<u32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let one = |_| (0..PROMPT).map(|_| rng.random_range(0..decoder.config.vocab_size as u32)).collect();
    (0..COMPLETIONS / GROUP).map(one).collect()
}

/// Where a row's completion ends.
fn length(row: usize) -> usize {
    let mut rng = ChaCha8Rng::seed_from_u64(row as u64);
    let spread = rng.random_range(0.4..1.6) * rng.random_range(0.5..1.5);
    ((MEAN_LENGTH * spread) as usize).clamp(1, MOST_NEW)
}

/// Steps of a generator that fills [`LANES`] rows and refills none before all have ended.
pub(super) fn padded_steps() -> usize {
    (0..COMPLETIONS).step_by(LANES).map(|from| (from..from + LANES).map(length).max().unwrap_or(0)).sum()
}

pub(super) fn generate_key() -> String {
    format!("generate, {COMPLETIONS} completions")
}

/// Completions of rows in this range, as many at a time as there are lanes and pages for; the same whatever else is generated.
pub(super) fn completions(
    decoder: &Decoder,
    prompts: &[Vec<u32>],
    range: Range<usize>,
    lanes: usize,
) -> Result<Vec<Completion>> {
    let lengths = range.clone().map(|row| (row as u64, length(row))).collect();
    let rows: Vec<Prompt> =
        range.map(|i| Prompt { id: "random", tokens: &prompts[i / GROUP], seed: i as u64 }).collect();
    let params = SamplingParams { ends: &[0], ..sampling(lanes, PROMPT, MOST_NEW) };
    let mut scheduler = Scheduler::new(decoder, &rows, &params)?;
    let inner = engine_for(scheduler.task())?;
    let mut ending = Ending { inner, lengths, lanes: vec![None; lanes], end: params.ends[0] };
    Ok(scheduler.run(&mut ending)?)
}

/// An engine whose rows draw their end at a given length and nowhere else.
struct Ending<'a> {
    inner: Box<dyn DecodeEngine + 'a>,
    /// By the row's seed.
    lengths: HashMap<u64, usize>,
    /// Tokens that the row in each lane still has to draw.
    lanes: Vec<Option<usize>>,
    end: u32,
}

impl DecodeEngine for Ending<'_> {
    fn prefill_tokens(&self) -> usize {
        self.inner.prefill_tokens()
    }

    fn prefill(&mut self, rows: &[&[u32]], slots: &[(usize, usize)]) -> generate::Result<()> {
        self.inner.prefill(rows, slots)
    }

    fn copy(&mut self, slots: &[(usize, usize)]) -> generate::Result<()> {
        self.inner.copy(slots)
    }

    fn looks_ahead(&self) -> bool {
        false
    }

    fn assign(&mut self, lane: usize, sequence: Sequence) {
        self.lanes[lane] = (!sequence.pages.is_empty()).then(|| self.lengths[&sequence.seed]);
        self.inner.assign(lane, sequence);
    }

    fn start(&mut self) -> generate::Result<()> {
        self.inner.start()
    }

    fn finish(&mut self) -> generate::Result<Vec<Vec<Drawn>>> {
        let mut steps = self.inner.finish()?;
        for step in &mut steps {
            for (drawn, lane) in step.iter_mut().zip(&mut self.lanes) {
                let Some(left) = lane else { continue };
                *left = left.saturating_sub(1);
                drawn.token = if *left == 0 { self.end } else { drawn.token.max(1) };
            }
        }
        Ok(steps)
    }
}
