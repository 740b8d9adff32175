//! Decode steps on the device alone: every step's kernels are recorded once, as a graph, and played; tokens come to the host a
//! stride of steps at a time. The cache, the rows' state and everything between lie in buffers of its own, on a stream of its
//! own beside the runtime's.

mod buffers;
mod layer;
mod sizes;
mod step;

use crate::GenerateError;
use crate::draw::Drawn;
use crate::engine::{DecodeEngine, DecodeTask, PAGE, Sequence};
use backend::cuda::attention::flashes;
use backend::cuda::cublaslt::Lt;
use backend::cuda::driver::{self, Arg, Buffer, CudaError, Graph, Kernels, LaunchConfig, Result, Room, Stream};
use backend::cuda::stream::{DevicePtrs, device_ptrs, enqueue};
use backend::cuda::{dense, heads_args, indices, pointers, typed};
use backend::{BackendError, Batch, Implementation};
use buffers::{Between, Rows};
use burn_cubecl::tensor::CubeTensor;
use burn_tensor::{DType, Device, Int, Tensor, TensorData};
use layer::{LayerPtrs, parts};
use model::Decoder;
use parking_lot::Mutex;
use sizes::{MOST_GROUP, Sizes};
use std::sync::Arc;

impl From<CudaError> for GenerateError {
    fn from(error: CudaError) -> Self {
        BackendError::from(error).into()
    }
}

/// Tokens of one prefill call: of fewer, launching the kernels takes longer than computing them.
const PREFILL: usize = 2048;
/// Steps between two looks at what was drawn: a row that ends in between draws on in vain.
const STRIDE: usize = 8;
/// When half of the rows have ended, a step is recorded anew for the others alone, but never for fewer rows than this.
const NARROWEST: usize = 8;
/// And only if one of them may have as many steps to go: recording takes as long as a few steps.
const WORTH_NARROWING: usize = 128;

/// What an engine leaves to the next one, since making it takes longer than many steps.
struct Pooled {
    stream: Arc<Stream>,
    lt: Lt,
    /// Its memory, if it has [`MOST_POOLED`] bytes at most, and the sizes by which it is laid out.
    memory: Option<(Buffer, Sizes)>,
}

static POOLED: Mutex<Vec<Pooled>> = Mutex::new(vec![]);
/// Bytes of a buffer that is pooled at most; a larger one goes back to the device, for training.
const MOST_POOLED: usize = 256 << 20;

/// The engine for CUDA devices, for one generation.
pub struct CudaEngine<'a> {
    task: DecodeTask<'a>,
    kernels: &'static Kernels,
    stream: Arc<Stream>,
    /// There until the engine is dropped, which takes it for the pool; so is `memory`.
    lt: Option<Lt>,
    sizes: Sizes,
    /// Attention is done on the tensor cores.
    flash: bool,
    /// The buffer in which the caches, `rows` and `between` lie; weights lie where the decoder has them.
    memory: Option<Buffer>,
    /// Keys and values of each layer.
    caches: Vec<(u64, u64)>,
    rows: Rows,
    between: Between,
    layers: Vec<LayerPtrs>,
    /// Held so that the runtime does not move the weights, whose addresses are in `layers` and below.
    _found: DevicePtrs,
    embed: u64,
    head: u64,
    final_gain: u64,
    rope: [u64; 2],
    graph: Option<Graph>,
    lanes: Vec<Sequence>,
    /// The lanes that are stepped, one a row.
    order: Vec<usize>,
    /// Sequences were assigned since the device was told of them.
    lanes_changed: bool,
    /// Prompts may still be on their way into the cache.
    prefilling: bool,
}

impl<'a> CudaEngine<'a> {
    /// Whether the kernels are made for this model.
    pub fn takes(decoder: &Decoder) -> bool {
        let width = decoder.config.hidden_size * decoder.dtype().size();
        decoder.backend.implementation == Implementation::Cuda
            && decoder.heads().group() <= MOST_GROUP
            && width <= sizes::WIDEST
    }

