//! Matrix products by cuBLASLt: twelve functions of a library that is loaded at run time. The first algorithm that the library
//! proposes for a shape is taken and kept: timing several would make the bytes depend on the clock.
//!
//! **A row's product in bf16 does not depend on how many rows there are** where [`Product::batch_invariant`] asks for it: on Hopper every
//! algorithm on the tensor cores adds up products sixteen columns at a time, from the first to the last, unless it cuts the sum into
//! parts, and that is forbidden then. So what is sampled, one token a row, has the bits of what is trained, thousands of tokens at a
//! time. No document of the library says so: 585 proposals of version 13 were compared on an H200 (docs/measurements/engine.md),
//! `bench engine` compares whole passes, and training ends with an error where a bit is off. Of older cards nothing is promised.

use super::driver::{self, Buffer, CudaError, Result, Stream, fail};
use burn_tensor::DType;
use cudarc::driver::sys as cu;
use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr::{from_ref, null_mut};
use std::sync::OnceLock;

type Handle = *mut c_void;

const NAMES: [&str; 3] = ["libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"];
/// Bytes of scratch memory for the library: what NVIDIA recommends on Hopper.
const WORKSPACE: usize = 32 << 20;
/// Up to so many rows a product has a plan of its own; more are planned for as the next multiple of it, so that plans are few.
const EXACT: usize = 512;
/// Rows that are planned for at least: for one the library proposes dot products, which add up in another order.
const LEAST: usize = 8;
/// Rows that are planned for at most where fewer have no algorithm that sums in one.
const MOST_PLANNED: usize = 8192;
/// Numbers of the library's headers: `CUBLAS_COMPUTE_32F`, `CUDA_R_32F`, `CUDA_R_16BF`, and the names of attributes.
const COMPUTE_F32: i32 = 68;
const TYPE_F32: i32 = 0;
const TYPE_BF16: i32 = 14;
const TRANSPOSE_A: i32 = 3;
const TRANSPOSE_B: i32 = 4;
const MOST_WORKSPACE: i32 = 1;
const PARTS_OF_SUM: i32 = 2;
const JOIN_OF_PARTS: i32 = 3;

#[allow(clippy::type_complexity)]
struct Library {
    create: unsafe extern "C" fn(*mut Handle) -> i32,
    description: unsafe extern "C" fn(*mut Handle, i32, i32) -> i32,
    describe: unsafe extern "C" fn(Handle, i32, *const c_void, usize) -> i32,
    layout: unsafe extern "C" fn(*mut Handle, i32, u64, u64, i64) -> i32,
    drop_layout: unsafe extern "C" fn(Handle) -> i32,
    preference: unsafe extern "C" fn(*mut Handle) -> i32,
    prefer: unsafe extern "C" fn(Handle, i32, *const c_void, usize) -> i32,
    propose: unsafe extern "C" fn(
        Handle,
        Handle,
        Handle,
        Handle,
        Handle,
        Handle,
        Handle,
        i32,
        *mut Proposal,
        *mut i32,
    ) -> i32,
    supports:
        unsafe extern "C" fn(Handle, Handle, Handle, Handle, Handle, Handle, *const [u64; 8], *mut Proposal) -> i32,
    configured: unsafe extern "C" fn(*const [u64; 8], i32, *mut c_void, usize, *mut usize) -> i32,
    configure: unsafe extern "C" fn(*mut [u64; 8], i32, *const c_void, usize) -> i32,
    multiply: unsafe extern "C" fn(
        Handle,
        Handle,
        *const c_void,
        u64,
        Handle,
        u64,
        Handle,
        *const c_void,
        u64,
        Handle,
        u64,
        Handle,
        *const [u64; 8],
        u64,
        usize,
        cu::CUstream,
    ) -> i32,
}

/// `cublasLtMatmulHeuristicResult_t`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Proposal {
    algorithm: [u64; 8],
    workspace: usize,
    state: i32,
    waves: f32,
    reserved: [i32; 4],
}

