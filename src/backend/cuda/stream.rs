//! Our kernels on the runtime's own stream, in order with the tensor operations around them and without waiting for the
//! device. The items used are public for authors of runtimes and may move in another version: they are used here only.

use super::cublaslt::{Lt, Product};
use super::driver::{self, Arg, CudaError, Kernels, LaunchConfig, Result};
use burn_cubecl::tensor::CubeTensor;
use cubecl::cuda::CudaRuntime;
use cubecl_common::device_handle::DeviceHandle;
use cubecl_environment::backtrace::BackTrace;
use cubecl_environment::stream::StreamId;
use cubecl_server::command::DeviceStream;
use cubecl_server::id::KernelId;
use cubecl_server::memory_management::PageGuard;
use cubecl_server::runtime::Runtime;
use cubecl_server::server::{BufferBinding, ServerError};
use cubecl_server::stream::{ExecuteScope, WriteScoped};
use cudarc::driver::sys as cu;
use std::cell::RefCell;
use std::collections::HashMap;

type Server = <CudaRuntime as Runtime>::Server;

/// The runtime's stream while a piece of work is put into it.
pub struct Here<'a> {
    /// What can be launched.
    pub kernels: &'static Kernels,
    stream: cu::CUstream,
    lt: &'a mut Lt,
}

impl Here<'_> {
    /// Puts a kernel into the stream.
    pub fn launch(&self, name: &str, launch: LaunchConfig, args: &[Arg]) -> Result<()> {
        self.kernels.launch(self.stream, name, launch, args)
    }

    /// Puts a matrix product into the stream.
    pub fn multiply(&mut self, product: &Product) -> Result<()> {
        self.lt.enqueue(self.stream, product)
    }

    /// Copies from one place on the device to another.
    pub fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<()> {
        driver::copy(self.stream, to, from, bytes)
    }
}

thread_local! {
    /// The products of each stream that this thread, one of the runtime's, feeds.
    static PRODUCTS: RefCell<HashMap<usize, Lt>> = RefCell::default();
}

/// The stream that a tensor was made on, and the device whose thread feeds it.
fn queue(tensor: &CubeTensor) -> (StreamId, DeviceHandle<Server>) {
    (tensor.handle.stream, DeviceHandle::new(tensor.client.service_id().device))
}

/// Puts `work` into the stream of the first tensor written. It is given the addresses of `reads` and then of `writes`. An
/// error taints what would have been written and shows when that is read.
pub fn enqueue(
    reads: &[&CubeTensor],
    writes: &[&CubeTensor],
    work: impl FnOnce(&mut Here, &[u64]) -> Result<()> + Send + 'static,
) {
    let (stream_id, device) = queue(writes[0]);
    let binding = |t: &&CubeTensor| t.handle.clone().binding();
    let reads: Vec<BufferBinding> = reads.iter().map(binding).collect();
    let writes: Vec<BufferBinding> = writes.iter().map(binding).collect();
    device.submit(move |server: &mut Server| {
        let mut written = server.write_set();
        written.extend(writes.iter().cloned());
        let scope = ExecuteScope::launching(server, KernelId::new::<Work>(), stream_id, reads.iter(), written);
        scope.execute(|server| {
            let all: Vec<BufferBinding> = reads.iter().chain(&writes).cloned().collect();
            let mut streams = server.write_streams().resolve(stream_id, all.iter())?;
            let mut pointers = Vec::with_capacity(all.len());
            for binding in all {
                streams.current().capturing().touch(binding.stream, binding.memory.descriptor().location());
                let memory = streams.get(&binding.stream).device_memory();
                pointers.push(memory.get_resource(binding.memory, binding.offset_start, binding.offset_end)?.ptr);
            }
            let stream = streams.current().sys;
            run(stream, &pointers, work).map_err(|CudaError { what, answer }| ServerError::Generic {
                reason: format!("{what}: {answer}"),
                backtrace: BackTrace::capture(),
            })
        });
    });
}

struct Work;

fn run(stream: cu::CUstream, pointers: &[u64], work: impl FnOnce(&mut Here, &[u64]) -> Result<()>) -> Result<()> {
    PRODUCTS.with_borrow_mut(|products| {
        let lt = match products.entry(stream as usize) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(Lt::new()?),
        };
        work(&mut Here { kernels: Kernels::get()?, stream, lt }, pointers)
    })
}

/// Where tensors lie, for as long as this and they live: the runtime moves what it likes when it tidies up its memory.
pub struct DevicePtrs {
    /// The address of each, in the order in which they were asked for.
    pub at: Vec<u64>,
    _stay: Vec<PageGuard>,
}

/// Finds tensors of one stream's client. What is in the queue may still be writing to them.
pub fn device_ptrs(tensors: &[CubeTensor]) -> Result<DevicePtrs> {
    let Some(first) = tensors.first() else { return Ok(DevicePtrs { at: vec![], _stay: vec![] }) };
    let (stream_id, device) = queue(first);
    let bindings: Vec<BufferBinding> = tensors.iter().map(|t| t.handle.clone().binding()).collect();
    let found = device.submit_blocking(move |server: &mut Server| {
        let mut streams = server.write_streams().resolve(stream_id, bindings.iter())?;
        let (mut at, mut stay) = (vec![], vec![]);
        for binding in bindings.iter().cloned() {
            let memory = streams.get(&binding.stream).device_memory();
            stay.extend(memory.guard(binding.memory.descriptor().location()));
            at.push(memory.get_resource(binding.memory, binding.offset_start, binding.offset_end)?.ptr);
        }
        Ok::<_, ServerError>(DevicePtrs { at, _stay: stay })
    });
    let lost = |answer: String| CudaError { what: "finding a tensor".into(), answer };
    found.map_err(|e| lost(format!("{e:?}")))?.map_err(|e| lost(e.to_string()))
}

/// Has the runtime let go of the small buffers that it keeps for each shape a kernel was launched with on this tensor's stream.
/// It keeps 4,096 and then, for every new one, looks through all of them for the oldest; passes differ in shape, so a process
/// lost a third of its pace within minutes. (A `memory_cleanup` would do so too, and move the memory of all streams.)
pub fn forget_shapes(tensor: &CubeTensor) {
    let (stream_id, device) = queue(tensor);
    device.submit(move |server: &mut Server| {
        // A stream that cannot be had says so when it is used.
        if let Ok(mut streams) = server.write_streams().resolve(stream_id, std::iter::empty()) {
            streams.current().info_cache.clear_unpinned();
        }
    });
}