    /// Whether what it samples has, to the bit, the log-probabilities of the decoder's forward pass.
    pub fn is_exact(decoder: &Decoder) -> bool {
        let proven = || Kernels::get().is_ok_and(|kernels| kernels.card.is_batch_invariant());
        Self::takes(decoder) && decoder.dtype() == DType::BF16 && proven()
    }

    /// Buffers, weights' addresses and a stream.
    ///
    /// # Errors
    /// The device failed or has no room.
    pub fn new(task: DecodeTask<'a>) -> crate::Result<Self> {
        driver::enter()?;
        // The weights may be the result of work that is still queued on the runtime's stream, for which this one does not wait.
        task.decoder.backend.device.sync().map_err(|e| BackendError::Compute(e.to_string()))?;
        let (decoder, rows) = (task.decoder, task.params.rows);
        let c = &decoder.config;
        let sizes = Sizes {
            layers: decoder.layers.len(),
            pages: task.pages,
            rows,
            hidden: c.hidden_size,
            inner: c.intermediate_size,
            vocabulary: c.vocab_size,
            table: task.block_table,
            heads: decoder.heads(),
            dtype: decoder.dtype(),
            eps: c.rms_norm_eps,
        };
        let kernels = Kernels::get()?;
        let heads = sizes.heads;
        let mut room = Room::default();
        let cache = task.pages * PAGE * heads.kv * heads.d * sizes.dtype.size();
        let mut caches: Vec<(u64, u64)> =
            decoder.layers.iter().map(|_| (room.place(cache), room.place(cache))).collect();
        let (mut states, mut between) = (Rows::in_(&mut room, sizes), Between::in_(&mut room, sizes));
        let pooled = POOLED.lock().pop();
        let (stream, lt, memory) = match pooled {
            Some(Pooled { stream, lt, memory }) => (stream, lt, memory),
            None => (Arc::new(Stream::new()?), Lt::new()?, None),
        };
        // Attention also reads slots behind a row's end, with weight 0. 0 times NaN is NaN, so what lies there must be finite: an
        // older cache of the same layout is, other bits may not be.
        let memory = match memory.filter(|(memory, _)| memory.bytes >= room.bytes()) {
            Some((memory, laid_out)) if laid_out == sizes => memory,
            Some((memory, _)) => {
                stream.clear(&memory)?;
                memory
            }
            None => room.take()?,
        };
        let rope = [&decoder.rope.cos, &decoder.rope.sin];
        let ends = [dense(&decoder.embed), dense(&decoder.head), dense(&decoder.final_gain)];
        let layers = decoder.layers.iter().flat_map(parts);
        // Addresses are asked for all at once: each question waits behind what other runs have put into the runtime's queue.
        let all: Vec<CubeTensor> = ends.into_iter().chain(rope.map(dense)).chain(layers).collect();
        let found = device_ptrs(&all)?;
        let (ends, addresses) = found.at.split_at(5);
        let mut addresses = addresses.iter().copied();
        let start = memory.pointer;
        caches.iter_mut().for_each(|(keys, values)| (*keys, *values) = (*keys + start, *values + start));
        states.move_by(start);
        between.move_by(start);
        Ok(Self {
            kernels,
            stream,
            lt: Some(lt),
            caches,
            memory: Some(memory),
            rows: states,
            between,
            layers: decoder.layers.iter().map(|layer| LayerPtrs::of(layer, &mut addresses)).collect(),
            embed: ends[0],
            head: ends[1],
            final_gain: ends[2],
            rope: [ends[3], ends[4]],
            _found: found,
            graph: None,
            lanes: vec![Sequence::default(); rows],
            order: (0..rows).collect(),
            lanes_changed: true,
            prefilling: false,
            flash: flashes(heads, sizes.dtype),
            sizes,
            task,
        })
    }

    fn launch(&self, name: &str, launch: LaunchConfig, args: &[Arg]) -> Result<()> {
        self.kernels.launch(self.stream.0, name, launch, args)
    }