impl Library {
    fn get() -> Result<&'static Self> {
        static LIBRARY: OnceLock<std::result::Result<Library, String>> = OnceLock::new();
        let loaded = LIBRARY.get_or_init(|| Self::load().map_err(|e| e.to_string()));
        loaded.as_ref().map_err(|e| CudaError { what: NAMES[2].into(), answer: e.clone() })
    }

    fn load() -> std::result::Result<Self, libloading::Error> {
        // SAFETY: a library of the vendor; types as its header declares them.
        unsafe {
            let library = driver::library(NAMES)?;
            macro_rules! symbol {
                ($name:literal) => {
                    *library.get($name)?
                };
            }
            Ok(Self {
                create: symbol!(b"cublasLtCreate"),
                description: symbol!(b"cublasLtMatmulDescCreate"),
                describe: symbol!(b"cublasLtMatmulDescSetAttribute"),
                layout: symbol!(b"cublasLtMatrixLayoutCreate"),
                drop_layout: symbol!(b"cublasLtMatrixLayoutDestroy"),
                preference: symbol!(b"cublasLtMatmulPreferenceCreate"),
                prefer: symbol!(b"cublasLtMatmulPreferenceSetAttribute"),
                propose: symbol!(b"cublasLtMatmulAlgoGetHeuristic"),
                supports: symbol!(b"cublasLtMatmulAlgoCheck"),
                configured: symbol!(b"cublasLtMatmulAlgoConfigGetAttribute"),
                configure: symbol!(b"cublasLtMatmulAlgoConfigSetAttribute"),
                multiply: symbol!(b"cublasLtMatmul"),
            })
        }
    }
}

/// Whether the library can be loaded.
pub fn available() -> Result<()> {
    Library::get().map(|_| ())
}

/// A matrix in row-major order: where it lies and how far its rows are apart, in elements.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Address of its first element.
    pub pointer: u64,
    /// Elements from one row to the next.
    pub stride: usize,
    /// Read it transposed.
    pub transposed: bool,
}

impl Side {
    /// A matrix read as it lies.
    pub fn plain(pointer: u64, stride: usize) -> Self {
        Self { pointer, stride, transposed: false }
    }

    /// A matrix read transposed.
    pub fn transposed(pointer: u64, stride: usize) -> Self {
        Self { pointer, stride, transposed: true }
    }
}

/// `out [m, n] = a [m, k] b [k, n] + onto`, everything of `dtype` but `out` and `onto`, which are of `out_type`.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Rows of `a` and of `out`.
    pub m: usize,
    /// Rows that the algorithm is chosen for, if not `m`: in f32 each algorithm adds up in an order of its own.
    pub planned: Option<usize>,
    /// Columns of `b` and of `out`.
    pub n: usize,
    /// Columns of `a` and rows of `b`, which are summed over.
    pub k: usize,
    /// The left side, `[m, k]` as it is read.
    pub a: Side,
    /// The right side, `[k, n]` as it is read.
    pub b: Side,
    /// Address of what is added, `[m, n]`, if anything is.
    pub onto: Option<u64>,
    /// Address of the result, `[m, n]`.
    pub out: u64,
    /// Of `out` and `onto`.
    pub out_stride: usize,
    /// F32 or BF16.
    pub dtype: DType,
    /// F32 or BF16, likewise.
    pub out_type: DType,
    /// In bf16: whether a row's result may not depend on how many rows there are.
    pub batch_invariant: bool,
}

type Shape = ([usize; 6], [bool; 4], [DType; 2]);

struct GemmPlan {
    description: Handle,
    algorithm: [u64; 8],
}

/// How a column-major matrix lies in memory.
struct Layout {
    library: &'static Library,
    handle: Handle,
}

impl Layout {
    fn new(library: &'static Library, dtype: DType, rows: usize, cols: usize, stride: usize) -> Result<Self> {
        let mut handle = null_mut();
        // SAFETY: a place for the layout.
        let status =
            unsafe { (library.layout)(&mut handle, type_number(dtype), rows as u64, cols as u64, stride as i64) };
        check("cublasLtMatrixLayoutCreate", status).map(|()| Self { library, handle })
    }

