//! The operations in CUDA kernels and cuBLASLt, on burn's own stream and tensors. f32 and bf16; anything that a kernel is not
//! made for is left to [`crate::portable::Portable`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`driver`] | kernels, buffers, streams and graphs of the CUDA driver |
//! | [`attention`] | causal attention over packed rows |
//! | [`cublaslt`] | matrix products |
//! | [`stream`] | the way onto the runtime's stream |
//! | [`svd`] | singular value decompositions |
//! | `kernels/` | the kernels' sources, and what `tools/build-kernels.sh` made of them |

pub mod attention;
pub mod cublaslt;
pub mod driver;
pub mod stream;
pub mod svd;

use crate::backend::WIDTHS;
use crate::batch::Rows;
use crate::matrix::{Matrix, Raw};
use crate::memory::DeviceMemory;
use crate::ops::{Coefficients, Heads, Ops, QkvStep, Rotation};
use crate::{BackendError, Result};
use burn_cubecl::Cube;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use burn_tensor::kind::Basic;
use burn_tensor::{BackendPrimitive, DType, Device, Int, Shape, Tensor};
use cublaslt::{Product, Side};
use driver::{Arg, CudaError, LaunchConfig};
use stream::{device_ptrs, enqueue};

impl From<CudaError> for BackendError {
    fn from(error: CudaError) -> Self {
        Self::Compute(error.to_string())
    }
}

/// Tokens whose products one thread of a row's sum adds up.
const PART: usize = 64;
/// Widths must be whole packs of sixteen bytes.
const PACK: usize = 8;

/// The implementation in CUDA kernels.
#[derive(Debug)]
pub struct Cuda;

impl Cuda {
    /// Whether the device is a CUDA device of at least the Ampere generation and cuBLASLt is found.
    pub fn works_on(device: &Device) -> bool {
        let Ok(probe) = Tensor::<1>::zeros([1], (device, DType::F32)).try_into_primitive::<Cube>() else {
            return false;
        };
        if !probe.client.name().contains("cuda") {
            return false;
        }
        match cublaslt::available().and_then(|()| driver::enter()).and_then(|()| driver::Kernels::get().map(|_| ())) {
            Ok(()) => true,
            Err(error) => {
                eprintln!("warning: {error}; this device computes by plain tensor operations, many times slower");
                false
            }
        }
    }
}

/// A tensor's memory, row after row.
pub fn dense<const D: usize, K>(tensor: &Tensor<D, K>) -> CubeTensor
where
    K: Basic + BackendPrimitive<Cube, Primitive = CubeTensor>,
{
    let cube = view(tensor);
    if cube.is_contiguous() { cube } else { into_contiguous(cube) }
}

fn view<const D: usize, K>(tensor: &Tensor<D, K>) -> CubeTensor
where
    K: Basic + BackendPrimitive<Cube, Primitive = CubeTensor>,
{
    tensor.clone().try_into_primitive::<Cube>().expect("a tensor of the device that these operations were made for")
}

/// Indices as the kernels read them.
pub fn indices(tensor: &Tensor<1, Int>) -> CubeTensor {
    if tensor.dtype() == DType::I32 { dense(tensor) } else { dense(&tensor.clone().cast(burn_tensor::IntDType::I32)) }
}

/// A matrix whose rows may be apart.
fn rows_of(tensor: &Tensor<2>) -> (CubeTensor, usize) {
    let cube = view(tensor);
    let [rows, cols] = tensor.dims();
    let strides = cube.meta.strides().clone();
    if strides[1] == 1 && (strides[0] >= cols || rows == 1) && strides[0].is_multiple_of(PACK) {
        (cube, strides[0].max(cols))
    } else {
        (dense(tensor), cols)
    }
}

fn empty(like: &CubeTensor, shape: &[usize], dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), Shape::from(shape.to_vec()), dtype)
}

fn tensor<const D: usize>(cube: CubeTensor) -> Tensor<D> {
    Tensor::from_primitive::<Cube>(cube)
}

/// The name of the kernel for this type.
pub fn typed(name: &str, dtype: DType) -> String {
    format!("{name}_{}", if dtype == DType::BF16 { "bf16" } else { "f32" })
}

/// Addresses as a kernel's parameters.
pub fn pointers(all: &[u64]) -> Vec<Arg> {
    all.iter().map(|&p| Arg::Pointer(p)).collect()
}

/// Threads for a row of `width` elements, a pack each, in whole warps, and two packs or more where the row is that wide. A sum over
/// the row depends on it.
pub fn threads(width: usize, dtype: DType) -> usize {
    (width * dtype.size()).div_ceil(16).next_multiple_of(32).clamp(32, 1024)
}

