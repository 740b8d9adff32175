//! Decode steps on the device alone: every step's kernels are recorded once, as a graph, and played; tokens come to the host a
//! stride of steps at a time. The cache, the rows' state and everything between lie in buffers of its own, on a stream of its
//! own beside the runtime's.

use super::driver::{self, Arg, Buffer, Graph, Kernels, Result, Spread, Stream};
use super::lt::{Lt, Product, Side};
use super::route::{address, enqueue};
use super::{dense, flashes, heads_args, indices, score_scale, threads, typed};
use crate::batch::Batch;
use crate::block::Layer;
use crate::ops::Heads;
use crate::sampler::{DecodeTask, Drawn, PAGE, Seat, Stepper};
use crate::site::{Gain, Group};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use std::sync::Arc;

/// Query heads per key/value head that the kernels take at most.
pub const MOST_GROUP: usize = 8;
/// Steps between two looks at what was drawn: a row that ends in between draws on in vain.
const STRIDE: usize = 8;
/// Tokens that one block of `flash_step` attends to, and bytes of what it found.
const SPLIT: usize = 256;
const PART_BYTES: usize = (MOST_GROUP * 128 + 2 * MOST_GROUP) * 4;
/// Blocks that share a row's logits, and bytes of what each found.
const DRAW_PARTS: usize = 16;
const FOUND_BYTES: usize = 24;

/// Where a layer's tensors lie.
struct Place {
    weights: [u64; 4],
    gains: [u64; 4],
}

/// The rows' state as the device holds it.
struct Rows {
    tokens: Buffer,
    positions: Buffer,
    steps: Buffer,
    seeds: Buffer,
    tables: Buffer,
    drawn: Buffer,
}

/// Values between the kernels of a step.
struct Between {
    x: Buffer,
    normed: Buffer,
    qkv: Buffer,
    query: Buffer,
    attended: Buffer,
    gate_up: Buffer,
    product: Buffer,
    logits: Buffer,
    floors: Buffer,
    found: Buffer,
    parts: Buffer,
    done: Buffer,
}

/// Sizes in elements.
#[derive(Clone, Copy)]
struct Sizes {
    rows: usize,
    hidden: usize,
    inner: usize,
    vocabulary: usize,
    table: usize,
    heads: Heads,
    dtype: DType,
    eps: f64,
}

pub struct CudaStepper<'a> {
    task: DecodeTask<'a>,
    kernels: &'static Kernels,
    stream: Arc<Stream>,
    lt: Lt,
    sizes: Sizes,
    /// Keys and values of each layer.
    caches: Vec<(Buffer, Buffer)>,
    rows: Rows,
    between: Between,
    places: Vec<Place>,
    embed: u64,
    head: u64,
    final_gain: u64,
    rope: [u64; 2],
    graph: Option<Graph>,
    seats: Vec<Seat>,
    drawn: Vec<usize>,
    /// Seats have changed since the device was told.
    moved: bool,
}

