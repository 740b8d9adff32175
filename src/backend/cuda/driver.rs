//! The few calls of the CUDA driver that this engine makes itself: kernels from PTX, buffers, a stream, a graph. The library
//! is loaded at run time; nothing of CUDA is needed to build.

use cudarc::driver::sys as cu;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

/// What a CUDA call answered.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}: {answer}")]
pub struct CudaError {
    /// The call, in words.
    pub what: String,
    /// What the driver or the library said to it.
    pub answer: String,
}

/// A result with what a CUDA call answered.
pub type Result<T> = std::result::Result<T, CudaError>;

/// An error of this call.
pub fn fail<T>(what: impl Into<String>, answer: impl Into<String>) -> Result<T> {
    Err(CudaError { what: what.into(), answer: answer.into() })
}

/// Nothing, or the driver's answer as an error of this call.
pub fn ok(what: &str, result: cu::CUresult) -> Result<()> {
    if result == cu::CUresult::CUDA_SUCCESS { Ok(()) } else { fail(what, format!("{result:?}")) }
}

/// Opens the first of these libraries that is there, for the life of the process.
///
/// # Safety
/// They must be the vendor's: their initialisers run.
pub unsafe fn library(names: [&str; 3]) -> std::result::Result<&'static libloading::Library, libloading::Error> {
    // SAFETY: the caller's promise.
    let [newest, older, any] = names.map(|name| unsafe { libloading::Library::new(name) });
    Ok(Box::leak(Box::new(newest.or(older).or(any)?)))
}

/// Compiled kernels, by file. `tools/build-kernels.sh` makes them from the sources beside them.
const FILES: [&str; 7] = [
    include_str!("kernels/norm.ptx"),
    include_str!("kernels/rotate.ptx"),
    include_str!("kernels/elementwise.ptx"),
    include_str!("kernels/head.ptx"),
    include_str!("kernels/attention.ptx"),
    include_str!("kernels/flash_step.ptx"),
    include_str!("kernels/svd.ptx"),
];
/// The same kernels twice: for Hopper, with instructions that no other generation has, and for all others.
const FLASH: [&str; 2] = [include_str!("kernels/flash.hopper.ptx"), include_str!("kernels/flash.ptx")];

/// The generation of the H100 and the H200.
const HOPPER: usize = 9;

/// What is asked of a card to choose kernels and their sizes.
#[derive(Clone, Copy, Debug)]
pub struct Card {
    /// The compute capability's first number.
    generation: usize,
}

impl Card {
    /// Device 0, as [`enter`] opens it.
    pub fn get() -> Result<Self> {
        use cu::CUdevice_attribute as Is;
        let ask = |what: cu::CUdevice_attribute| -> Result<usize> {
            let mut value = 0;
            // SAFETY: a place for the answer; the driver is initialised by `enter`.
            ok("asking for the card", unsafe { cu::cuDeviceGetAttribute(&mut value, what, 0) })?;
            Ok(value as usize)
        };
        enter()?;
        Ok(Self { generation: ask(Is::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)? })
    }

    /// Whether it was seen that in bf16 a row's products have the same bits however many rows there are (`cublaslt.rs`).
    pub fn is_batch_invariant(self) -> bool {
        self.generation == HOPPER
    }

    /// Whether a kernel may start while the one before it ends.
    fn overlaps(self) -> bool {
        self.generation >= HOPPER
    }

    /// All kernels as this card takes them. [`FILES`] are compiled for Ampere, yet hold the instructions by which a kernel starts
    /// while the one before it ends, which came with Hopper: there the target is raised, on older cards those lines are dropped.
    fn kernels(self) -> Vec<String> {
        const OVERLAP: &str = "griddepcontrol";
        let fitted = |ptx: &&str| match (ptx.contains(OVERLAP), self.overlaps()) {
            (false, _) => String::from(*ptx),
            (true, true) => ptx.replacen(".target sm_80", ".target sm_90", 1),
            (true, false) => ptx.lines().filter(|line| !line.contains(OVERLAP)).flat_map(|line| [line, "\n"]).collect(),
        };
        let flash = FLASH[usize::from(self.generation != HOPPER)];
        FILES.iter().map(fitted).chain([flash.into()]).collect()
    }
}