/// Threads of a part of a row's softmax (`head.cu`).
pub const PART_THREADS: usize = 256;
/// Parts of a row of logits at most.
pub const MOST_PARTS: usize = 16;
/// Logits of the longest row that is one part.
const ONE_PART: usize = 4 * 512;

/// Threads that take the softmax of a row of logits: as many as a part has, or for two parts at a time.
fn softmax_threads(width: usize) -> usize {
    if width <= ONE_PART { PART_THREADS } else { 2 * PART_THREADS }
}

/// Runs a kernel whose parameters are all tensors' addresses, reads first, and then `rest`.
fn kernel(name: String, launch: LaunchConfig, reads: &[&CubeTensor], writes: &[&CubeTensor], rest: Vec<Arg>) {
    enqueue(reads, writes, move |here, p| here.launch(&name, launch, &[pointers(p), rest].concat()));
}

/// One thread for each pack of an array.
fn elementwise(elements: usize, dtype: DType) -> (LaunchConfig, Arg) {
    let packs = elements * dtype.size() / 16;
    (LaunchConfig::over([packs.div_ceil(256).min(132 * 16), 1, 1], 256), Arg::Size(packs))
}

/// Attention's sizes as a kernel's parameters.
pub fn heads_args(heads: Heads) -> [Arg; 3] {
    [heads.queries, heads.kv, heads.d].map(Arg::Int)
}

/// `a [m, k] b [k, n] (+ onto)`.
fn product(
    a: (CubeTensor, usize),
    b: (CubeTensor, usize),
    b_transposed: bool,
    onto: Option<&Tensor<2>>,
    out_type: DType,
) -> Tensor<2> {
    let ((a, a_stride), (b, b_stride)) = (a, b);
    let (m, k) = (a.meta.shape()[0], a.meta.shape()[1]);
    let n = b.meta.shape()[usize::from(!b_transposed)];
    let out = empty(&a, &[m, n], out_type);
    let onto = onto.map(dense);
    let reads: Vec<&CubeTensor> = [&a, &b].into_iter().chain(&onto).collect();
    let (dtype, adds) = (a.dtype, onto.is_some());
    enqueue(&reads, &[&out], move |here, p| {
        here.multiply(&Product {
            m,
            planned: None,
            n,
            k,
            a: Side::plain(p[0], a_stride),
            b: Side { pointer: p[1], stride: b_stride, transposed: b_transposed },
            onto: adds.then(|| p[2]),
            out: p[p.len() - 1],
            out_stride: n,
            dtype,
            out_type,
            // `x w^T`, as in a forward pass, whose rows are sampled elsewhere.
            batch_invariant: b_transposed,
        })
    });
    tensor(out)
}

