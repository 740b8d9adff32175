//! Whether a device's own operations compute what the plain tensor operations compute: every operation, whole models forward
//! and backward, and generation. Errors are relative, `|found - expected| / |expected|`, against f32 on the CPU.

mod generation;
mod invariance;

use adapter::{Basis, KnobTap, TokenGate, TokenSplit};
use anyhow::{Context, Result, bail};
use backend::ops::{Coefficients, Heads, Ops, Rope, Rotation};
use backend::portable::Portable;
use backend::svd::{self, Svd};
use backend::{Backend, Batch, Matrix, Rows, read};
use burn_tensor::{DType, Device, Int, Tensor, TensorData};
use model::family::{LLAMA, QWEN2, QWEN3};
use model::{Decoder, Family, Group, ModelConfig, Objective, Tap, Targets, Weights};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::fmt::{Display, Formatter};

/// Rounding of f32 sums in another order; of bf16 values, 2^-8 apart, through a chain of them.
const BOUNDS: [(DType, f64); 2] = [(DType::F32, 2e-5), (DType::BF16, 2e-2)];
/// Rows of the packed batch, a long one and a short one among them, tiles cut at every place.
const LENGTHS: [usize; 6] = [130, 1, 64, 200, 77, 3];
/// The organism's heads, Qwen3-4B's in small number, small ones, Qwen2.5-Coder-0.5B's and SmolLM2-135M's.
static SHAPES: [Shape; 5] = [
    Shape { family: &QWEN3, heads: Heads { queries: 4, kv: 2, d: 32 } },
    Shape { family: &QWEN3, heads: Heads { queries: 8, kv: 2, d: 128 } },
    Shape { family: &QWEN3, heads: Heads { queries: 4, kv: 2, d: 8 } },
    Shape { family: &QWEN2, heads: Heads { queries: 14, kv: 2, d: 64 } },
    Shape { family: &LLAMA, heads: Heads { queries: 9, kv: 3, d: 64 } },
];
/// Width and inner width of Qwen3-4B, Qwen2.5-Coder-0.5B and SmolLM2-135M, with all their heads.
static WIDE: [(Shape, [usize; 2]); 3] = [
    (Shape { family: &QWEN3, heads: Heads { queries: 32, kv: 8, d: 128 } }, [2560, 9728]),
    (Shape { family: &QWEN2, heads: Heads { queries: 14, kv: 2, d: 64 } }, [896, 4864]),
    (Shape { family: &LLAMA, heads: Heads { queries: 9, kv: 3, d: 64 } }, [576, 1536]),
];

/// A family, and attention's sizes.
#[derive(Clone, Copy)]
struct Shape {
    family: &'static Family,
    heads: Heads,
}

impl Display for Shape {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { family, heads } = self;
        write!(f, "{} {}/{} x {}", family.name, heads.queries, heads.kv, heads.d)
    }
}

/// One comparison.
pub(super) struct Check {
    pub what: String,
    pub error: f64,
    pub bound: f64,
}

impl Check {
    pub(super) fn holds(&self) -> bool {
        self.error <= self.bound
    }
}

/// Runs every comparison on a device.
pub(super) fn all(backend: &Backend) -> Result<Vec<Check>> {
    let mut out = vec![];
    // Plain tensor operations do on every device what tests of the CPU hold against the reference library for each family: there the
    // shipped family's operations are compared, and one whole model, or software Vulkan would take half an hour.
    let own_kernels = backend.dtype(DType::BF16) == DType::BF16;
    let shapes = || SHAPES.iter().filter(|shape| own_kernels || std::ptr::eq(shape.family, &QWEN3));
    // The types that a model is kept in here: plain tensor operations widen everything to f32.
    for (dtype, bound) in BOUNDS.into_iter().filter(|(dtype, _)| backend.dtype(*dtype) == *dtype) {
        for shape in shapes() {
            out.extend(operations(backend, shape, dtype, bound)?);
        }
        for shape in shapes().take(if own_kernels { SHAPES.len() } else { 1 }) {
            out.extend(models(backend, shape, dtype, bound)?);
        }
        for (shape, widths) in WIDE.iter().filter(|_| dtype == DType::BF16) {
            out.extend(wide(backend, shape, *widths, bound)?);
            out.extend(invariance::checks(backend, shape, *widths)?);
        }
    }
    out.extend(singular_vectors(backend)?);
    Ok(out)
}

