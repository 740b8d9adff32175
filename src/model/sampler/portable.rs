//! Decode steps as tensor operations, one at a time. Logits come to the host, where tokens are drawn.

use super::draw::draw;
use super::schedule::place;
use super::{DecodeTask, Drawn, PAGE, Seat, Stepper};
use crate::batch::Batch;
use crate::block::Layer;
use crate::ops::Turn;
use crate::site::{Gain, Group};
use crate::{Result, read};
use burn::tensor::{Bool, DType, IndexingUpdateOp, Int, Tensor, TensorData};

/// Keys and values of one layer, each `[pages * PAGE, kv * d]`.
struct Cache {
    k: Tensor<2>,
    v: Tensor<2>,
}

pub struct PortableStepper<'a> {
    task: DecodeTask<'a>,
    caches: Vec<Cache>,
    seats: Vec<Seat>,
    /// Tokens that each seat has drawn.
    drawn: Vec<usize>,
}

impl<'a> PortableStepper<'a> {
    pub fn new(task: DecodeTask<'a>) -> Result<Self> {
        let (decoder, heads) = (task.decoder, task.decoder.heads());
        let empty = || Tensor::zeros([task.pages * PAGE, heads.kv * heads.d], (&decoder.device, decoder.dtype()));
        let caches = decoder.layers.iter().map(|_| Cache { k: empty(), v: empty() }).collect();
        Ok(Self { task, caches, seats: vec![Seat::default(); task.how.rows], drawn: vec![0; task.how.rows] })
    }

    fn ints(&self, values: impl Iterator<Item = usize>) -> Tensor<1, Int> {
        let values: Vec<i32> = values.map(|v| v as i32).collect();
        let n = values.len();
        Tensor::from_data(TensorData::new(values, [n]), &self.task.decoder.device)
    }

    /// Where row `seat` stores its next token; a slot without a row writes into page 0.
    fn here(seat: &Seat) -> usize {
        if seat.pages.is_empty() { 0 } else { place(&seat.pages, seat.position) }
    }

    fn step(&mut self) -> Result<Vec<Drawn>> {
        let decoder = self.task.decoder;
        let ops = &*decoder.ops;
        let positions = self.ints(self.seats.iter().map(|s| s.position));
        let here = self.ints(self.seats.iter().map(Self::here));
        let view = View::new(self);
        let (heads, eps) = (decoder.heads(), decoder.config.rms_norm_eps);
        let mut x = decoder.embed(&self.ints(self.seats.iter().map(|s| s.token as usize)));
        for (layer, cache) in decoder.layers.iter().zip(&mut self.caches) {
            let how = Turn {
                heads,
                q_gain: layer.gain(Gain::Q),
                k_gain: layer.gain(Gain::K),
                rope: &decoder.rope,
                positions: &positions,
                eps,
            };
            let attn_in = ops.rms_norm(&x, layer.gain(Gain::Input), eps);
            let turned = ops.turn(&ops.linear(&attn_in, layer.weight(Group::Qkv)), how);
            let q = turned.clone().narrow(1, 0, heads.queries * heads.d);
            cache.store(&turned, heads.queries * heads.d, &here);
            let attended = view.attend(q, cache, heads.d);
            x = finish(layer, ops, x, &attended, eps);
        }
        let logits = read(decoder.logits(&decoder.final_norm(&x)))?;
        let rows = logits.chunks_exact(decoder.config.vocab_size).zip(&mut self.seats).zip(&mut self.drawn);
        Ok(rows
            .map(|((logits, seat), steps)| {
                let drawn = draw(logits, self.task.how, seat.seed, *steps);
                *steps += 1;
                (seat.token, seat.position) = (drawn.token, seat.position + 1);
                if seat.pages.is_empty() {
                    seat.position = 0;
                }
                drawn
            })
            .collect())
    }
}

fn finish(layer: &Layer, ops: &dyn crate::ops::Ops, x: Tensor<2>, attended: &Tensor<2>, eps: f64) -> Tensor<2> {
    let x = ops.linear_onto(x, attended, layer.weight(Group::O));
    let mlp_in = ops.rms_norm(&x, layer.gain(Gain::Post), eps);
    let product = ops.swiglu(&ops.linear(&mlp_in, layer.weight(Group::GateUp)));
    ops.linear_onto(x, &product, layer.weight(Group::Down))
}

