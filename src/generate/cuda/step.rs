//! The kernels of one decode step. Each finds for a token the bits that training finds for it (`logp_gap`): it adds up in the same
//! order, whatever the number of rows.

use super::sizes::{Sizes, flash_bytes};
use super::{CudaEngine, LayerPtrs};
use crate::engine::PAGE;
use backend::cuda::attention::{score_scale, warps};
use backend::cuda::cublaslt::{Product, Side};
use backend::cuda::driver::{Arg, LaunchConfig, Result};
use backend::cuda::{MOST_PARTS, PART_THREADS, heads_args, pointers, rotation_kernel, threads, typed};
use backend::ops::QkvStep;
use burn_tensor::DType;
use model::Group;

/// What becomes of a product.
enum To {
    /// Written to this address, in the model's type.
    Plain(u64),
    /// Written to this address, in f32.
    Logits(u64),
    /// Added to what lies at the first address, and written to the second. In place it would be rounded once more on its way than
    /// training rounds it.
    Added(u64, u64),
}

impl CudaEngine<'_> {
    /// One step of all rows.
    pub(super) fn step(&mut self) -> Result<()> {
        let Sizes { hidden, inner, vocabulary, heads, dtype, .. } = self.sizes;
        let wide = heads.queries * heads.d;
        let (x, middle) = (self.between.x, self.between.middle);
        let (normed, attended) = (self.between.normed, self.between.attended);
        let (qkv, gate_up) = (self.between.qkv, self.between.gate_up);
        let (product, logits) = (self.between.product, self.between.logits);
        let embed = [Arg::Pointer(self.embed), Arg::Pointer(self.rows.tokens), Arg::Pointer(x), Arg::Int(hidden)];
        let gather = LaunchConfig::over([self.order.len(), 1, 1], threads(hidden, dtype));
        self.launch(&typed("gather_rows", dtype), gather, &embed)?;
        for layer in 0..self.layers.len() {
            let LayerPtrs { weights, input_gain, post_gain, step } = self.layers[layer];
            self.norm(x, input_gain)?;
            self.project(normed, weights[Group::Qkv as usize], [heads.width(), hidden], To::Plain(qkv))?;
            self.rotate(layer, step)?;
            self.attend(layer)?;
            self.project(attended, weights[Group::O as usize], [hidden, wide], To::Added(x, middle))?;
            self.norm(middle, post_gain)?;
            self.project(normed, weights[Group::GateUp as usize], [2 * inner, hidden], To::Plain(gate_up))?;
            self.swiglu()?;
            self.project(product, weights[Group::Down as usize], [hidden, inner], To::Added(middle, x))?;
        }
        self.norm(x, self.final_gain)?;
        self.project(normed, self.head, [vocabulary, hidden], To::Logits(logits))?;
        self.draw()
    }

    /// `x w^T` of every row, `w [n, k]`.
    fn project(&mut self, x: u64, w: u64, [n, k]: [usize; 2], to: To) -> Result<()> {
        let (m, dtype) = (self.order.len(), self.sizes.dtype);
        let (out, onto, out_type) = match to {
            To::Plain(out) => (out, None, dtype),
            To::Logits(out) => (out, None, DType::F32),
            To::Added(onto, out) => (out, Some(onto), dtype),
        };
        let planned = (dtype == DType::F32).then_some(self.sizes.rows);
        let (a, b) = (Side::plain(x, k), Side::transposed(w, k));
        let lt = self.lt.as_mut().expect("until it is dropped");
        let (out_stride, batch_invariant) = (n, true);
        let product = Product { m, planned, n, k, a, b, onto, out, out_stride, dtype, out_type, batch_invariant };
        lt.multiply(&self.stream, &product)
    }

    fn swiglu(&self) -> Result<()> {
        let Sizes { inner, dtype, .. } = self.sizes;
        let packs = self.order.len() * inner * dtype.size() / 16;
        let of = pointers(&[self.between.gate_up, self.between.product]);
        let args = [&of[..], &[Arg::Int(inner), Arg::Size(packs)]].concat();
        self.launch(&typed("swiglu", dtype), LaunchConfig::over([packs.div_ceil(128), 1, 1], 128), &args)
    }

    fn norm(&self, x: u64, gain: u64) -> Result<()> {
        let Sizes { hidden, dtype, eps, .. } = self.sizes;
        let of = pointers(&[x, gain, self.between.normed]);
        let launch = LaunchConfig::over([self.order.len(), 1, 1], threads(hidden, dtype)).early();
        self.launch(&typed("norm_step", dtype), launch, &[&of[..], &[Arg::Int(hidden), Arg::Float(eps)]].concat())
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
        if !self.flash {
            let rest = [Arg::Int(table), Arg::Int(PAGE), out, Arg::Int(rows)];
            let args = [&cache[..], &rest, &heads_args(heads), &[scale]].concat();
            return self.launch(&typed("attend_step", dtype), warps(rows, heads.queries), &args);
        }
        let args = [&cache[..], &[Arg::Int(table), out, Arg::Int(heads.queries), scale]].concat();
        let launch = LaunchConfig::over([heads.kv, rows, 1], 128).sharing(flash_bytes(heads)).early();
        self.launch(&format!("flash_step_{}", heads.d), launch, &args)
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
        self.launch("draw_parts", LaunchConfig::over([MOST_PARTS, rows, 1], PART_THREADS).early(), &args)?;
        let args = [
            found,
            Arg::Int(vocabulary),
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