    /// Those of a product's two sides and of what comes out.
    fn of(library: &'static Library, p: &Product) -> Result<[Self; 3]> {
        let side = |s: Side, rows: usize, cols: usize| {
            let [rows, cols] = if s.transposed { [rows, cols] } else { [cols, rows] };
            Self::new(library, p.dtype, rows, cols, s.stride)
        };
        Ok([side(p.a, p.m, p.k)?, side(p.b, p.k, p.n)?, Self::new(library, p.out_type, p.n, p.m, p.out_stride)?])
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: a layout of `new`, dropped once; the library has read it when a call returns.
        unsafe { (self.library.drop_layout)(self.handle) };
    }
}

// SAFETY: the handles are plain pointers of a library that may be called from any thread; one thread has an `Lt` at a time.
unsafe impl Send for Lt {}

/// Products on one stream at a time.
pub struct Lt {
    library: &'static Library,
    handle: Handle,
    plans: HashMap<Shape, GemmPlan>,
    workspace: Buffer,
    /// How much of that a proposal may take.
    preference: Handle,
}

fn check(what: &str, status: i32) -> Result<()> {
    if status == 0 { Ok(()) } else { fail(what, format!("status {status}")) }
}

fn type_number(dtype: DType) -> i32 {
    if dtype == DType::BF16 { TYPE_BF16 } else { TYPE_F32 }
}

impl Lt {
    /// Loads the library and takes its workspace, 32 MiB.
    pub fn new() -> Result<Self> {
        let library = Library::get()?;
        let (mut handle, mut preference) = (null_mut(), null_mut());
        // SAFETY: places for the handles, and a value of the size that the header gives.
        unsafe {
            check("cublasLtCreate", (library.create)(&mut handle))?;
            check("cublasLtMatmulPreferenceCreate", (library.preference)(&mut preference))?;
            check("workspace", (library.prefer)(preference, MOST_WORKSPACE, from_ref(&WORKSPACE).cast(), 8))?;
        }
        Ok(Self { library, handle, plans: HashMap::new(), workspace: Buffer::new(WORKSPACE)?, preference })
    }

    /// Puts a product into the stream. One stream per `Lt`: the workspace is shared by all its products.
    ///
    /// # Errors
    /// The library has no algorithm for these sizes, or the device failed.
    pub fn multiply(&mut self, stream: &Stream, p: &Product) -> Result<()> {
        self.enqueue(stream.0, p)
    }

    /// The same on the driver's own handle of a stream.
    pub(crate) fn enqueue(&mut self, stream: cu::CUstream, p: &Product) -> Result<()> {
        if p.m * p.n == 0 {
            return Ok(());
        }
        // Passes of training differ in their rows every time: asking the library anew for each would take longer than the product.
        let rows = if p.m > EXACT { p.m.next_multiple_of(EXACT) } else { p.m };
        let planned = Product { m: p.planned.unwrap_or(rows), ..*p };
        let shape = (
            [planned.m, p.n, p.k, p.a.stride, p.b.stride, p.out_stride],
            [p.a.transposed, p.b.transposed, p.onto.is_some(), p.batch_invariant],
            [p.dtype, p.out_type],
        );
        if !self.plans.contains_key(&shape) {
            let plan = self.plan(&planned)?;
            self.plans.insert(shape, plan);
        }
        let plan = &self.plans[&shape];
        let [a, b, out] = Layout::of(self.library, p)?;
        let (one, beta) = (1.0f32, if p.onto.is_some() { 1.0f32 } else { 0.0 });
        // SAFETY: layouts of exactly these sizes; buffers that the caller keeps alive in stream order. Row-major
        // `out = a b` is column-major `out^T = b^T a^T`, so b goes first.
        check("cublasLtMatmul", unsafe {
            (self.library.multiply)(
                self.handle,
                plan.description,
                from_ref(&one).cast(),
                p.b.pointer,
                b.handle,
                p.a.pointer,
                a.handle,
                from_ref(&beta).cast(),
                p.onto.unwrap_or(p.out),
                out.handle,
                p.out,
                out.handle,
                &plan.algorithm,
                self.workspace.pointer,
                WORKSPACE,
                stream,
            )
        })
    }