impl Cache {
    /// Writes keys and values, which lie behind `queries` columns, to these places.
    fn store(&mut self, turned: &Tensor<2>, queries: usize, places: &Tensor<1, Int>) {
        let width = self.k.dims()[1];
        let part = |i: usize| turned.clone().narrow(1, queries + i * width, width);
        let (k, v) = (part(0), part(1));
        self.k.inplace(|c| c.select_assign(0, places.clone(), k, IndexingUpdateOp::Assign));
        self.v.inplace(|c| c.select_assign(0, places.clone(), v, IndexingUpdateOp::Assign));
    }
}

/// What every row attends to in this step: cache places `[M * S]`, and which of them it may not see, `[M, 1, 1, S]`.
struct View {
    places: Tensor<1, Int>,
    hidden: Tensor<4, Bool>,
    rows: usize,
    span: usize,
}

impl View {
    fn new(stepper: &PortableStepper) -> Self {
        let seats = &stepper.seats;
        // The whole table, although rows are shorter: a sum may round differently when its length changes.
        let span = stepper.task.table * PAGE;
        let at = |seat: &Seat, i: usize| {
            if i <= seat.position && !seat.pages.is_empty() { place(&seat.pages, i) } else { 0 }
        };
        let places = stepper.ints(seats.iter().flat_map(|seat| (0..span).map(move |i| at(seat, i))));
        let hidden: Vec<bool> = seats.iter().flat_map(|s| (0..span).map(move |i| i > s.position)).collect();
        let hidden = TensorData::new(hidden, [seats.len(), 1, 1, span]);
        let hidden = Tensor::from_data(hidden, &stepper.task.decoder.device);
        Self { places, hidden, rows: seats.len(), span }
    }

    /// Attention of one query per row, `[M, h * d] -> [M, h * d]`.
    fn attend(&self, q: Tensor<2>, cache: &Cache, d: usize) -> Tensor<2> {
        let (dtype, [m, width]) = (q.dtype(), q.dims());
        let kv = cache.k.dims()[1] / d;
        let take = |cache: &Tensor<2>| {
            let taken = cache.clone().select(0, self.places.clone());
            taken.reshape([self.rows, self.span, kv, d]).swap_dims(1, 2)
        };
        let q = q.reshape([m, kv, width / d / kv, d]);
        let scores = q.matmul(take(&cache.k).swap_dims(2, 3)).cast(DType::F32).mul_scalar((d as f64).powf(-0.5));
        let shape = scores.dims();
        let scores = scores.mask_fill(self.hidden.clone().expand(shape), -1e30);
        let probs = burn::tensor::activation::softmax(scores, 3).cast(dtype);
        probs.matmul(take(&cache.v)).reshape([m, width])
    }
}

impl Stepper for PortableStepper<'_> {
    fn prefill(&mut self, rows: &[&[u32]], places: &[(usize, usize)]) -> Result<()> {
        let decoder = self.task.decoder;
        let from = self.ints(places.iter().map(|p| p.0));
        let to = self.ints(places.iter().map(|p| p.1));
        let queries = decoder.heads().queries * decoder.heads().d;
        let caches = &mut self.caches;
        decoder.blocks(&Batch::new(rows, &decoder.device), |layer, turned| {
            caches[layer].store(&turned.clone().select(0, from.clone()), queries, &to);
        });
        Ok(())
    }

    fn copy(&mut self, places: &[(usize, usize)]) -> Result<()> {
        let from = self.ints(places.iter().map(|p| p.0));
        let to = self.ints(places.iter().map(|p| p.1));
        for cache in &mut self.caches {
            for tensor in [&mut cache.k, &mut cache.v] {
                let taken = tensor.clone().select(0, from.clone());
                tensor.inplace(|c| c.select_assign(0, to.clone(), taken, IndexingUpdateOp::Assign));
            }
        }
        Ok(())
    }

    fn seat(&mut self, slot: usize, seat: Seat) {
        self.seats[slot] = seat;
        self.drawn[slot] = 0;
    }

    fn run(&mut self) -> Result<Vec<Vec<Drawn>>> {
        Ok(vec![self.step()?])
    }
}
