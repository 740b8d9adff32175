// RMS norm over rows, forward and backward. One block a row.
#include "common.cuh"

// x inverse gain, the normalised value rounded before the gain, as the reference library does.
template <class T> __device__ Pack<T> normed(const Pack<T> &x, float inverse, const Pack<T> &gain) {
  Pack<T> out;
  for (int j = 0; j < Pack<T>::size; j++) out.set(j, to_float(from_float<T>(x.get(j) * inverse)) * gain.get(j));
  return out;
}

template <class T> __device__ void add_squares(float &squares, const Pack<T> &x) {
  for (int j = 0; j < Pack<T>::size; j++) squares = __fmaf_rn(x.get(j), x.get(j), squares);
}

// y = x / sqrt(mean(x^2) + eps) * gain.
template <class T>
__device__ void rms_norm(const T *x, const T *gain, T *y, int width, float eps) {
  x += (size_t)blockIdx.x * width, y += (size_t)blockIdx.x * width;
  float squares = 0;
  for (int i = threadIdx.x * Pack<T>::size; i < width; i += blockDim.x * Pack<T>::size) {
    add_squares(squares, load(x + i));
  }
  float inverse = rsqrtf(block_sum(squares) / width + eps);
  for (int i = threadIdx.x * Pack<T>::size; i < width; i += blockDim.x * Pack<T>::size) {
    Pack<T> v = load(x + i), g = load(gain + i);
    store(y + i, normed(v, inverse, g));
  }
}

// The same in a decode step, for rows of at most MOST_PACKS packs a thread: each keeps its own, so that memory is asked once.
constexpr int MOST_PACKS = 2;
template <class T> __device__ void norm_step(const T *x, const T *gain, T *y, int width, float eps) {
  constexpr int SIZE = Pack<T>::size;
  before_next();
  x += (size_t)blockIdx.x * width, y += (size_t)blockIdx.x * width;
  Pack<T> v[MOST_PACKS], g[MOST_PACKS];
  int first = threadIdx.x * SIZE, stride = blockDim.x * SIZE;
#pragma unroll
  for (int p = 0; p < MOST_PACKS; p++)
    if (first + p * stride < width) g[p] = load(gain + first + p * stride);
  after_previous();
  float squares = 0;
#pragma unroll
  for (int p = 0; p < MOST_PACKS; p++) {
    int i = first + p * stride;
    if (i >= width) break;
    v[p] = load(x + i);
    add_squares(squares, v[p]);
  }
  float inverse = rsqrtf(block_sum(squares) / width + eps);
#pragma unroll
  for (int p = 0; p < MOST_PACKS; p++) {
    int i = first + p * stride;
    if (i >= width) break;
    store(y + i, normed(v[p], inverse, g[p]));
  }
}

// out = onto + i (dn - u mean(dn u)), i = 1 / sqrt(mean(x^2) + eps), u = x i, dn = dy gain.
template <class T>
__device__ void rms_norm_backward(const T *onto, const T *dy, const T *x, const T *gain, T *out, int width, float eps) {
  size_t row = (size_t)blockIdx.x * width;
  onto += row, dy += row, x += row, out += row;
  float squares = 0, along = 0;
  for (int i = threadIdx.x * Pack<T>::size; i < width; i += blockDim.x * Pack<T>::size) {
    Pack<T> v = load(x + i), d = load(dy + i), g = load(gain + i);
    for (int j = 0; j < Pack<T>::size; j++) {
      squares += v.get(j) * v.get(j);
      along += v.get(j) * d.get(j) * g.get(j);
    }
  }
  float inverse = rsqrtf(block_sum(squares) / width + eps);
  along = block_sum(along) / width * inverse * inverse;
  for (int i = threadIdx.x * Pack<T>::size; i < width; i += blockDim.x * Pack<T>::size) {
    Pack<T> v = load(x + i), d = load(dy + i), g = load(gain + i), base = load(onto + i), sum;
    for (int j = 0; j < Pack<T>::size; j++)
      sum.set(j, base.get(j) + inverse * (d.get(j) * g.get(j) - v.get(j) * along));
    store(out + i, sum);
  }
}

#define KERNELS(T, S)                                                                                                  \
  extern "C" __global__ void rms_norm_##S(const T *x, const T *gain, T *y, int width, float eps) {                     \
    rms_norm(x, gain, y, width, eps);                                                                                  \
  }                                                                                                                    \
  extern "C" __global__ void norm_step_##S(const T *x, const T *gain, T *y, int width, float eps) {                    \
    norm_step(x, gain, y, width, eps);                                                                                 \
  }                                                                                                                    \
  extern "C" __global__ void rms_norm_backward_##S(const T *onto, const T *dy, const T *x, const T *gain, T *out,      \
                                                   int width, float eps) {                                             \
    rms_norm_backward(onto, dy, x, gain, out, width, eps);                                                             \
  }
KERNELS(float, f32)
KERNELS(bf16, bf16)