/// Kernels of the process's one CUDA context.
pub struct Kernels {
    /// The card that they were compiled for.
    pub card: Card,
    modules: Vec<usize>,
    /// By name: the function's handle, and the most bytes of shared memory that a launch of it has asked for.
    found: Mutex<HashMap<String, (usize, usize)>>,
}

/// A value handed to a kernel.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    /// An address on the device.
    Pointer(u64),
    /// A whole number of 32 bits.
    Int(usize),
    /// A whole number of 64 bits.
    Size(usize),
    /// A number, rounded to f32.
    Float(f64),
}

/// How a kernel is spread over the device.
#[derive(Clone, Copy, Debug)]
pub struct LaunchConfig {
    /// Blocks along each dimension.
    pub grid: [usize; 3],
    /// Threads of a block.
    pub block: usize,
    /// Bytes of shared memory asked for at the launch.
    pub shared: usize,
    /// May start while the kernel before it ends: it waits itself (`after_previous` in common.cuh).
    pub early: bool,
}

impl LaunchConfig {
    /// So many blocks of so many threads, without shared memory that is asked for.
    pub fn over(grid: [usize; 3], block: usize) -> Self {
        Self { grid, block, shared: 0, early: false }
    }

    /// The same, allowed to start while the kernel before it ends.
    pub fn early(self) -> Self {
        Self { early: true, ..self }
    }

    /// The same, with so many bytes of shared memory for each block.
    pub fn sharing(self, bytes: usize) -> Self {
        Self { shared: bytes, ..self }
    }
}

impl Kernels {
    /// Loads all of them, once a process. A context must be current.
    pub fn get() -> Result<&'static Kernels> {
        static ALL: OnceLock<Result<Kernels>> = OnceLock::new();
        ALL.get_or_init(Self::load).as_ref().map_err(Clone::clone)
    }

    fn load() -> Result<Self> {
        let (card, mut modules) = (Card::get()?, vec![]);
        for text in card.kernels() {
            let text = CString::new(text).map_err(|e| CudaError { what: "PTX".into(), answer: e.to_string() })?;
            let mut module = null_mut();
            // SAFETY: a NUL-terminated PTX text and a place for the module.
            ok("loading kernels", unsafe { cu::cuModuleLoadData(&mut module, text.as_ptr().cast()) })?;
            modules.push(module as usize);
        }
        Ok(Self { card, modules, found: Mutex::default() })
    }

    fn function(&self, name: &str, shared: usize) -> Result<cu::CUfunction> {
        let mut found = self.found.lock();
        let function = match found.get(name) {
            Some(&(function, most)) if shared <= most => return Ok(function as cu::CUfunction),
            Some(&(function, _)) => function,
            None => self.look_up(name)?,
        };
        if shared > 0 {
            let attribute = cu::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            // SAFETY: a function of `look_up`.
            ok(name, unsafe { cu::cuFuncSetAttribute(function as cu::CUfunction, attribute, shared as i32) })?;
        }
        found.insert(name.into(), (function, shared));
        Ok(function as cu::CUfunction)
    }

    fn look_up(&self, name: &str) -> Result<usize> {
        let text = CString::new(name).expect("kernel names have no NUL");
        let mut function = null_mut();
        // SAFETY: modules of `load`, which are never unloaded.
        let known = self.modules.iter().any(|&module| unsafe {
            cu::cuModuleGetFunction(&mut function, module as cu::CUmodule, text.as_ptr()) == cu::CUresult::CUDA_SUCCESS
        });
        if known { Ok(function as usize) } else { fail(name, "no such kernel") }
    }

    /// Puts a kernel into a stream. Nothing is done for an empty grid.
    pub fn launch(&self, stream: cu::CUstream, name: &str, launch: LaunchConfig, args: &[Arg]) -> Result<()> {
        let [x, y, z] = launch.grid.map(|n| n as u32);
        if x * y * z == 0 {
            return Ok(());
        }
        let function = self.function(name, launch.shared)?;
        let mut values: Vec<u64> = args
            .iter()
            .map(|arg| match *arg {
                Arg::Pointer(p) => p,
                Arg::Int(i) => u64::from(i as u32),
                Arg::Size(n) => n as u64,
                Arg::Float(x) => u64::from((x as f32).to_bits()),
            })
            .collect();
        let mut places: Vec<*mut c_void> = values.iter_mut().map(|v| std::ptr::from_mut(v).cast()).collect();
        let mut overlap = cu::CUlaunchAttribute {
            id: cu::CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
            pad: [0; 4],
            value: cu::CUlaunchAttributeValue { programmaticStreamSerializationAllowed: 1 },
        };
        let config = cu::CUlaunchConfig {
            gridDimX: x,
            gridDimY: y,
            gridDimZ: z,
            blockDimX: launch.block as u32,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: launch.shared as u32,
            hStream: stream,
            attrs: &mut overlap,
            numAttrs: u32::from(launch.early && self.card.overlaps()),
        };
        // SAFETY: every value is at least as wide as the parameter it stands for (the machine is little-endian), and
        // pointers are of buffers that the caller keeps alive in stream order.
        ok(name, unsafe { cu::cuLaunchKernelEx(&config, function, places.as_mut_ptr(), null_mut()) })
    }
}

