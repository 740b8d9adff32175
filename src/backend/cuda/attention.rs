//! Causal attention over packed rows: `flash.cu` on the tensor cores for heads that it is compiled for, `attention.cu` for all
//! others.

use super::driver::{Arg, LaunchConfig};
use super::{dense, empty, heads_args, indices, kernel, tensor, typed};
use crate::batch::Rows;
use crate::ops::Heads;
use burn_tensor::{DType, Tensor};

/// What attention's scores are multiplied by: `d^(-1/2)`.
pub fn score_scale(heads: Heads) -> f64 {
    (heads.d as f64).powf(-0.5)
}

/// Whether the kernels on tensor cores take these heads.
pub fn flashes(heads: Heads, dtype: DType) -> bool {
    dtype == DType::BF16 && [64, 128].contains(&heads.d)
}

/// Rows that a block of `flash.cu` owns, and of a tile that it passes over.
const FLASH_OWN: usize = 128;
const FLASH_TILE: usize = 64;

/// A kernel of `flash.cu` over `over` heads, with this many blocks of its own rows and as many tiles in shared memory.
fn flash(rows: &Rows, heads: Heads, over: usize, [own, tiles]: [usize; 2]) -> LaunchConfig {
    let shared = (own * FLASH_OWN + tiles * FLASH_TILE) * heads.d * DType::BF16.size();
    LaunchConfig::over([over, rows.count(), rows.longest().div_ceil(FLASH_OWN)], 256).sharing(shared)
}

/// One warp for each token and head, four warps a block.
pub fn warps(tokens: usize, heads: usize) -> LaunchConfig {
    LaunchConfig::over([tokens.div_ceil(4), heads, 1], 128)
}

/// Rotated `[N, width]` to outputs `[N, h d]` and the log of each softmax's sum `[N, h]`.
pub(super) fn forward(rotated: &Tensor<2>, heads: Heads, rows: &Rows) -> (Tensor<2>, Tensor<2>) {
    let n = rotated.dims()[0];
    let (rotated, starts) = (dense(rotated), indices(&rows.starts));
    let out = empty(&rotated, &[n, heads.queries * heads.d], rotated.dtype);
    let lse = empty(&rotated, &[n, heads.queries], DType::F32);
    let scale = Arg::Float(score_scale(heads));
    let (reads, writes) = ([&rotated, &starts], [&out, &lse]);
    if flashes(heads, rotated.dtype) {
        let rest = vec![Arg::Int(heads.queries), Arg::Int(heads.kv), scale];
        let launch = flash(rows, heads, heads.queries, [1, 4]);
        kernel(format!("flash_{}", heads.d), launch, &reads, &writes, rest);
    } else {
        let rest = [&[Arg::Int(rows.count()), Arg::Int(n)][..], &heads_args(heads), &[scale]].concat();
        kernel(typed("attend", rotated.dtype), warps(n, heads.queries), &reads, &writes, rest);
    }
    (tensor(out), tensor(lse))
}

/// Gradient of the rotated queries, keys and values, from the output's, the output and the softmaxes' sums.
pub(super) fn backward([dout, out, lse]: [&Tensor<2>; 3], rotated: &Tensor<2>, heads: Heads, rows: &Rows) -> Tensor<2> {
    let n = rotated.dims()[0];
    let (dout, out, lse, rotated) = (dense(dout), dense(out), dense(lse), dense(rotated));
    let starts = indices(&rows.starts);
    let drotated = empty(&rotated, &[n, heads.width()], rotated.dtype);
    let scale = Arg::Float(score_scale(heads));
    if flashes(heads, rotated.dtype) {
        let along = empty(&rotated, &[n, heads.queries], DType::F32);
        let rest = vec![Arg::Int(heads.queries), Arg::Int(heads.kv), scale];
        let launch = |over: usize| flash(rows, heads, over, [2, 4]);
        let name = |of: &str| format!("flash_backward_{of}_{}", heads.d);
        let reads = [&dout, &out, &lse, &rotated, &starts];
        kernel(name("q"), launch(heads.queries), &reads, &[&drotated, &along], rest.clone());
        let reads = [&dout, &lse, &along, &rotated, &starts];
        kernel(name("kv"), launch(heads.kv), &reads, &[&drotated], rest);
    } else {
        for (name, over) in [("attend_backward_q", heads.queries), ("attend_backward_kv", heads.kv)] {
            let rest = [&[Arg::Int(rows.count()), Arg::Int(n)][..], &heads_args(heads), &[scale]].concat();
            let reads = [&dout, &out, &lse, &rotated, &starts];
            kernel(typed(name, rotated.dtype), warps(n, over), &reads, &[&drotated], rest);
        }
    }
    tensor(drotated)
}