impl<'a> CudaStepper<'a> {
    pub fn new(task: DecodeTask<'a>) -> crate::Result<Self> {
        driver::enter()?;
        // Weights may have been merged a moment ago.
        task.decoder.device.sync().map_err(|e| crate::ModelError::Compute(e.to_string()))?;
        let (decoder, rows) = (task.decoder, task.how.rows);
        let c = &decoder.config;
        let sizes = Sizes {
            rows,
            hidden: c.hidden_size,
            inner: c.intermediate_size,
            vocabulary: c.vocab_size,
            table: task.table,
            heads: decoder.heads(),
            dtype: decoder.dtype(),
            eps: c.rms_norm_eps,
        };
        let place = |layer: &Layer| -> Result<Place> {
            let weights = [0, 1, 2, 3].map(|i| address(&dense(&layer.weights[i])));
            let gains = [0, 1, 2, 3].map(|i| address(&dense(&layer.gains[i])));
            let all = |found: [Result<u64>; 4]| found.into_iter().collect::<Result<Vec<u64>>>();
            let four = |found: Vec<u64>| [found[0], found[1], found[2], found[3]];
            Ok(Place { weights: four(all(weights)?), gains: four(all(gains)?) })
        };
        let heads = sizes.heads;
        let cache = || Buffer::new(task.pages * PAGE * heads.kv * heads.d * sizes.dtype.size());
        Ok(Self {
            kernels: Kernels::get()?,
            stream: Arc::new(Stream::new()?),
            lt: Lt::new()?,
            caches: decoder.layers.iter().map(|_| Ok((cache()?, cache()?))).collect::<Result<_>>()?,
            rows: Rows::new(sizes)?,
            between: Between::new(sizes)?,
            places: decoder.layers.iter().map(place).collect::<Result<_>>()?,
            embed: address(&dense(&decoder.embed))?,
            head: address(&dense(&decoder.head))?,
            final_gain: address(&dense(&decoder.final_gain))?,
            rope: [address(&dense(&decoder.rope.cos))?, address(&dense(&decoder.rope.sin))?],
            graph: None,
            seats: vec![Seat::default(); rows],
            drawn: vec![0; rows],
            moved: true,
            sizes,
            task,
        })
    }

    fn launch(&self, name: &str, how: Spread, args: &[Arg]) -> Result<()> {
        self.kernels.launch(self.stream.0, name, how, args)
    }

    /// `out = x w^T (+ onto)` for every row.
    fn linear(&mut self, x: u64, w: u64, [out_width, in_width]: [usize; 2], out: u64, adds: bool) -> Result<()> {
        let dtype = self.sizes.dtype;
        self.product(x, w, [out_width, in_width], out, adds, dtype)
    }

    fn product(
        &mut self,
        x: u64,
        w: u64,
        [out_width, in_width]: [usize; 2],
        out: u64,
        adds: bool,
        out_type: DType,
    ) -> Result<()> {
        let product = Product {
            m: self.sizes.rows,
            n: out_width,
            k: in_width,
            a: Side::plain(x, in_width),
            b: Side::turned(w, in_width),
            onto: adds.then_some(out),
            out,
            out_stride: out_width,
            dtype: self.sizes.dtype,
            out_type,
        };
        self.lt.multiply(self.stream.0, &product)
    }

    fn norm(&self, gain: u64) -> Result<()> {
        let Sizes { rows, hidden, dtype, eps, .. } = self.sizes;
        let args = [
            Arg::Pointer(self.between.x.0),
            Arg::Pointer(gain),
            Arg::Pointer(self.between.normed.0),
            Arg::Int(hidden),
            Arg::Float(eps),
        ];
        self.launch(&typed("rms_norm", dtype), Spread::over([rows, 1, 1], threads(hidden, dtype)), &args)
    }

    /// One step of all rows; what was drawn goes to place `index` of the stride.
    fn step(&mut self, index: usize) -> Result<()> {
        let Sizes { rows, hidden, inner, vocabulary, heads, dtype, .. } = self.sizes;
        let (x, normed, attended) = (self.between.x.0, self.between.normed.0, self.between.attended.0);
        let (qkv, gate_up, product) = (self.between.qkv.0, self.between.gate_up.0, self.between.product.0);
        let embed = [Arg::Pointer(self.embed), Arg::Pointer(self.rows.tokens.0), Arg::Pointer(x), Arg::Int(hidden)];
        self.launch(&typed("gather_rows", dtype), Spread::over([rows, 1, 1], threads(hidden, dtype)), &embed)?;
        for layer in 0..self.places.len() {
            let Place { weights, gains } = &self.places[layer];
            let (weights, gains) = (*weights, *gains);
            self.norm(gains[Gain::Input as usize])?;
            self.linear(normed, weights[Group::Qkv as usize], [heads.width(), hidden], qkv, false)?;
            self.turn(layer, gains)?;
            self.attend(layer)?;
            self.linear(attended, weights[Group::O as usize], [hidden, heads.queries * heads.d], x, true)?;
            self.norm(gains[Gain::Post as usize])?;
            self.linear(normed, weights[Group::GateUp as usize], [2 * inner, hidden], gate_up, false)?;
            let packs = rows * inner * dtype.size() / 16;
            let args = [Arg::Pointer(gate_up), Arg::Pointer(product), Arg::Int(inner), Arg::Size(packs)];
            self.launch(&typed("swiglu", dtype), Spread::over([packs.div_ceil(128), 1, 1], 128), &args)?;
            self.linear(product, weights[Group::Down as usize], [hidden, inner], x, true)?;
        }
        self.norm(self.final_gain)?;
        self.product(normed, self.head, [vocabulary, hidden], self.between.logits.0, false, DType::F32)?;
        self.draw(index)
    }

