//! Singular value decompositions by cuSOLVER's polar method, loaded at run time: seconds for a matrix that takes a processor
//! minutes. In f64: the method disturbs a matrix with singular values near zero, and in f32 those of a trained model's query and output
//! projections are as near to it as that (1e-5 of the largest); what came back then were no singular vectors.

use super::driver::{self, Buffer, CudaError, Result, fail};
use crate::matrix::Matrix;
use crate::svd::Svd;
use parking_lot::Mutex;
use rayon::prelude::*;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::OnceLock;

type Handle = *mut c_void;

const NAMES: [&str; 3] = ["libcusolver.so.12", "libcusolver.so.11", "libcusolver.so"];
/// `CUDA_R_64F`, and the mode that asks for vectors.
const TYPE_F64: i32 = 1;
const VECTORS: i32 = 1;

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

/// `[rows, cols]` to `[cols, rows]`.
fn transpose(data: &[f32], rows: usize, cols: usize) -> Vec<f32> {
    let mut out = vec![0.0; data.len()];
    out.par_chunks_exact_mut(rows)
        .enumerate()
        .for_each(|(j, to)| to.iter_mut().enumerate().for_each(|(i, x)| *x = data[i * cols + j]));
    out
}

/// The library's handles, as addresses. They are kept: nothing destroys them.
struct Solver {
    handle: usize,
    params: usize,
}

/// Those that nobody uses at the moment.
static SOLVERS: Mutex<Vec<Solver>> = Mutex::new(vec![]);

impl Solver {
    fn take(library: &Library) -> Result<Self> {
        if let Some(solver) = SOLVERS.lock().pop() {
            return Ok(solver);
        }
        let (mut handle, mut params) = (null_mut(), null_mut());
        // SAFETY: places for the answers.
        unsafe {
            check("cusolverDnCreate", (library.create)(&mut handle))?;
            check("cusolverDnCreateParams", (library.params)(&mut params))?;
        }
        Ok(Self { handle: handle as usize, params: params as usize })
    }

    fn leave(self) {
        SOLVERS.lock().push(self);
    }
}

/// Signs as they come; `None` if it did not converge.
pub fn thin(matrix: &Matrix) -> Result<Option<Svd>> {
    let Matrix { rows, cols, data } = matrix;
    let (rows, cols) = (*rows, *cols);
    let r = rows.min(cols);
    // The library wants a matrix that is not wider than high, column after column: ours transposed is that already.
    let found = if rows >= cols { tall(&transpose(data, rows, cols), rows, cols)? } else { tall(data, cols, rows)? };
    let Some(Tall { left, s, right }) = found else { return Ok(None) };
    let (u, vh) = if rows >= cols { (transpose(&left, r, rows), right) } else { (transpose(&right, r, r), left) };
    Ok(Some(Svd { u: Matrix { rows, cols: r, data: u }, s, vh: Matrix { rows: r, cols, data: vh } }))
}

/// Left vectors `[n, m]` and right vectors `[n, n]`, each a row, and the values.
struct Tall {
    left: Vec<f32>,
    s: Vec<f32>,
    right: Vec<f32>,
}

/// Of a matrix `[m, n]` stored by columns.
fn tall(columns: &[f32], m: usize, n: usize) -> Result<Option<Tall>> {
    driver::enter()?;
    let library = Library::get()?;
    let doubles = |count: usize| Buffer::new(count * 8);
    let (a, s, u, v, info) = (doubles(m * n)?, doubles(n)?, doubles(m * n)?, doubles(n * n)?, doubles(1)?);
    let wide: Vec<f64> = columns.par_iter().map(|&x| f64::from(x)).collect();
    driver::copy_in(a.pointer, bytes(&wide))?;
    let solver = Solver::take(library)?;
    let (handle, params) = (solver.handle as Handle, solver.params as Handle);
    let (mut on_device, mut on_host, mut error) = (0, 0, 0.0);
    let (rows, cols) = (m as i64, n as i64);
    // SAFETY: handles that nobody else has now, buffers of the sizes that the header asks for.
    unsafe {
        macro_rules! call {
            ($function:ident, $($more:expr),*) => {
                (library.$function)(
                    handle, params, VECTORS, 1, rows, cols, TYPE_F64, a.pointer, rows, TYPE_F64, s.pointer, TYPE_F64, u.pointer, rows, TYPE_F64,
                    v.pointer, cols, TYPE_F64, $($more),*
                )
            };
        }
        check("cusolverDnXgesvdp_bufferSize", call!(sizes, &mut on_device, &mut on_host))?;
        let (device_space, mut host_space) = (Buffer::new(on_device)?, vec![0u8; on_host]);
        let host = host_space.as_mut_ptr().cast();
        check(
            "cusolverDnXgesvdp",
            call!(solve, device_space.pointer, on_device, host, on_host, info.pointer, &mut error),
        )?;
        driver::wait()?;
    }
    solver.leave();
    let (mut left, mut values, mut right, mut failed) = (vec![0f64; m * n], vec![0f64; n], vec![0f64; n * n], [0i32]);
    driver::copy_out(&mut left, u.pointer)?;
    driver::copy_out(&mut values, s.pointer)?;
    driver::copy_out(&mut right, v.pointer)?;
    driver::copy_out(&mut failed, info.pointer)?;
    let narrow = |wide: Vec<f64>| wide.par_iter().map(|&x| x as f32).collect();
    Ok((failed[0] == 0).then(|| Tall { left: narrow(left), s: narrow(values), right: narrow(right) }))
}

fn bytes(values: &[f64]) -> &[u8] {
    // SAFETY: any eight bytes of a float are eight bytes.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}