    /// Tells the device which sequence is in which lane.
    fn settle(&mut self) -> Result<()> {
        let table = self.sizes.table;
        let sequences: Vec<&Sequence> = self.order.iter().map(|&lane| &self.lanes[lane]).collect();
        let ints = |of: fn(&Sequence) -> i32| -> Vec<i32> { sequences.iter().map(|sequence| of(sequence)).collect() };
        let steps: Vec<i32> = self.order.iter().map(|&lane| self.lanes[lane].drawn as i32).collect();
        let seeds: Vec<u64> = sequences.iter().map(|sequence| sequence.seed).collect();
        let mut tables = vec![0i32; sequences.len() * table];
        for (row, sequence) in tables.chunks_exact_mut(table).zip(&sequences) {
            row.iter_mut().zip(&sequence.pages).for_each(|(to, &page)| *to = page as i32);
        }
        self.stream.write(self.rows.tokens, &ints(|s| s.token as i32))?;
        self.stream.write(self.rows.positions, &ints(|s| s.position as i32))?;
        self.stream.write(self.rows.steps, &steps)?;
        self.stream.write(self.rows.seeds, &seeds)?;
        self.stream.write(self.rows.tables, &tables)?;
        self.lanes_changed = false;
        Ok(())
    }

    /// Leaves out lanes without a row once they are half of all.
    fn narrow(&mut self) {
        let taken = |&lane: &usize| !self.lanes[lane].pages.is_empty();
        let active: Vec<usize> = (0..self.lanes.len()).filter(taken).collect();
        let width = active.len().next_power_of_two().max(NARROWEST);
        let steps = active.iter().map(|&lane| self.task.params.max_new - self.lanes[lane].drawn).max().unwrap_or(0);
        if 2 * width <= self.order.len() && steps >= WORTH_NARROWING {
            let empty = (0..self.lanes.len()).filter(|lane| !taken(lane));
            self.order = active.iter().copied().chain(empty).take(width).collect();
            (self.graph, self.lanes_changed) = (None, true);
        }
    }

    /// Puts a stride of steps into the stream.
    fn play(&mut self) -> Result<()> {
        driver::enter()?;
        self.narrow();
        if self.lanes_changed {
            self.settle()?;
        }
        let graph = match self.graph.take() {
            Some(graph) => graph,
            None => self.recorded()?,
        };
        let bytes = self.order.len() * size_of::<[u32; 2]>();
        for index in 0..STRIDE {
            graph.play(&self.stream)?;
            self.stream.copy(self.rows.drawn + (index * bytes) as u64, self.rows.last, bytes)?;
        }
        self.graph = Some(graph);
        Ok(())
    }

    /// What they drew.
    fn played(&mut self) -> Result<Vec<Vec<Drawn>>> {
        driver::enter()?;
        let (lanes, rows) = (self.lanes.len(), self.order.len());
        let mut drawn = vec![[0u32; 2]; STRIDE * rows];
        self.stream.read(&mut drawn, self.rows.drawn)?;
        let mut steps = vec![vec![Drawn { token: 0, logp: 0.0 }; lanes]; STRIDE];
        for (step, drawn) in steps.iter_mut().zip(drawn.chunks_exact(rows)) {
            for (&lane, &[token, logp]) in self.order.iter().zip(drawn) {
                step[lane] = Drawn { token, logp: f32::from_bits(logp) };
            }
        }
        for &lane in &self.order {
            let sequence = &mut self.lanes[lane];
            (sequence.token, sequence.position) = (steps[STRIDE - 1][lane].token, sequence.position + STRIDE);
            sequence.drawn += STRIDE;
            if sequence.pages.is_empty() {
                // A lane without a row is computed on; its position must stay within the tables of cosines and sines.
                sequence.position = 0;
                self.lanes_changed = true;
            }
        }
        Ok(steps)
    }

    /// One step as a graph. (One of a whole stride would take longer to record than a short generation takes to play.) The step
    /// is computed once before: cuBLASLt plans products whose shapes it has not seen, and cannot while recording.
    fn recorded(&mut self) -> Result<Graph> {
        self.step()?;
        self.stream.wait()?;
        self.settle()?;
        self.stream.wait()?;
        let stream = Arc::clone(&self.stream);
        stream.record(|| self.step())
    }

