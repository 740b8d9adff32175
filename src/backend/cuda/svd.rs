//! Singular value decompositions by cuSOLVER's polar method, loaded at run time: seconds for a matrix that takes a processor
//! minutes. In f64: the method disturbs a matrix with singular values near zero, and in f32 those of a trained model's query and output
//! projections are as near to it as that (1e-5 of the largest); what came back then were no singular vectors.

use super::driver::{self, Arg, Buffer, CudaError, Kernels, LaunchConfig, Result, Stream, fail};
use crate::matrix::Matrix;
use crate::svd::Svd;
use parking_lot::Mutex;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::OnceLock;

type Handle = *mut c_void;

const NAMES: [&str; 3] = ["libcusolver.so.12", "libcusolver.so.11", "libcusolver.so"];
/// `CUDA_R_64F`, and the mode that asks for vectors.
const TYPE_F64: i32 = 1;
const VECTORS: i32 = 1;
/// Side of the squares that `svd.cu` turns over.
const SIDE: usize = 32;

/// The sizes and matrices that both calls are told: mode, economy, `m, n`, then type, pointer and stride of A, S, U and V, then
/// the type to compute in.
macro_rules! with_matrices {
    ($($more:ty),*) => {
        unsafe extern "C" fn(
            Handle, Handle, i32, i32, i64, i64, i32, u64, i64, i32, u64, i32, u64, i64, i32, u64, i64, i32, $($more),*
        ) -> i32
    };
}

struct Library {
    create: unsafe extern "C" fn(*mut Handle) -> i32,
    params: unsafe extern "C" fn(*mut Handle) -> i32,
    set_stream: unsafe extern "C" fn(Handle, *mut c_void) -> i32,
    sizes: with_matrices!(*mut usize, *mut usize),
    solve: with_matrices!(u64, usize, *mut c_void, usize, u64, *mut f64),
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
            Ok(Self {
                create: *library.get(b"cusolverDnCreate")?,
                params: *library.get(b"cusolverDnCreateParams")?,
                set_stream: *library.get(b"cusolverDnSetStream")?,
                sizes: *library.get(b"cusolverDnXgesvdp_bufferSize")?,
                solve: *library.get(b"cusolverDnXgesvdp")?,
            })
        }
    }
}

/// Whether the library can be loaded.
pub fn available() -> bool {
    Library::get().is_ok()
}

fn check(what: &str, status: i32) -> Result<()> {
    if status == 0 { Ok(()) } else { fail(what, format!("status {status}")) }
}

/// The library's handles, as addresses, and the stream that it works in: of several solvers one computes while others copy.
/// They are kept: nothing destroys the handles.
struct Solver {
    handle: usize,
    params: usize,
    stream: Stream,
}

/// Those that nobody uses at the moment.
static SOLVERS: Mutex<Vec<Solver>> = Mutex::new(vec![]);

/// Signs as they come; `None` if it did not converge.
pub fn thin(matrix: &Matrix) -> Result<Option<Svd>> {
    driver::enter()?;
    let solver = Solver::take()?;
    let found = solver.thin(matrix);
    SOLVERS.lock().push(solver);
    found
}

impl Solver {
    fn take() -> Result<Self> {
        if let Some(solver) = SOLVERS.lock().pop() {
            return Ok(solver);
        }
        let (library, stream) = (Library::get()?, Stream::new()?);
        let (mut handle, mut params) = (null_mut(), null_mut());
        // SAFETY: places for the answers, then a handle and a stream that live from now on.
        unsafe {
            check("cusolverDnCreate", (library.create)(&mut handle))?;
            check("cusolverDnCreateParams", (library.params)(&mut params))?;
            check("cusolverDnSetStream", (library.set_stream)(handle, stream.0.cast()))?;
        }
        Ok(Self { handle: handle as usize, params: params as usize, stream })
    }