/// Makes the device's primary context, which the runtime uses too, this thread's.
pub fn enter() -> Result<()> {
    static CONTEXT: OnceLock<Result<usize>> = OnceLock::new();
    let context = CONTEXT.get_or_init(|| {
        let mut context = null_mut();
        // SAFETY: device 0, as the runtime opened it; retained for the life of the process.
        ok("opening the device", unsafe { cu::cuDevicePrimaryCtxRetain(&mut context, 0) })?;
        Ok(context as usize)
    });
    let context = context.clone()?;
    // SAFETY: a context that is never released.
    ok("entering the context", unsafe { cu::cuCtxSetCurrent(context as cu::CUcontext) })
}

/// Bytes that are free on the device, and all.
pub fn memory() -> Result<(usize, usize)> {
    let (mut free, mut total) = (0, 0);
    enter()?;
    // SAFETY: two places for the answer.
    ok("asking for free memory", unsafe { cu::cuMemGetInfo_v2(&mut free, &mut total) })?;
    Ok((free, total))
}

/// Device memory outside the runtime's pools, zero at first.
#[derive(Debug)]
pub struct Buffer {
    /// Its address on the device.
    pub pointer: u64,
    /// Its size, 16 at least.
    pub bytes: usize,
}

impl Buffer {
    /// Takes memory from the device and clears it.
    pub fn new(bytes: usize) -> Result<Self> {
        let mut pointer = 0;
        let bytes = bytes.max(16);
        // SAFETY: a place for the pointer; then that many bytes of it. The default stream is waited for because others do not
        // wait for it.
        unsafe {
            ok(&format!("taking {} MiB", bytes >> 20), cu::cuMemAlloc_v2(&mut pointer, bytes))?;
            let buffer = Self { pointer, bytes };
            ok("clearing a buffer", cu::cuMemsetD8_v2(pointer, 0, bytes))?;
            ok("clearing a buffer", cu::cuStreamSynchronize(null_mut()))?;
            Ok(buffer)
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: a pointer of `new`, freed once; the driver waits for work that still uses it.
        unsafe { cu::cuMemFree_v2(self.pointer) };
    }
}

/// Many places in one buffer: asked for first, then there all at once.
#[derive(Debug, Default)]
pub struct Room {
    bytes: usize,
}

impl Room {
    /// A place for so many bytes, as an offset.
    pub fn place(&mut self, bytes: usize) -> u64 {
        let at = self.bytes.next_multiple_of(256);
        self.bytes = at + bytes;
        at as u64
    }