impl Ops for Cuda {
    fn name(&self) -> &'static str {
        "CUDA kernels"
    }

    fn linear(&self, x: &Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        product(rows_of(x), rows_of(w), true, None, x.dtype())
    }

    fn linear_onto(&self, onto: Tensor<2>, x: &Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        product(rows_of(x), rows_of(w), true, Some(&onto), x.dtype())
    }

    fn linear_backward(&self, dy: &Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        product(rows_of(dy), rows_of(w), false, None, dy.dtype())
    }

    fn rms_norm(&self, x: &Tensor<2>, gain: &Tensor<1>, eps: f64) -> Tensor<2> {
        let [n, width] = x.dims();
        let (x, gain) = (dense(x), dense(gain));
        let out = empty(&x, &[n, width], x.dtype);
        let launch = LaunchConfig::over([n, 1, 1], threads(width, x.dtype));
        kernel(typed("rms_norm", x.dtype), launch, &[&x, &gain], &[&out], vec![Arg::Int(width), Arg::Float(eps)]);
        tensor(out)
    }

    fn rms_norm_backward(
        &self,
        onto: Tensor<2>,
        dy: &Tensor<2>,
        x: &Tensor<2>,
        gain: &Tensor<1>,
        eps: f64,
    ) -> Tensor<2> {
        let [n, width] = x.dims();
        let (onto, dy, x, gain) = (dense(&onto), dense(dy), dense(x), dense(gain));
        let out = empty(&x, &[n, width], x.dtype);
        let launch = LaunchConfig::over([n, 1, 1], threads(width, x.dtype));
        let rest = vec![Arg::Int(width), Arg::Float(eps)];
        kernel(typed("rms_norm_backward", x.dtype), launch, &[&onto, &dy, &x, &gain], &[&out], rest);
        tensor(out)
    }

    fn rotate(&self, qkv: &Tensor<2>, rotation: Rotation) -> Tensor<2> {
        rotated("rotate", &[qkv], rotation)
    }

    fn rotate_backward(&self, drotated: &Tensor<2>, qkv: &Tensor<2>, rotation: Rotation) -> Tensor<2> {
        rotated("rotate_backward", &[drotated, qkv], rotation)
    }

    fn attention(&self, rotated: &Tensor<2>, heads: Heads, rows: &Rows) -> (Tensor<2>, Tensor<2>) {
        attention::forward(rotated, heads, rows)
    }

    fn attention_backward(
        &self,
        dout: &Tensor<2>,
        out: &Tensor<2>,
        lse: &Tensor<2>,
        rotated: &Tensor<2>,
        heads: Heads,
        rows: &Rows,
    ) -> Tensor<2> {
        attention::backward([dout, out, lse], rotated, heads, rows)
    }

    fn swiglu(&self, gate_up: &Tensor<2>) -> Tensor<2> {
        let [n, both] = gate_up.dims();
        let gate_up = dense(gate_up);
        let out = empty(&gate_up, &[n, both / 2], gate_up.dtype);
        let (launch, packs) = elementwise(n * both / 2, gate_up.dtype);
        kernel(typed("swiglu", gate_up.dtype), launch, &[&gate_up], &[&out], vec![Arg::Int(both / 2), packs]);
        tensor(out)
    }

    fn swiglu_backward(&self, dproduct: &Tensor<2>, gate_up: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let [n, both] = gate_up.dims();
        let (dproduct, gate_up) = (dense(dproduct), dense(gate_up));
        let dgate_up = empty(&gate_up, &[n, both], gate_up.dtype);
        let product = empty(&gate_up, &[n, both / 2], gate_up.dtype);
        let (launch, packs) = elementwise(n * both / 2, gate_up.dtype);
        let rest = vec![Arg::Int(both / 2), packs];
        kernel(typed("swiglu_backward", gate_up.dtype), launch, &[&dproduct, &gate_up], &[&dgate_up, &product], rest);
        (tensor(dgate_up), tensor(product))
    }

    fn logits(&self, x: &Tensor<2>, head: &Tensor<2>) -> Tensor<2> {
        product(rows_of(x), rows_of(head), true, None, DType::F32)
    }

    fn token_logprobs(&self, logits: &Tensor<2>, tokens: &Tensor<1, Int>) -> Tensor<1> {
        let [n, width] = logits.dims();
        let (logits, tokens) = (dense(logits), indices(tokens));
        let out = empty(&logits, &[n], DType::F32);
        let launch = LaunchConfig::over([n, 1, 1], softmax_threads(width));
        kernel("token_logprobs".into(), launch, &[&logits, &tokens], &[&out], vec![Arg::Int(width)]);
        tensor(out)
    }

    fn token_logprobs_backward(
        &self,
        logits: Tensor<2>,
        tokens: &Tensor<1, Int>,
        coefficients: &Coefficients,
        dtype: DType,
    ) -> (Tensor<1>, Tensor<2>) {
        let [n, width] = logits.dims();
        let (logits, tokens, weight) = (dense(&logits), indices(tokens), dense(&coefficients.weight));
        let (reference, kl) = match &coefficients.reference {
            Some((reference, kl)) => (dense(reference), f64::from(*kl)),
            None => (weight.clone(), 0.0),
        };
        let (logp, dlogits) = (empty(&logits, &[n], DType::F32), empty(&logits, &[n, width], dtype));
        let launch = LaunchConfig::over([n, 1, 1], softmax_threads(width));
        let name = typed("token_logprobs_backward", dtype);
        enqueue(&[&logits, &tokens, &weight, &reference], &[&logp, &dlogits], move |here, p| {
            let args = [&pointers(&p[..4])[..], &[Arg::Float(kl)], &pointers(&p[4..]), &[Arg::Int(width)]].concat();
            here.launch(&name, launch, &args)
        });
        (tensor(logp), tensor(dlogits))
    }

    fn row_sums(&self, left: &Tensor<2>, right: &Tensor<2>, rows: &Rows) -> Tensor<2> {
        let [n, width] = left.dims();
        let whole = width.next_multiple_of(WIDTHS);
        if width < whole {
            let filler = || Tensor::zeros([n, whole - width], (&left.device(), left.dtype()));
            let filled = |x: &Tensor<2>| Tensor::cat(vec![x.clone(), filler()], 1);
            return self.row_sums(&filled(left), &filled(right), rows).narrow(1, 0, width);
        }
        let (left, right, starts) = (dense(left), dense(right), indices(&rows.starts));
        let count = rows.count();
        let parts = (n / count.max(1)).div_ceil(PART).max(1);
        let out = empty(&left, &[count, width], DType::F32);
        let packs = (width * left.dtype.size()).div_ceil(16);
        let launch = LaunchConfig::over([count, parts, packs.div_ceil(128)], 128);
        let name = typed("row_parts", left.dtype);
        if parts == 1 {
            kernel(name, launch, &[&left, &right, &starts], &[&out], vec![Arg::Int(width)]);
        } else {
            let sums = empty(&left, &[count, parts, width], DType::F32);
            kernel(name, launch, &[&left, &right, &starts], &[&sums], vec![Arg::Int(width)]);
            let launch = LaunchConfig::over([count, width.div_ceil(256), 1], 256);
            kernel("add_parts".into(), launch, &[&sums], &[&out], vec![Arg::Int(parts), Arg::Int(width)]);
        }
        tensor(out)
    }

    fn merge(&self, w: &Tensor<2>, u: &Tensor<2>, knob: &Tensor<1>, vh: &Tensor<2>) -> Tensor<2> {
        let [rows, width] = u.dims();
        let (u, knob) = (dense(u), dense(knob));
        let scaled = empty(&u, &[rows, width], u.dtype);
        let (launch, packs) = elementwise(rows * width, u.dtype);
        kernel(typed("scale_columns", u.dtype), launch, &[&u, &knob], &[&scaled], vec![Arg::Int(width), packs]);
        product((scaled, width), rows_of(vh), false, Some(w), w.dtype())
    }

    fn svd(&self, matrix: &Matrix) -> Result<Option<crate::svd::Svd>> {
        if svd::available() { Ok(svd::thin(matrix)?) } else { Ok(crate::svd::on_the_host(matrix)) }
    }
}