    fn thin(&self, matrix: &Matrix) -> Result<Option<Svd>> {
        let &Matrix { rows, cols, .. } = matrix;
        // The library wants a matrix that is not wider than high, column after column: ours turned over is that already.
        let tall = rows >= cols;
        let [m, n] = if tall { [rows, cols] } else { [cols, rows] };
        let doubles = |count: usize| Buffer::new(count * 8);
        let (a, s, u, v) = (doubles(m * n)?, doubles(n)?, doubles(m * n)?, doubles(n * n)?);
        self.stream.write(u.pointer, &matrix.data)?;
        self.convert("widen", tall, [&u, &a], [rows, cols])?;
        if !self.solve([m, n], [&a, &s, &u, &v])? {
            return Ok(None);
        }
        // The solver has left no matrix in `a`: results go through it.
        let taken = |of: &Buffer, turned: bool, [rows, cols]: [usize; 2]| {
            self.convert("narrow", turned, [of, &a], [rows, cols])?;
            let mut data = vec![0f32; rows * cols];
            self.stream.read(&mut data, a.pointer)?;
            let (rows, cols) = if turned { (cols, rows) } else { (rows, cols) };
            Ok(Matrix { rows, cols, data })
        };
        // A row each, vectors of the high side `[n, m]` and of the other `[n, n]`.
        let (high, other) = (taken(&u, tall, [n, m])?, taken(&v, !tall, [n, n])?);
        let mut values = vec![0f64; n];
        self.stream.read(&mut values, s.pointer)?;
        let s = values.into_iter().map(|x| x as f32).collect();
        let (u, vh) = if tall { (high, other) } else { (other, high) };
        Ok(Some(Svd { u, s, vh }))
    }

    /// A matrix `[rows, cols]` into another type, `turned` over or not.
    fn convert(&self, name: &str, turned: bool, [from, to]: [&Buffer; 2], [rows, cols]: [usize; 2]) -> Result<()> {
        let name = format!("{name}{}", if turned { "_turned" } else { "" });
        let launch = LaunchConfig::over([cols.div_ceil(SIDE), rows.div_ceil(SIDE), 1], 256);
        let args = [Arg::Pointer(from.pointer), Arg::Pointer(to.pointer), Arg::Int(rows), Arg::Int(cols)];
        Kernels::get()?.launch(self.stream.0, &name, launch, &args)
    }

    /// Of `a`, `[m, n]`, the values and the vectors, all matrices column after column. Whether it converged.
    fn solve(&self, [m, n]: [usize; 2], [a, s, u, v]: [&Buffer; 4]) -> Result<bool> {
        let library = Library::get()?;
        let (handle, params) = (self.handle as Handle, self.params as Handle);
        let (mut on_device, mut on_host, mut error, mut failed) = (0, 0, 0.0, [0i32]);
        let (rows, cols, info) = (m as i64, n as i64, Buffer::new(size_of::<i32>())?);
        macro_rules! call {
            ($function:ident, $($more:expr),*) => {
                // SAFETY: handles that nobody else has now, buffers of the sizes that the header asks for.
                unsafe { (library.$function)(
                    handle, params, VECTORS, 1, rows, cols, TYPE_F64, a.pointer, rows, TYPE_F64, s.pointer, TYPE_F64, u.pointer, rows, TYPE_F64,
                    v.pointer, cols, TYPE_F64, $($more),*
                ) }
            };
        }
        check("cusolverDnXgesvdp_bufferSize", call!(sizes, &mut on_device, &mut on_host))?;
        let (device_space, mut host_space) = (Buffer::new(on_device)?, vec![0u8; on_host]);
        let host = host_space.as_mut_ptr().cast();
        let status = call!(solve, device_space.pointer, on_device, host, on_host, info.pointer, &mut error);
        // Its space must not go before it is at its end, failed or not.
        self.stream.wait()?;
        check("cusolverDnXgesvdp", status)?;
        self.stream.read(&mut failed, info.pointer)?;
        Ok(failed[0] == 0)
    }
}