    /// Bytes of all places so far, gaps included.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The buffer that holds all of them.
    pub fn take(self) -> Result<Buffer> {
        Buffer::new(self.bytes)
    }
}

/// A stream of one's own, beside the runtime's.
#[derive(Debug)]
pub struct Stream(pub cu::CUstream);

// SAFETY: a stream is a handle of the driver, which may be called from any thread.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

impl Stream {
    /// A stream that does not wait for the default one.
    pub fn new() -> Result<Self> {
        let mut stream = null_mut();
        // SAFETY: a place for the stream. It does not wait for the default stream.
        ok("making a stream", unsafe { cu::cuStreamCreate(&mut stream, 1) })?;
        Ok(Self(stream))
    }

    /// Waits for everything that was put into it.
    pub fn wait(&self) -> Result<()> {
        // SAFETY: a live stream.
        ok("waiting for the device", unsafe { cu::cuStreamSynchronize(self.0) })
    }

    /// Copies to the device; the source may be reused when this returns.
    pub fn write<T: Copy>(&self, to: u64, from: &[T]) -> Result<()> {
        // SAFETY: pageable memory is staged before the call returns.
        ok("copying to the device", unsafe {
            cu::cuMemcpyHtoDAsync_v2(to, from.as_ptr().cast(), size_of_val(from), self.0)
        })
    }

    /// Fills a buffer with zeros.
    pub fn clear(&self, buffer: &Buffer) -> Result<()> {
        // SAFETY: a live buffer, and as many bytes as it has.
        ok("clearing a buffer", unsafe { cu::cuMemsetD8Async(buffer.pointer, 0, buffer.bytes, self.0) })
    }

    /// Copies from one place on the device to another.
    pub fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<()> {
        copy(self.0, to, from, bytes)
    }

    /// Copies from the device and waits for it.
    pub fn read<T: Copy>(&self, to: &mut [T], from: u64) -> Result<()> {
        // SAFETY: as many bytes as `to` has, and nobody looks at it before the wait.
        ok("copying from the device", unsafe {
            cu::cuMemcpyDtoHAsync_v2(to.as_mut_ptr().cast(), from, size_of_val(to), self.0)
        })?;
        self.wait()
    }

    /// Records what `work` puts into this stream.
    pub fn record(&self, work: impl FnOnce() -> Result<()>) -> Result<Graph> {
        let relaxed = cu::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
        let (mut graph, mut exec) = (null_mut(), null_mut());
        // SAFETY: a live stream, and places for the graph and its executable form.
        unsafe {
            ok("recording", cu::cuStreamBeginCapture_v2(self.0, relaxed))?;
            let done = work();
            let ended = ok("recording", cu::cuStreamEndCapture(self.0, &mut graph));
            done?;
            ended?;
            let made = ok("making a graph", cu::cuGraphInstantiateWithFlags(&mut exec, graph, 0));
            cu::cuGraphDestroy(graph);
            made?;
        }
        Ok(Graph(exec))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: a stream of `new`, destroyed once.
        unsafe { cu::cuStreamDestroy_v2(self.0) };
    }
}

/// Launches that were recorded, to be played again.
#[derive(Debug)]
pub struct Graph(cu::CUgraphExec);

impl Graph {
    /// Puts the recorded launches into a stream.
    pub fn play(&self, stream: &Stream) -> Result<()> {
        // SAFETY: a live graph and stream.
        ok("playing a graph", unsafe { cu::cuGraphLaunch(self.0, stream.0) })
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: a graph of `record`, destroyed once.
        unsafe { cu::cuGraphExecDestroy(self.0) };
    }
}

/// Puts a copy from one place on the device to another into a stream.
pub(crate) fn copy(stream: cu::CUstream, to: u64, from: u64, bytes: usize) -> Result<()> {
    // SAFETY: places that the caller owns, kept alive in stream order.
    ok("copying on the device", unsafe { cu::cuMemcpyDtoDAsync_v2(to, from, bytes, stream) })
}

/// Copies host memory to the device and waits for it.
pub fn copy_in(to: u64, from: &[u8]) -> Result<()> {
    enter()?;
    // SAFETY: as many bytes as `from` has, at a pointer that the caller owns.
    ok("copying to the device", unsafe { cu::cuMemcpyHtoD_v2(to, from.as_ptr().cast(), from.len()) })
}