    fn turn(&self, layer: usize, gains: [u64; 4]) -> Result<()> {
        let Sizes { rows, heads, dtype, eps, table, .. } = self.sizes;
        let (keys, values) = &self.caches[layer];
        let front = [
            self.between.qkv.0,
            gains[Gain::Q as usize],
            gains[Gain::K as usize],
            self.rope[0],
            self.rope[1],
            self.rows.positions.0,
            self.rows.tables.0,
        ];
        let args = [
            &super::pointers(&front)[..],
            &[Arg::Int(table), Arg::Int(PAGE), Arg::Int(self.task.decoder.config.max_position_embeddings)],
            &super::pointers(&[self.between.query.0, keys.0, values.0]),
            &heads_args(heads),
            &[Arg::Float(eps)],
        ];
        let all = heads.queries + 2 * heads.kv;
        self.launch(&typed("turn_step", dtype), Spread::over([rows, all.div_ceil(4), 1], 128), &args.concat())
    }

    fn attend(&self, layer: usize) -> Result<()> {
        let Sizes { rows, heads, dtype, table, .. } = self.sizes;
        let (keys, values) = &self.caches[layer];
        let pages = [self.between.query.0, keys.0, values.0, self.rows.positions.0, self.rows.tables.0];
        let (pages, scale) = (super::pointers(&pages), Arg::Float(score_scale(heads)));
        let out = Arg::Pointer(self.between.attended.0);
        if flashes(heads, dtype) {
            let how = Spread::over([splits(table), heads.kv, rows], 128);
            let rest = [
                Arg::Int(table),
                out,
                Arg::Pointer(self.between.parts.0),
                Arg::Pointer(self.between.done.0),
                Arg::Int(heads.queries),
                Arg::Int(heads.kv),
                scale,
            ];
            return self.launch("flash_step", how, &[&pages[..], &rest].concat());
        }
        let rest = [Arg::Int(table), Arg::Int(PAGE), out, Arg::Int(rows)];
        let args = [&pages[..], &rest, &heads_args(heads), &[scale]].concat();
        self.launch(&typed("attend_step", dtype), super::warps(rows, heads.queries), &args)
    }

    fn draw(&self, index: usize) -> Result<()> {
        let Sizes { rows, vocabulary, .. } = self.sizes;
        let how = self.task.how;
        let logits = Arg::Pointer(self.between.logits.0);
        let greedy = how.temperature == 0.0;
        let scale = Arg::Float(if greedy { 1.0 } else { 1.0 / how.temperature });
        let cuts = !greedy && (how.top_k > 0 || how.top_p < 1.0);
        let floors = Arg::Pointer(if cuts { self.between.floors.0 } else { 0 });
        if cuts {
            let args = [logits, floors, scale, Arg::Int(how.top_k), Arg::Float(how.top_p), Arg::Int(vocabulary)];
            self.launch("draw_floors", Spread::over([rows, 1, 1], 512), &args)?;
        }
        let found = Arg::Pointer(self.between.found.0);
        let (seeds, steps) = (Arg::Pointer(self.rows.seeds.0), Arg::Pointer(self.rows.steps.0));
        let args = [logits, floors, seeds, steps, scale, found, Arg::Int(vocabulary)];
        self.launch("draw_parts", Spread::over([DRAW_PARTS, rows, 1], 256), &args)?;
        let args = [
            found,
            Arg::Int(DRAW_PARTS),
            Arg::Int(rows),
            Arg::Int(usize::from(greedy)),
            Arg::Pointer(self.rows.tokens.0),
            Arg::Pointer(self.rows.positions.0),
            steps,
            Arg::Pointer(self.rows.drawn.0 + (index * rows * size_of::<[u32; 2]>()) as u64),
        ];
        self.launch("draw_join", Spread::over([rows.div_ceil(128), 1, 1], 128), &args)
    }

