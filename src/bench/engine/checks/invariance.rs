//! Whether a row's bits depend on how many rows are computed with it. Where they do not, what is sampled one token at a time is what is
//! trained, to the bit.

use super::{Check, Random, Shape, ints, twin};
use anyhow::Result;
use backend::ops::{Rope, Rotation};
use backend::{Backend, Rows, read};
use burn_tensor::{DType, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Tokens of a pass of training, and of steps of decoding.
const MANY: usize = 4096;
const FEW: [usize; 5] = [1, 8, 32, 128, 1000];

/// Values of the first rows that are others when fewer rows are computed.
fn moved(all: &Tensor<2>, few: &Tensor<2>) -> Result<f64> {
    let (all, few) = (read(all.clone())?, read(few.clone())?);
    Ok(all.iter().zip(&few).filter(|(a, b)| a.to_bits() != b.to_bits()).count() as f64)
}

/// The operations of a forward pass at a real model's width, in bf16.
pub(super) fn checks(backend: &Backend, shape: &Shape, [width, inner]: [usize; 2]) -> Result<Vec<Check>> {
    let Shape { family, heads } = *shape;
    let (ops, device) = (&backend.ops, &backend.device);
    let mut random = Random(ChaCha8Rng::seed_from_u64(11));
    let mut make = |shape: [usize; 2], spread: f32| twin(random.matrix(shape, spread), shape, device, DType::BF16).here;
    let (x, product, gate_up) = (make([MANY, width], 1.0), make([MANY, inner], 1.0), make([MANY, 2 * inner], 1.0));
    let (qkv, attended) = (make([MANY, heads.width()], 1.0), make([MANY, heads.queries * heads.d], 1.0));
    let (w_qkv, w_o) = (make([heads.width(), width], 0.05), make([width, heads.queries * heads.d], 0.05));
    let (w_up, w_down, head) = (make([2 * inner, width], 0.05), make([width, inner], 0.05), make([4000, width], 0.05));
    let gain = make([1, width], 1.0).squeeze_dim::<1>(0);
    let long = if family.is_biased() { heads.width() } else { heads.d };
    let step = family.step.map(|()| make([1, long], 1.0).squeeze_dim::<1>(0));
    let rope = Rope::new(MANY, heads.d, 1e4, device);
    let tokens: Vec<i32> = (0..MANY as i32).map(|i| i * 37 % 4000).collect();
    let forward = |n: usize| -> Vec<(&str, Tensor<2>)> {
        let first = |t: &Tensor<2>| t.clone().narrow(0, 0, n);
        let rows = Rows::new(vec![n], device);
        let rotation = Rotation { heads, step: &step, rope: &rope, positions: &rows.positions, eps: 1e-6 };
        let logits = ops.logits(&first(&x), &head);
        vec![
            ("queries, keys and values", ops.linear(&first(&x), &w_qkv)),
            ("attention's product", ops.linear_onto(first(&x), &first(&attended), &w_o)),
            ("gate and up", ops.linear(&first(&x), &w_up)),
            ("down", ops.linear_onto(first(&x), &first(&product), &w_down)),
            ("norm", ops.rms_norm(&first(&x), &gain, 1e-6)),
            ("rotation", ops.rotate(&first(&qkv), rotation)),
            ("attention", ops.attention(&first(&qkv), heads, &rows).0),
            ("SwiGLU", ops.swiglu(&first(&gate_up))),
            ("log-probabilities", ops.token_logprobs(&logits, &ints(&tokens[..n], device)).unsqueeze_dim(1)),
            ("logits", logits),
        ]
    };
    let (all, mut out) = (forward(MANY), vec![]);
    for n in FEW {
        for ((name, all), (_, few)) in all.iter().zip(forward(n)) {
            let what = format!("values that are others in {n} rows than in {MANY}, {name}, {shape}, width {width}");
            out.push(Check { what, error: moved(all, &few)?, bound: 0.0 });
        }
    }
    Ok(out)
}