struct Random(ChaCha8Rng);

impl Random {
    /// Values that both types can hold exactly.
    fn matrix(&mut self, shape: [usize; 2], spread: f32) -> Vec<f32> {
        let mut one = || -> f32 { StandardNormal.sample(&mut self.0) };
        (0..shape[0] * shape[1]).map(|_| burn_tensor::bf16::from_f32(one() * spread).to_f32()).collect()
    }
}

/// A tensor on the device that is tested, and on the CPU in f32.
struct Twin<const D: usize> {
    here: Tensor<D>,
    there: Tensor<D>,
}

fn twin<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device, dtype: DType) -> Twin<D> {
    let data = TensorData::new(values, shape);
    Twin {
        here: Tensor::<D>::from_data(data.clone(), (device, DType::F32)).cast(dtype),
        there: Tensor::from_data(data, (&Device::flex(), DType::F32)),
    }
}

fn error<const D: usize>(found: Tensor<D>, expected: Tensor<D>) -> Result<f64> {
    apart(&read(found)?, &read(expected)?)
}

fn apart(found: &[f32], expected: &[f32]) -> Result<f64> {
    if found.len() != expected.len() {
        bail!("{} values where {} are expected", found.len(), expected.len());
    }
    let sum = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let off = sum(&mut found.iter().zip(expected).map(|(a, b)| f64::from(a - b)));
    Ok(off / sum(&mut expected.iter().map(|&x| f64::from(x))).max(1e-12))
}