    /// Tells the device who sits where.
    fn settle(&mut self) -> Result<()> {
        let table = self.sizes.table;
        let ints = |of: fn(&Seat) -> i32| -> Vec<i32> { self.seats.iter().map(of).collect() };
        self.stream.write(self.rows.tokens.0, &ints(|s| s.token as i32))?;
        self.stream.write(self.rows.positions.0, &ints(|s| s.position as i32))?;
        self.stream.write(self.rows.steps.0, &self.drawn.iter().map(|&n| n as i32).collect::<Vec<_>>())?;
        self.stream.write(self.rows.seeds.0, &self.seats.iter().map(|s| s.seed).collect::<Vec<_>>())?;
        let mut tables = vec![0i32; self.seats.len() * table];
        for (row, seat) in tables.chunks_exact_mut(table).zip(&self.seats) {
            row.iter_mut().zip(&seat.pages).for_each(|(to, &page)| *to = page as i32);
        }
        self.stream.write(self.rows.tables.0, &tables)?;
        self.moved = false;
        Ok(())
    }

    fn play(&mut self) -> Result<Vec<Vec<Drawn>>> {
        driver::enter()?;
        if self.moved {
            self.settle()?;
        }
        let graph = match self.graph.take() {
            Some(graph) => graph,
            None => self.recorded()?,
        };
        graph.play(&self.stream)?;
        self.graph = Some(graph);
        let rows = self.sizes.rows;
        let mut drawn = vec![[0u32; 2]; STRIDE * rows];
        self.stream.read(&mut drawn, self.rows.drawn.0)?;
        let steps: Vec<Vec<Drawn>> = drawn
            .chunks_exact(rows)
            .map(|step| step.iter().map(|&[token, logp]| Drawn { token, logp: f32::from_bits(logp) }).collect())
            .collect();
        let last = &steps[STRIDE - 1];
        for ((seat, count), drawn) in self.seats.iter_mut().zip(&mut self.drawn).zip(last) {
            *count += STRIDE;
            (seat.token, seat.position) = (drawn.token, seat.position + STRIDE);
            if seat.pages.is_empty() {
                // A slot without a row draws on; it must not walk off the table of angles.
                seat.position = 0;
                self.moved = true;
            }
        }
        Ok(steps)
    }

    /// The steps of a stride as a graph. Shapes that the library has not seen are planned before, not while, recording.
    fn recorded(&mut self) -> Result<Graph> {
        self.step(0)?;
        self.stream.wait()?;
        self.settle()?;
        self.stream.wait()?;
        let stream = Arc::clone(&self.stream);
        stream.record(|| (0..STRIDE).try_for_each(|index| self.step(index)))
    }

    fn indices(&self, values: impl Iterator<Item = usize>) -> Tensor<1, Int> {
        ints(values, &self.task.decoder.device)
    }
}

