//! Decode steps as tensor operations, one at a time. Logits come to the host, where tokens are drawn.

use crate::Result;
use crate::draw::{Drawn, draw};
use crate::engine::{DecodeEngine, DecodeTask, PAGE, Sequence, slot};
use backend::{Batch, read};
use burn_tensor::{Bool, DType, IndexingUpdateOp, Int, Tensor, TensorData};

/// Keys and values of one layer, each `[pages * PAGE, kv * d]`.
struct Cache {
    k: Tensor<2>,
    v: Tensor<2>,
}

/// The engine for every device.
pub struct PortableEngine<'a> {
    task: DecodeTask<'a>,
    caches: Vec<Cache>,
    lanes: Vec<Sequence>,
}

impl<'a> PortableEngine<'a> {
    /// An engine with an empty cache and no row in any lane.
    pub fn new(task: DecodeTask<'a>) -> Result<Self> {
        let (decoder, heads) = (task.decoder, task.decoder.heads());
        let empty =
            || Tensor::zeros([task.pages * PAGE, heads.kv * heads.d], (&decoder.backend.device, decoder.dtype()));
        let caches = decoder.layers.iter().map(|_| Cache { k: empty(), v: empty() }).collect();
        Ok(Self { task, caches, lanes: vec![Sequence::default(); task.params.rows] })
    }

    fn ints(&self, values: impl Iterator<Item = usize>) -> Tensor<1, Int> {
        let values: Vec<i32> = values.map(|v| v as i32).collect();
        let n = values.len();
        Tensor::from_data(TensorData::new(values, [n]), &self.task.decoder.backend.device)
    }

    /// The slot where a row stores its next token; a lane without a row writes into page 0.
    fn here(sequence: &Sequence) -> usize {
        if sequence.pages.is_empty() { 0 } else { slot(&sequence.pages, sequence.position) }
    }

    fn step(&mut self) -> Result<Vec<Drawn>> {
        let decoder = self.task.decoder;
        let (tokens, positions) = (self.lanes.iter().map(|s| s.token as usize), self.lanes.iter().map(|s| s.position));
        let (tokens, positions) = (self.ints(tokens), self.ints(positions));
        let (here, view) = (self.ints(self.lanes.iter().map(Self::here)), CacheView::new(self));
        let heads = decoder.heads();
        let queries = heads.queries * heads.d;
        let caches = &mut self.caches;
        let logits = decoder.decode_step(&tokens, &positions, |layer, rotated| {
            caches[layer].store(rotated, queries, &here);
            view.attend(rotated.clone().narrow(1, 0, queries), &caches[layer], heads.d)
        });
        let logits = read(logits)?;
        let rows = logits.chunks_exact(decoder.config.vocab_size).zip(&mut self.lanes);
        Ok(rows
            .map(|(logits, sequence)| {
                if sequence.pages.is_empty() {
                    return Drawn::default();
                }
                let drawn = draw(logits, self.task.params, sequence.seed, sequence.drawn);
                (sequence.token, sequence.position) = (drawn.token, sequence.position + 1);
                sequence.drawn += 1;
                drawn
            })
            .collect())
    }
}

impl Cache {
    /// Writes keys and values, which lie behind `queries` columns, to these slots.
    fn store(&mut self, rotated: &Tensor<2>, queries: usize, slots: &Tensor<1, Int>) {
        let width = self.k.dims()[1];
        let part = |i: usize| rotated.clone().narrow(1, queries + i * width, width);
        let (k, v) = (part(0), part(1));
        self.k.inplace(|c| c.select_assign(0, slots.clone(), k, IndexingUpdateOp::Assign));
        self.v.inplace(|c| c.select_assign(0, slots.clone(), v, IndexingUpdateOp::Assign));
    }
}

/// What every row attends to in this step: cache slots `[M * S]`, and which of them it may not see, `[M, 1, 1, S]`.
struct CacheView {
    slots: Tensor<1, Int>,
    hidden: Tensor<4, Bool>,
    rows: usize,
    span: usize,
}

impl CacheView {
    fn new(engine: &PortableEngine) -> Self {
        let lanes = &engine.lanes;
        // The whole table, although rows are shorter: a sum may round differently when its length changes.
        let span = engine.task.block_table * PAGE;
        let at = |sequence: &Sequence, i: usize| {
            if i <= sequence.position && !sequence.pages.is_empty() { slot(&sequence.pages, i) } else { 0 }
        };
        let slots = engine.ints(lanes.iter().flat_map(|sequence| (0..span).map(move |i| at(sequence, i))));
        let hidden: Vec<bool> = lanes.iter().flat_map(|s| (0..span).map(move |i| i > s.position)).collect();
        let hidden = TensorData::new(hidden, [lanes.len(), 1, 1, span]);
        let hidden = Tensor::from_data(hidden, &engine.task.decoder.backend.device);
        Self { slots, hidden, rows: lanes.len(), span }
    }

    /// Attention of one query per row, `[M, h * d] -> [M, h * d]`.
    fn attend(&self, q: Tensor<2>, cache: &Cache, d: usize) -> Tensor<2> {
        let (dtype, [m, width]) = (q.dtype(), q.dims());
        let kv = cache.k.dims()[1] / d;
        let take = |cache: &Tensor<2>| {
            let taken = cache.clone().select(0, self.slots.clone());
            taken.reshape([self.rows, self.span, kv, d]).swap_dims(1, 2)
        };
        let q = q.reshape([m, kv, width / d / kv, d]);
        let scores = q.matmul(take(&cache.k).swap_dims(2, 3)).cast(DType::F32).mul_scalar((d as f64).powf(-0.5));
        let shape = scores.dims();
        let scores = scores.mask_fill(self.hidden.clone().expand(shape), -1e30);
        let probs = burn_tensor::activation::softmax(scores, 3).cast(dtype);
        probs.matmul(take(&cache.v)).reshape([m, width])
    }
}

impl DecodeEngine for PortableEngine<'_> {
    /// Filler is computed like prompts: few tokens, for few prompts.
    fn prefill_tokens(&self) -> usize {
        512
    }

    fn prefill(&mut self, rows: &[&[u32]], slots: &[(usize, usize)]) -> Result<()> {
        let decoder = self.task.decoder;
        let from = self.ints(slots.iter().map(|p| p.0));
        let to = self.ints(slots.iter().map(|p| p.1));
        let queries = decoder.heads().queries * decoder.heads().d;
        let caches = &mut self.caches;
        decoder.encode(&Batch::new(rows, &decoder.backend.device), |layer, rotated| {
            caches[layer].store(&rotated.clone().select(0, from.clone()), queries, &to);
        });
        Ok(())
    }

    fn copy(&mut self, slots: &[(usize, usize)]) -> Result<()> {
        let from = self.ints(slots.iter().map(|p| p.0));
        let to = self.ints(slots.iter().map(|p| p.1));
        for cache in &mut self.caches {
            for tensor in [&mut cache.k, &mut cache.v] {
                let taken = tensor.clone().select(0, from.clone());
                tensor.inplace(|c| c.select_assign(0, to.clone(), taken, IndexingUpdateOp::Assign));
            }
        }
        Ok(())
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn assign(&mut self, lane: usize, sequence: Sequence) {
        self.lanes[lane] = sequence;
    }

    /// Nothing: logits are drawn from on the host, so a step cannot be left to the device.
    fn start(&mut self) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Vec<Drawn>>> {
        Ok(vec![self.step()?])
    }
}