    /// Waits for prompts that are still being encoded: they go through the runtime's stream, not this one.
    fn prefilled(&mut self) -> crate::Result<()> {
        if std::mem::take(&mut self.prefilling) {
            self.task.decoder.backend.device.sync().map_err(|e| BackendError::Compute(e.to_string()))?;
        }
        Ok(())
    }

    fn indices(&self, values: impl Iterator<Item = usize>) -> Tensor<1, Int> {
        ints(values, &self.task.decoder.backend.device)
    }
}

fn ints(values: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i32> = values.map(|v| v as i32).collect();
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

impl Drop for CudaEngine<'_> {
    fn drop(&mut self) {
        let _ = self.stream.wait();
        let _ = self.prefilled();
        let Some(lt) = self.lt.take() else { return };
        let memory = self.memory.take().filter(|memory| memory.bytes <= MOST_POOLED);
        let memory = memory.map(|memory| (memory, self.sizes));
        let mut pooled = POOLED.lock();
        pooled.push(Pooled { stream: Arc::clone(&self.stream), lt, memory });
    }
}

impl DecodeEngine for CudaEngine<'_> {
    fn prefill_tokens(&self) -> usize {
        PREFILL
    }

    fn prefill(&mut self, rows: &[&[u32]], slots: &[(usize, usize)]) -> crate::Result<()> {
        let decoder = self.task.decoder;
        // The runtime's stream writes into a cache that this one reads.
        self.stream.wait()?;
        let from = indices(&self.indices(slots.iter().map(|p| p.0)));
        let to = indices(&self.indices(slots.iter().map(|p| p.1)));
        let (heads, count) = (self.sizes.heads, slots.len());
        decoder.encode(&Batch::new(rows, &decoder.backend.device), |layer, rotated| {
            let rotated = dense(rotated);
            let (keys, values) = self.caches[layer];
            let name = typed("store_cache", rotated.dtype);
            // `to` stands for what is written: the cache is not the runtime's.
            enqueue(&[&rotated, &from], &[&to], move |here, p| {
                let front = [&pointers(p)[..], &[Arg::Int(PAGE)], &pointers(&[keys, values])].concat();
                let args = [&front[..], &heads_args(heads)].concat();
                here.launch(&name, LaunchConfig::over([count, 1, 1], 256), &args)
            });
        });
        self.prefilling = true;
        Ok(())
    }

    fn copy(&mut self, slots: &[(usize, usize)]) -> crate::Result<()> {
        self.prefilled()?;
        driver::enter()?;
        let Sizes { rows, heads, dtype, .. } = self.sizes;
        let half = |of: fn(&(usize, usize)) -> usize, part: &[(usize, usize)]| -> Vec<i32> {
            part.iter().map(|p| of(p) as i32).collect()
        };
        for part in slots.chunks(rows * PAGE) {
            self.stream.write(self.rows.sources, &half(|p| p.0, part))?;
            self.stream.write(self.rows.targets, &half(|p| p.1, part))?;
            for (keys, values) in &self.caches {
                let args = [
                    &pointers(&[self.rows.sources, self.rows.targets])[..],
                    &[Arg::Int(PAGE)],
                    &pointers(&[*keys, *values]),
                    &[Arg::Int(heads.kv), Arg::Int(heads.d)],
                ]
                .concat();
                self.launch(&typed("copy_cache", dtype), LaunchConfig::over([part.len(), 1, 1], 256), &args)?;
            }
        }
        Ok(())
    }

    /// A stride of steps is played without asking the host.
    fn looks_ahead(&self) -> bool {
        false
    }

    fn assign(&mut self, lane: usize, sequence: Sequence) {
        if !sequence.pages.is_empty() && !self.order.contains(&lane) {
            self.order = (0..self.lanes.len()).collect();
            self.graph = None;
        }
        self.lanes[lane] = sequence;
        self.lanes_changed = true;
    }

    fn start(&mut self) -> crate::Result<()> {
        self.prefilled()?;
        Ok(self.play()?)
    }

    fn finish(&mut self) -> crate::Result<Vec<Vec<Drawn>>> {
        Ok(self.played()?)
    }
}