fn ints(values: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i32> = values.map(|v| v as i32).collect();
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

/// Blocks that share the longest possible row.
fn splits(table: usize) -> usize {
    (table * PAGE).div_ceil(SPLIT)
}

impl Rows {
    fn new(Sizes { rows, table, .. }: Sizes) -> Result<Self> {
        let ints = |n: usize| Buffer::new(n * 4);
        Ok(Self {
            tokens: ints(rows)?,
            positions: ints(rows)?,
            steps: ints(rows)?,
            seeds: ints(2 * rows)?,
            tables: ints(rows * table)?,
            drawn: ints(2 * rows * STRIDE)?,
        })
    }
}

impl Between {
    fn new(sizes: Sizes) -> Result<Self> {
        let Sizes { rows, hidden, inner, vocabulary, table, heads, dtype, .. } = sizes;
        let values = |width: usize| Buffer::new(rows * width * dtype.size());
        let floats = |width: usize| Buffer::new(rows * width * 4);
        let parts = if flashes(heads, dtype) { heads.kv * splits(table) * PART_BYTES } else { 0 };
        Ok(Self {
            x: values(hidden)?,
            normed: values(hidden)?,
            qkv: values(heads.width())?,
            query: values(heads.queries * heads.d)?,
            attended: values(heads.queries * heads.d)?,
            gate_up: values(2 * inner)?,
            product: values(inner)?,
            logits: floats(vocabulary)?,
            floors: floats(1)?,
            found: Buffer::new(rows * DRAW_PARTS * FOUND_BYTES)?,
            parts: Buffer::new(rows * parts)?,
            done: floats(heads.kv)?,
        })
    }
}

impl Stepper for CudaStepper<'_> {
    fn prefill(&mut self, rows: &[&[u32]], places: &[(usize, usize)]) -> crate::Result<()> {
        let decoder = self.task.decoder;
        // The runtime's stream writes into a cache that this one reads.
        self.stream.wait()?;
        let from = indices(&self.indices(places.iter().map(|p| p.0)));
        let to = indices(&self.indices(places.iter().map(|p| p.1)));
        let (heads, count) = (self.sizes.heads, places.len());
        decoder.blocks(&Batch::new(rows, &decoder.device), |layer, turned| {
            let turned = dense(turned);
            let (keys, values) = (self.caches[layer].0.0, self.caches[layer].1.0);
            let name = typed("store_cache", turned.dtype);
            // `to` stands for what is written: the cache is not the runtime's.
            enqueue(&[&turned, &from], &[&to], move |here, p| {
                let front = [&super::pointers(p)[..], &[Arg::Int(PAGE)], &super::pointers(&[keys, values])].concat();
                let args = [&front[..], &heads_args(heads)].concat();
                here.launch(&name, Spread::over([count, 1, 1], 256), &args)
            });
        });
        decoder.device.sync().map_err(|e| crate::ModelError::Compute(e.to_string()))
    }

    fn copy(&mut self, places: &[(usize, usize)]) -> crate::Result<()> {
        driver::enter()?;
        let half = |of: fn(&(usize, usize)) -> usize| -> Vec<i32> { places.iter().map(|p| of(p) as i32).collect() };
        let (from, to) = (Buffer::new(places.len() * 4)?, Buffer::new(places.len() * 4)?);
        self.stream.write(from.0, &half(|p| p.0))?;
        self.stream.write(to.0, &half(|p| p.1))?;
        let Sizes { heads, dtype, .. } = self.sizes;
        for (keys, values) in &self.caches {
            let args = [
                &super::pointers(&[from.0, to.0])[..],
                &[Arg::Int(PAGE)],
                &super::pointers(&[keys.0, values.0]),
                &[Arg::Int(heads.kv), Arg::Int(heads.d)],
            ]
            .concat();
            self.launch(&typed("copy_cache", dtype), Spread::over([places.len(), 1, 1], 256), &args)?;
        }
        Ok(self.stream.wait()?)
    }

    fn seat(&mut self, slot: usize, seat: Seat) {
        self.seats[slot] = seat;
        self.drawn[slot] = 0;
        self.moved = true;
    }

    fn run(&mut self) -> crate::Result<Vec<Vec<Drawn>>> {
        Ok(self.play()?)
    }
}