fn ints(values: &[i32], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn operations(backend: &Backend, shape: &Shape, dtype: DType, bound: f64) -> Result<Vec<Check>> {
    let Shape { family, heads } = *shape;
    let (ops, device, cpu) = (&backend.ops, &backend.device, Device::flex());
    let mut random = Random(ChaCha8Rng::seed_from_u64(7));
    let n: usize = LENGTHS.iter().sum();
    let (hidden, inner, vocabulary, eps) = (heads.queries * heads.d, 24 * heads.d, 500, 1e-6);
    let mut make = |shape: [usize; 2], spread: f32| twin(random.matrix(shape, spread), shape, device, dtype);
    let (rows, cpu_rows) = (Rows::new(LENGTHS.to_vec(), device), Rows::new(LENGTHS.to_vec(), &cpu));
    let (x, dy) = (make([n, hidden], 1.0), make([n, inner], 1.0));
    let (w, onto) = (make([inner, hidden], 0.05), make([n, inner], 1.0));
    let (qkv, dqkv) = (make([n, heads.width()], 1.0), make([n, heads.width()], 1.0));
    let (dout, gate_up) = (make([n, hidden], 1.0), make([n, 2 * inner], 1.0));
    let (other, head) = (make([n, hidden], 1.0), make([vocabulary, hidden], 0.1));
    let (u, vh) = (make([inner, hidden], 0.05), make([hidden, hidden], 0.05));
    let gain =
        |values: Twin<2>| Twin { here: values.here.squeeze_dim::<1>(0), there: values.there.squeeze_dim::<1>(0) };
    let g = gain(make([1, hidden], 1.0));
    let long = if family.is_biased() { heads.width() } else { heads.d };
    let step = family.step.map(|()| gain(make([1, long], 1.0)));
    let steps = [step.map(|vector| vector.here.clone()), step.map(|vector| vector.there.clone())];
    let (ropes, positions) =
        ([device, &cpu].map(|d| Rope::new(256, heads.d, 1e4, d)), [&rows, &cpu_rows].map(|r| &r.positions));
    let rotation = |i: usize| Rotation { heads, step: &steps[i], rope: &ropes[i], positions: positions[i], eps };

    let mut out = vec![];
    let mut note = |name: &str, error: f64| {
        out.push(Check { what: format!("{name}, {dtype:?}, {shape}"), error, bound });
    };
    note("linear", error(ops.linear(&x.here, &w.here), Portable.linear(&x.there, &w.there))?);
    note(
        "linear_onto",
        error(
            ops.linear_onto(onto.here.clone(), &x.here, &w.here),
            Portable.linear_onto(onto.there.clone(), &x.there, &w.there),
        )?,
    );
    note(
        "linear_backward",
        error(ops.linear_backward(&dy.here, &w.here), Portable.linear_backward(&dy.there, &w.there))?,
    );
    let (half, part) =
        (inner / 2, |t: &Twin<2>, n: usize| (t.here.clone().narrow(1, n, n), t.there.clone().narrow(1, n, n)));
    let (narrow, narrow_cpu) = part(&dy, half);
    let (short, short_cpu) = (w.here.clone().narrow(0, half, half), w.there.clone().narrow(0, half, half));
    note(
        "linear_backward of a part",
        error(ops.linear_backward(&narrow, &short), Portable.linear_backward(&narrow_cpu, &short_cpu))?,
    );
    note("rms_norm", error(ops.rms_norm(&x.here, &g.here, eps), Portable.rms_norm(&x.there, &g.there, eps))?);
    note(
        "rms_norm_backward",
        error(
            ops.rms_norm_backward(other.here.clone(), &dout.here, &x.here, &g.here, eps),
            Portable.rms_norm_backward(other.there.clone(), &dout.there, &x.there, &g.there, eps),
        )?,
    );
    note("rotate", error(ops.rotate(&qkv.here, rotation(0)), Portable.rotate(&qkv.there, rotation(1)))?);
    note(
        "rotate_backward",
        error(
            ops.rotate_backward(&dqkv.here, &qkv.here, rotation(0)),
            Portable.rotate_backward(&dqkv.there, &qkv.there, rotation(1)),
        )?,
    );
    let (found, lse) = ops.attention(&qkv.here, heads, &rows);
    let (expected, cpu_lse) = Portable.attention(&qkv.there, heads, &cpu_rows);
    note("attention", error(found.clone(), expected.clone())?);
    note("attention's sums", error(lse.clone(), cpu_lse.clone())?);
    let back = ops.attention_backward(&dout.here, &found, &lse, &qkv.here, heads, &rows);
    let cpu_back = Portable.attention_backward(&dout.there, &expected, &cpu_lse, &qkv.there, heads, &cpu_rows);
    for (name, from, width) in [("queries", 0, hidden), ("keys and values", hidden, heads.width() - hidden)] {
        let part = |t: &Tensor<2>| t.clone().narrow(1, from, width);
        note(&format!("attention_backward, {name}"), error(part(&back), part(&cpu_back))?);
    }
    note("swiglu", error(ops.swiglu(&gate_up.here), Portable.swiglu(&gate_up.there))?);
    let (found, again) = ops.swiglu_backward(&dy.here, &gate_up.here);
    let (expected, cpu_again) = Portable.swiglu_backward(&dy.there, &gate_up.there);
    note("swiglu_backward", error(found, expected)?);
    note("swiglu_backward's product", error(again, cpu_again)?);
    note(
        "row_sums",
        error(ops.row_sums(&x.here, &other.here, &rows), Portable.row_sums(&x.there, &other.there, &cpu_rows))?,
    );
    let odd = |x: &Tensor<2>| x.clone().narrow(1, 0, hidden - 3);
    let (found, expected) = (
        ops.row_sums(&odd(&x.here), &odd(&other.here), &rows),
        Portable.row_sums(&odd(&x.there), &odd(&other.there), &cpu_rows),
    );
    note("row_sums of an odd width", error(found, expected)?);
    let knob: Vec<f32> = (0..hidden).map(|i| (i % 7) as f32 * 0.1).collect();
    let [here, there] =
        [device, &cpu].map(|d| Tensor::<1>::from_data(TensorData::new(knob.clone(), [hidden]), (d, DType::F32)));
    note(
        "merge",
        error(ops.merge(&w.here, &u.here, &here, &vh.here), Portable.merge(&w.there, &u.there, &there, &vh.there))?,
    );

    let tokens: Vec<i32> = (0..n as i32).map(|i| i * 37 % vocabulary as i32).collect();
    let (logits, cpu_logits) = (ops.logits(&x.here, &head.here), Portable.logits(&x.there, &head.there));
    note("logits", error(logits.clone(), cpu_logits.clone())?);
    let (t, cpu_t) = (ints(&tokens, device), ints(&tokens, &cpu));
    note("token_logprobs", error(ops.token_logprobs(&logits, &t), Portable.token_logprobs(&cpu_logits, &cpu_t))?);
    let coefficients = |d: &Device| {
        let floats = |f: fn(usize) -> f32| {
            Tensor::<1>::from_data(TensorData::new((0..n).map(f).collect::<Vec<_>>(), [n]), (d, DType::F32))
        };
        Coefficients {
            weight: floats(|i| (i % 5) as f32 - 2.0),
            reference: Some((floats(|i| -4.0 - (i % 3) as f32), 0.1)),
        }
    };
    let (logp, dlogits) = ops.token_logprobs_backward(logits, &t, &coefficients(device), dtype);
    let (cpu_logp, cpu_dlogits) = Portable.token_logprobs_backward(cpu_logits, &cpu_t, &coefficients(&cpu), DType::F32);
    note("token_logprobs_backward", error(logp, cpu_logp)?);
    note("token_logprobs_backward's gradient", error(dlogits.clone(), cpu_dlogits.clone())?);
    note(
        "gradient of the head",
        error(ops.linear_backward(&dlogits, &head.here), Portable.linear_backward(&cpu_dlogits, &head.there))?,
    );
    Ok(out)
}

/// A model of two layers, small everywhere but in its heads.
fn config(Shape { family, heads }: Shape) -> ModelConfig {
    ModelConfig {
        family,
        vocab_size: 608,
        hidden_size: heads.queries * 16,
        intermediate_size: heads.queries * 40,
        num_hidden_layers: 2,
        num_attention_heads: heads.queries,
        num_key_value_heads: heads.kv,
        head_dim: heads.d,
        max_position_embeddings: 1024,
        rms_norm_eps: 1e-6,
        rope_theta: 1e4,
        tie_word_embeddings: true,
    }
}

/// Every linear layer's weight gradient, multiplied out on the CPU: the whole of the backward pass goes through them.
struct Gradients(Vec<Tensor<2>>);

impl Tap for Gradients {
    fn linear(&mut self, _layer: usize, _group: Group, x: &Tensor<2>, dy: &Tensor<2>) {
        let wide = |t: &Tensor<2>| t.clone().cast(DType::F32).to_device(&Device::flex());
        self.0.push(wide(dy).transpose().matmul(wide(x)));
    }
}

fn models(backend: &Backend, shape: &Shape, dtype: DType, bound: f64) -> Result<Vec<Check>> {
    let weights = Weights::random(config(*shape), 3);
    let decoder = Decoder::with(&weights, backend, dtype)?;
    let cpu = Decoder::with(&weights, &Backend::cpu(), DType::F32)?;
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let rows: Vec<Vec<u32>> =
        LENGTHS.iter().map(|&n| (0..n.max(2)).map(|_| rng.random_range(0..600)).collect()).collect();
    let mut out = vec![];
    let mut note = |name: &str, error: f64, bound: f64| {
        out.push(Check { what: format!("{name}, {dtype:?}, {shape}"), error, bound });
    };

    let pass = |decoder: &Decoder, saved_activations: usize| -> Result<(Tensor<1>, Vec<Tensor<2>>)> {
        let rows: Vec<&[u32]> = rows.iter().map(|r| &r[..]).collect();
        let batch = Batch::new(&rows, &decoder.backend.device);
        let spans: Vec<(usize, usize)> = rows.iter().map(|r| (1, r.len())).collect();
        let targets = Targets::completions(&spans, &rows);
        let weight = vec![-1.0; targets.len()];
        let mut tap = Gradients(vec![]);
        let forward = decoder.forward_keeping(&batch, saved_activations);
        let logp = decoder.gradient(forward, &targets, &Objective::Linear(&weight), &mut tap);
        Ok((logp, tap.0))
    };
    let ((logp, found), (cpu_logp, expected)) = (pass(&decoder, 1)?, pass(&cpu, 2)?);
    note("a model's log-probabilities", error(logp, cpu_logp)?, bound);
    let mut worst: f64 = 0.0;
    for (found, expected) in found.into_iter().zip(expected) {
        worst = worst.max(error(found, expected)?);
    }
    note("its gradients, the worst layer", worst, 5.0 * bound);

    let (found, expected) = (split_by_token(&decoder, &rows)?, split_by_token(&cpu, &rows)?);
    let off = |of: fn(&TokenSplit) -> Vec<f32>| apart(&of(&found), &of(&expected));
    note("what a gate of tokens quarantines", off(|split| split.quarantined.rows.concat())?, 5.0 * bound);
    // Every token counts alike there, those with next to no gradient, too, whose cosine is rounding's.
    let fractions = |split: &TokenSplit| split.fractions().iter().map(|&f| f as f32).collect();
    note("its mean values", off(fractions)?, (5.0 * bound).max(2e-2));
    out.extend(generation::checks(&decoder, &cpu, &rows, bound)?);
    Ok(out)
}

/// Singular vectors, where the device has a way to find them, of matrices whose smallest values are as near to nothing as those of
/// a trained model's projections. What is compared is what an adapter makes of them, `U diag(x) Vh`.
fn singular_vectors(backend: &Backend) -> Result<Vec<Check>> {
    let mut out = vec![];
    for (rows, cols) in [(896, 896), (130, 896), (890, 317)] {
        let r = rows.min(cols);
        let random = Matrix { rows, cols, data: Random(ChaCha8Rng::seed_from_u64(9)).matrix([rows, cols], 1.0) };
        let Some(Svd { u, vh, .. }) = svd::on_the_host(&random) else { bail!("the host finds no singular vectors") };
        let falling: Vec<f32> = (0..r).map(|k| 10f32.powf(-5.0 * k as f32 / r as f32)).collect();
        let matrix = Svd { u, s: falling, vh }.product();
        let Some(found) = backend.ops.svd(&matrix)? else { return Ok(out) };
        let Some(expected) = svd::on_the_host(&matrix) else { bail!("the host finds no singular vectors") };
        let signs: Vec<f32> = (0..r).map(|k| if k % 3 == 0 { 1.0 } else { -1.0 }).collect();
        let [found, expected] = [found, expected].map(|svd| Svd { s: signs.clone(), ..svd }.product().data);
        let error = apart(&found, &expected)?;
        out.push(Check { what: format!("singular vectors of {rows} x {cols}"), error, bound: 1e-2 });
    }
    Ok(out)
}

/// What a gate of tokens with a random direction makes of every row.
fn split_by_token(decoder: &Decoder, rows: &[Vec<u32>]) -> Result<TokenSplit> {
    let rows: &[&[u32]] = &rows.iter().map(Vec::as_slice).collect::<Vec<_>>();
    let basis = Basis::stand_in(decoder.clone(), 5)?;
    let (layout, mut random) = (&basis.layout, Random(ChaCha8Rng::seed_from_u64(6)));
    let mut unit = random.matrix([1, layout.len()], 1.0);
    for range in layout.ranges() {
        let length = unit[range.clone()].iter().map(|x| x * x).sum::<f32>().sqrt();
        unit[range].iter_mut().for_each(|x| *x /= length);
    }
    let [lower, upper] = [-0.5, 0.5].map(|edge| vec![edge; layout.count()]);
    let gate = TokenGate::new(&basis, &[unit], &lower, &upper);
    let batch = Batch::new(rows, &decoder.backend.device);
    let spans: Vec<(usize, usize)> = rows.iter().map(|r| (1, r.len())).collect();
    let targets = Targets::completions(&spans, rows);
    let weight = vec![-1.0; targets.len()];
    let mut tap = KnobTap::new(&basis, &batch.rows).gated(Some(&gate));
    decoder.gradient(decoder.forward(&batch), &targets, &Objective::Linear(&weight), &mut tap);
    tap.finish()?.split.context("a gate of tokens split nothing")
}

/// Generation at a real model's width, against the trainer.
fn wide(backend: &Backend, shape: &Shape, [width, inner]: [usize; 2], bound: f64) -> Result<Vec<Check>> {
    // A vocabulary whose softmax is taken in parts.
    let config = ModelConfig { hidden_size: width, intermediate_size: inner, vocab_size: 5000, ..config(*shape) };
    let decoder = Decoder::with(&Weights::random(config, 3), backend, DType::BF16)?;
    let rows: Vec<Vec<u32>> = LENGTHS.iter().map(|&n| (0..n.max(2) as u32).map(|i| i * 37 % 600).collect()).collect();
    generation::checks(&decoder, &decoder, &rows, bound)
}
