//! The kernels of one decode step. Up to `MOST_FEW` rows, in bf16, products are kernels of our own, which read the weights at
//! the memory's speed and start while the kernel before them ends; more rows are cuBLASLt's.

use super::sizes::{DRAW_PARTS, SUMS_BYTES, Sizes, WEIGHTS_BYTES, WIDE_BYTES, flash_bytes, norm_threads, splits};
use super::{CudaEngine, LayerPtrs};
use crate::engine::PAGE;
use backend::cuda::attention::{score_scale, warps};
use backend::cuda::cublaslt::{Product, Side};
use backend::cuda::driver::{Arg, LaunchConfig, Result};
use backend::cuda::{heads_args, pointers, rotation_kernel, threads, typed};
use backend::ops::QkvStep;
use burn_tensor::DType;
use model::Group;

/// What becomes of a product.
enum To {
    /// Written to this address, in the model's type.
    Plain(u64),
    /// Written to this address, in f32.
    Logits(u64),
    /// Its halves are gate and up: `silu(gate) up` is written to this address.
    SwiGlu(u64),
    /// Added to the residual stream: by the product itself, or by the next norm where a kernel for few rows made it.
    Added,
}

impl CudaEngine<'_> {
    /// One step of all rows.
    pub(super) fn step(&mut self) -> Result<()> {
        let Sizes { hidden, inner, vocabulary, heads, dtype, .. } = self.sizes;
        let wide = heads.queries * heads.d;
        let (x, normed, attended) = (self.between.x, self.between.normed, self.between.attended);
        let (qkv, product, logits) = (self.between.qkv, self.between.product, self.between.logits);
        let embed = [Arg::Pointer(self.embed), Arg::Pointer(self.rows.tokens), Arg::Pointer(x), Arg::Int(hidden)];
        let gather = LaunchConfig::over([self.order.len(), 1, 1], threads(hidden, dtype));
        self.launch(&typed("gather_rows", dtype), gather, &embed)?;
        for layer in 0..self.layers.len() {
            let LayerPtrs { weights, input_gain, post_gain, step } = self.layers[layer];
            self.norm(input_gain, if layer > 0 { inner } else { 0 })?;
            self.project(normed, weights[Group::Qkv as usize], [heads.width(), hidden], To::Plain(qkv))?;
            self.rotate(layer, step)?;
            self.attend(layer)?;
            self.project(attended, weights[Group::O as usize], [hidden, wide], To::Added)?;
            self.norm(post_gain, wide)?;
            self.project(normed, weights[Group::GateUp as usize], [2 * inner, hidden], To::SwiGlu(product))?;
            self.project(product, weights[Group::Down as usize], [hidden, inner], To::Added)?;
        }
        self.norm(self.final_gain, inner)?;
        self.project(normed, self.head, [vocabulary, hidden], To::Logits(logits))?;
        self.draw()
    }

    /// `x w^T` of every row, `w [n, k]`.
    fn project(&mut self, x: u64, w: u64, [n, k]: [usize; 2], to: To) -> Result<()> {
        if self.kernel_choice.small_batch { self.small_batch(x, w, [n, k], to) } else { self.many(x, w, [n, k], to) }
    }

    fn small_batch(&self, x: u64, w: u64, [n, k]: [usize; 2], to: To) -> Result<()> {
        let rows = self.order.len();
        let tiles = rows.div_ceil(8).next_power_of_two();
        let least = WEIGHTS_BYTES + tiles * SUMS_BYTES;
        // Products that are added alternate with others: see `WIDE_BYTES`.
        let (kind, out, parts, shared) = match to {
            To::Plain(out) => ("bf16", out, 1, WIDE_BYTES),
            To::SwiGlu(out) => ("swiglu", out, 1, WIDE_BYTES),
            To::Logits(out) => ("f32", out, 1, WIDE_BYTES),
            To::Added => ("f32", self.between.adds, splits(k), least),
        };
        let grid = [self.kernels.card.multiprocessors / parts, parts, 1];
        let launch = LaunchConfig::over(grid, 256).sharing(shared.max(least)).early();
        let args = [&pointers(&[x, w, out])[..], &[rows, n, k].map(Arg::Int)].concat();
        self.launch(&format!("small_batch_gemm_{kind}_{tiles}"), launch, &args)
    }

    fn many(&mut self, x: u64, w: u64, [n, k]: [usize; 2], to: To) -> Result<()> {
        let (rows, Sizes { inner, dtype, .. }) = (self.order.len(), self.sizes);
        let (out, onto, out_type) = match to {
            To::Plain(out) => (out, None, dtype),
            To::Logits(out) => (out, None, DType::F32),
            To::SwiGlu(_) => (self.between.gate_up, None, dtype),
            To::Added => (self.between.x, Some(self.between.x), dtype),
        };
        let product = Product {
            m: rows,
            planned: Some(self.sizes.rows),
            n,
            k,
            a: Side::plain(x, k),
            b: Side::transposed(w, k),
            onto,
            out,
            out_stride: n,
            dtype,
            out_type,
        };
        let lt = self.lt.as_mut().expect("until it is dropped");
        lt.multiply(&self.stream, &product)?;
        let To::SwiGlu(product) = to else { return Ok(()) };
        let packs = rows * inner * dtype.size() / 16;
        let args = [Arg::Pointer(out), Arg::Pointer(product), Arg::Int(inner), Arg::Size(packs)];
        self.launch(&typed("swiglu", dtype), LaunchConfig::over([packs.div_ceil(128), 1, 1], 128), &args)
    }

    /// Norms the residual stream. Where a kernel for few rows made the last product, over `k` columns in [`splits`] parts, they are
    /// added first.
    fn norm(&self, gain: u64, k: usize) -> Result<()> {
        let Sizes { hidden, dtype, eps, .. } = self.sizes;
        let splits = if self.kernel_choice.small_batch { splits(k) } else { 0 };
        let args = [
            Arg::Pointer(self.between.x),
            Arg::Pointer(self.between.adds),
            Arg::Int(splits),
            Arg::Pointer(gain),
            Arg::Pointer(self.between.normed),
            Arg::Int(hidden),
            Arg::Float(eps),
        ];
        let launch = LaunchConfig::over([self.order.len(), 1, 1], norm_threads(hidden, dtype)).early();
        self.launch(&typed("norm_step", dtype), launch, &args)
    }

    fn rotate(&self, layer: usize, step: QkvStep<u64>) -> Result<()> {
        let Sizes { heads, dtype, eps, table, .. } = self.sizes;
        let (keys, values) = &self.caches[layer];
        let of: Vec<u64> = [&self.between.qkv].into_iter().chain(step.tensors()).copied().collect();
        let args = [
            &pointers(&of)[..],
            &pointers(&[self.rope[0], self.rope[1], self.rows.positions, self.rows.tables]),
            &[Arg::Int(table), Arg::Int(PAGE), Arg::Int(self.task.decoder.config.max_position_embeddings)],
            &pointers(&[self.between.query, *keys, *values]),
            &heads_args(heads),
            &[Arg::Float(eps)],
        ];
        let all = heads.queries + 2 * heads.kv;
        let launch = LaunchConfig::over([self.order.len(), all.div_ceil(4), 1], 128).early();
        self.launch(&rotation_kernel("rotate_step", &step, dtype), launch, &args.concat())
    }

    fn attend(&self, layer: usize) -> Result<()> {
        let Sizes { heads, dtype, table, .. } = self.sizes;
        let (rows, (keys, values)) = (self.order.len(), self.caches[layer]);
        let cache = pointers(&[self.between.query, keys, values, self.rows.positions, self.rows.tables]);
        let (out, scale) = (Arg::Pointer(self.between.attended), Arg::Float(score_scale(heads)));
        if !self.kernel_choice.flash {
            let rest = [Arg::Int(table), Arg::Int(PAGE), out, Arg::Int(rows)];
            let args = [&cache[..], &rest, &heads_args(heads), &[scale]].concat();
            return self.launch(&typed("attend_step", dtype), warps(rows, heads.queries), &args);
        }
        let (parts, piece, most) = (self.between.parts, self.sizes.piece(), self.sizes.most_pieces());
        let sizes = [rows, heads.queries, heads.kv, piece, most].map(Arg::Int);
        let args = [&cache[..], &[Arg::Int(table), Arg::Pointer(parts)], &sizes, &[scale]].concat();
        let launch = LaunchConfig::over([self.kernels.card.multiprocessors, 1, 1], 128);
        let launch = launch.sharing(flash_bytes(heads, rows)).early();
        self.launch(&format!("flash_step_{}", heads.d), launch, &args)?;
        let sizes = [heads.kv, piece, most].map(Arg::Int);
        let front = [Arg::Pointer(parts), Arg::Pointer(self.rows.positions), Arg::Int(table), out];
        let launch = LaunchConfig::over([heads.queries, rows, 1], heads.d).early();
        self.launch(&format!("flash_join_{}", heads.d), launch, &[&front[..], &sizes].concat())
    }

    fn draw(&self) -> Result<()> {
        let (vocabulary, rows) = (self.sizes.vocabulary, self.order.len());
        let params = self.task.params;
        let logits = Arg::Pointer(self.between.logits);
        let greedy = params.temperature == 0.0;
        let scale = Arg::Float(if greedy { 1.0 } else { 1.0 / params.temperature });
        let cuts = !greedy && (params.top_k > 0 || params.top_p < 1.0);
        let floors = Arg::Pointer(if cuts { self.between.floors } else { 0 });
        if cuts {
            let args = [logits, floors, scale, Arg::Int(params.top_k), Arg::Float(params.top_p), Arg::Int(vocabulary)];
            self.launch("draw_floors", LaunchConfig::over([rows, 1, 1], 512).early(), &args)?;
        }
        let found = Arg::Pointer(self.between.found);
        let (seeds, steps) = (Arg::Pointer(self.rows.seeds), Arg::Pointer(self.rows.steps));
        let args = [logits, floors, seeds, steps, scale, found, Arg::Int(vocabulary)];
        self.launch("draw_parts", LaunchConfig::over([DRAW_PARTS, rows, 1], 256).early(), &args)?;
        let args = [
            found,
            Arg::Int(DRAW_PARTS),
            Arg::Int(rows),
            Arg::Int(usize::from(greedy)),
            Arg::Pointer(self.rows.tokens),
            Arg::Pointer(self.rows.positions),
            steps,
            Arg::Pointer(self.rows.last),
        ];
        self.launch("draw_join", LaunchConfig::over([rows.div_ceil(128), 1, 1], 128).early(), &args)
    }
}