impl DeviceMemory for Cuda {
    fn dtype(&self, stored: DType) -> DType {
        if stored == DType::BF16 { DType::BF16 } else { DType::F32 }
    }

    fn upload(&self, parts: &[Raw], dtype: DType, device: &Device) -> Result<Tensor<2>> {
        let cols = parts.first().map_or(0, |p| p.cols);
        let rows = parts.iter().map(|p| p.bytes.len() / p.dtype.size() / cols).sum();
        let like = dense(&Tensor::<1>::zeros([1], (device, DType::F32)));
        let out = empty(&like, &[rows, cols], dtype);
        let found = device_ptrs(std::slice::from_ref(&out))?;
        let mut to = found.at[0];
        // Memory that was free on the host may still be in use by what is in the queue.
        device.sync().map_err(|e| BackendError::Compute(e.to_string()))?;
        for part in parts {
            let values = Raw { bytes: (&*part.bytes).into(), ..*part }.to(dtype);
            driver::copy_in(to, &values.bytes)?;
            to += values.bytes.len() as u64;
        }
        Ok(tensor(out))
    }

    fn copy_to_thread_stream(&self, from: &Tensor<2>) -> Tensor<2> {
        let [rows, cols] = from.dims();
        let from = dense(from);
        let out = empty(&from, &[rows, cols], from.dtype);
        let bytes = rows * cols * from.dtype.size();
        enqueue(&[&from], &[&out], move |here, p| here.copy(p[1], p[0], bytes));
        tensor(out)
    }

    fn free(&self, device: &Device) -> Option<usize> {
        let (free, all) = driver::memory().ok()?;
        if free > all / 2 {
            return Some(free);
        }
        device.memory_cleanup();
        device.sync().ok()?;
        Some(driver::memory().ok()?.0)
    }

    fn forget_shapes(&self, device: &Device) {
        stream::forget_shapes(&view(&Tensor::<1>::zeros([1], (device, DType::F32))));
    }
}

/// Both directions of a rotation: the tensors to read, then the step's, tables and positions.
fn rotated(name: &str, of: &[&Tensor<2>], rotation: Rotation) -> Tensor<2> {
    let Rotation { heads, step, rope, positions, eps } = rotation;
    let n = of[0].dims()[0];
    let of: Vec<CubeTensor> = of.iter().map(|t| dense(*t)).collect();
    let own = step.tensors().into_iter().map(dense);
    let rest: Vec<CubeTensor> = own.chain([dense(&rope.cos), dense(&rope.sin), indices(positions)]).collect();
    let out = empty(&of[0], &[n, heads.width()], of[0].dtype);
    let all = heads.queries + 2 * heads.kv;
    let reads: Vec<&CubeTensor> = of.iter().chain(&rest).collect();
    let args = [&heads_args(heads)[..], &[Arg::Float(eps)]].concat();
    let (name, launch) = (rotation_kernel(name, step, of[0].dtype), LaunchConfig::over([n, all.div_ceil(4), 1], 128));
    kernel(name, launch, &reads, &[&out], args);
    tensor(out)
}

/// The name of a kernel of `rotate.cu` for this step and type.
pub fn rotation_kernel<T>(name: &str, step: &QkvStep<T>, dtype: DType) -> String {
    typed(&format!("{name}_{}", step.name()), dtype)
}