    fn plan(&self, p: &Product) -> Result<GemmPlan> {
        let (b_transposed, a_transposed) = (i32::from(p.b.transposed), i32::from(p.a.transposed));
        let mut description = null_mut();
        // SAFETY: a place for the description, and values of the sizes that the header gives.
        unsafe {
            check("cublasLtMatmulDescCreate", (self.library.description)(&mut description, COMPUTE_F32, TYPE_F32))?;
            check("transpose", (self.library.describe)(description, TRANSPOSE_A, from_ref(&b_transposed).cast(), 4))?;
            check("transpose", (self.library.describe)(description, TRANSPOSE_B, from_ref(&a_transposed).cast(), 4))?;
        }
        let algorithm = if p.batch_invariant && p.dtype == DType::BF16 {
            self.summing_in_one(description, p)?
        } else {
            self.proposed(description, p)?
        };
        Ok(GemmPlan { description, algorithm })
    }

    /// The first proposal without its parts, or that for more rows: sums are cut where the device would be idle otherwise.
    fn summing_in_one(&self, description: Handle, p: &Product) -> Result<[u64; 8]> {
        let more = std::iter::successors(Some(p.m.max(LEAST)), |rows| Some(2 * rows));
        for m in more.take_while(|&m| m <= MOST_PLANNED.max(p.m)) {
            let Ok(mut algorithm) = self.proposed(description, &Product { m, ..*p }) else { continue };
            if self.parts(&algorithm)? > 1 {
                algorithm = self.in_one(algorithm)?;
            }
            if self.supported(description, p, &algorithm)? {
                return Ok(algorithm);
            }
        }
        fail("cuBLASLt", format!("no algorithm that sums in one for {p:?}"))
    }

    /// The library's first proposal.
    fn proposed(&self, description: Handle, p: &Product) -> Result<[u64; 8]> {
        let library = self.library;
        let [a, b, out] = Layout::of(library, p)?;
        let (a, b, out) = (a.handle, b.handle, out.handle);
        let (preference, mut proposal, mut found) = (self.preference, Proposal::default(), 0);
        // SAFETY: handles that are alive, and places for what is proposed.
        let status = unsafe {
            (library.propose)(self.handle, description, b, a, out, out, preference, 1, &mut proposal, &mut found)
        };
        check("cublasLtMatmulAlgoGetHeuristic", status)?;
        if found == 0 { fail("cuBLASLt", format!("no algorithm for {p:?}")) } else { Ok(proposal.algorithm) }
    }

    /// Parts that an algorithm cuts each sum into.
    fn parts(&self, algorithm: &[u64; 8]) -> Result<u32> {
        let (mut parts, mut written) = (0u32, 0);
        // SAFETY: an algorithm of the library, and a place of the size that the header gives.
        let status = unsafe {
            (self.library.configured)(algorithm, PARTS_OF_SUM, (&raw mut parts).cast(), size_of::<u32>(), &mut written)
        };
        check("parts of a sum", status).map(|()| parts.max(1))
    }

    /// The same algorithm without parts.
    fn in_one(&self, mut algorithm: [u64; 8]) -> Result<[u64; 8]> {
        for (attribute, value) in [(PARTS_OF_SUM, 1u32), (JOIN_OF_PARTS, 0)] {
            // SAFETY: an algorithm of the library, and a value of the size that the header gives.
            let status = unsafe {
                (self.library.configure)(&mut algorithm, attribute, from_ref(&value).cast(), size_of::<u32>())
            };
            check("parts of a sum", status)?;
        }
        Ok(algorithm)
    }

    /// Whether the library computes this product in this way, within the workspace.
    fn supported(&self, description: Handle, p: &Product, algorithm: &[u64; 8]) -> Result<bool> {
        let [a, b, out] = Layout::of(self.library, p)?;
        let (a, b, out, mut found) = (a.handle, b.handle, out.handle, Proposal::default());
        // SAFETY: handles that are alive, and a place for the answer.
        let status =
            unsafe { (self.library.supports)(self.handle, description, b, a, out, out, algorithm, &mut found) };
        Ok(status == 0 && found.workspace <= WORKSPACE)
    }
}
