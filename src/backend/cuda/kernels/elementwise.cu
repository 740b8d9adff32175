// SwiGLU, the scaling of columns, and sums over a rollout's tokens.
#include "common.cuh"

// silu(gate) up: [n, 2 w] -> [n, w]. One thread a pack, grid-stride.
template <class T> __device__ void swiglu(const T *gate_up, T *out, int width, size_t packs) {
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < packs; i += (size_t)gridDim.x * blockDim.x) {
    size_t row = i * Pack<T>::size / width, col = i * Pack<T>::size % width;
    Pack<T> g = load(gate_up + row * 2 * width + col), u = load(gate_up + row * 2 * width + width + col), y;
    for (int j = 0; j < Pack<T>::size; j++) y.set(j, silu<T>(g.get(j)) * u.get(j));
    store(out + i * Pack<T>::size, y);
  }
}

// dgate_up [n, 2 w] and the product [n, w] from the product's gradient: silu'(g) = s + g s (1 - s), s = sigmoid(g).
template <class T>
__device__ void swiglu_backward(const T *dproduct, const T *gate_up, T *dgate_up, T *product, int width, size_t packs) {
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < packs; i += (size_t)gridDim.x * blockDim.x) {
    size_t row = i * Pack<T>::size / width, col = i * Pack<T>::size % width, at = row * 2 * width + col;
    Pack<T> g = load(gate_up + at), u = load(gate_up + at + width), d = load(dproduct + i * Pack<T>::size);
    Pack<T> dg, du, y;
    for (int j = 0; j < Pack<T>::size; j++) {
      float x = g.get(j), s = 1 / (1 + __expf(-x)), silu = to_float(from_float<T>(x * s));
      y.set(j, silu * u.get(j));
      du.set(j, d.get(j) * silu);
      dg.set(j, d.get(j) * u.get(j) * (s + silu - silu * s));
    }
    store(dgate_up + at, dg), store(dgate_up + at + width, du), store(product + i * Pack<T>::size, y);
  }
}

// x diag(k): [n, w] with k [w] in f32.
template <class T> __device__ void scale_columns(const T *x, const float *k, T *out, int width, size_t packs) {
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < packs; i += (size_t)gridDim.x * blockDim.x) {
    size_t col = i * Pack<T>::size % width;
    Pack<T> v = load(x + i * Pack<T>::size), y;
    for (int j = 0; j < Pack<T>::size; j++) y.set(j, v.get(j) * k[col + j]);
    store(out + i * Pack<T>::size, y);
  }
}

// Part of a row's sum of left * right: grid (rows, parts, columns) -> [rows, parts, w] in f32.
template <class T>
__device__ void row_parts(const T *left, const T *right, const int *starts, float *out, int width) {
  int col = (blockIdx.z * blockDim.x + threadIdx.x) * Pack<T>::size;
  if (col >= width) return;
  int first = starts[blockIdx.x], count = starts[blockIdx.x + 1] - first, parts = gridDim.y;
  int from = first + (int)((long long)count * blockIdx.y / parts);
  int to = first + (int)((long long)count * (blockIdx.y + 1) / parts);
  float sums[Pack<T>::size] = {};
  for (int token = from; token < to; token++) {
    Pack<T> a = load(left + (size_t)token * width + col), b = load(right + (size_t)token * width + col);
    for (int j = 0; j < Pack<T>::size; j++) sums[j] += a.get(j) * b.get(j);
  }
  float *to_row = out + ((size_t)blockIdx.x * parts + blockIdx.y) * width + col;
  for (int j = 0; j < Pack<T>::size; j++) to_row[j] = sums[j];
}

// [rows, parts, w] -> [rows, w], parts added in order. grid (rows, columns)
extern "C" __global__ void add_parts(const float *parts, float *out, int count, int width) {
  int col = blockIdx.y * blockDim.x + threadIdx.x;
  if (col >= width) return;
  float sum = 0;
  for (int i = 0; i < count; i++) sum += parts[((size_t)blockIdx.x * count + i) * width + col];
  out[(size_t)blockIdx.x * width + col] = sum;
}

// Rows of a table: out [n, w] = table[ids]. One block a row.
template <class T> __device__ void gather_rows(const T *table, const int *ids, T *out, int width) {
  const T *from = table + (size_t)ids[blockIdx.x] * width;
  for (int i = threadIdx.x * Pack<T>::size; i < width; i += blockDim.x * Pack<T>::size)
    store(out + (size_t)blockIdx.x * width + i, load(from + i));
}

#define KERNELS(T, S)                                                                                                  \
  extern "C" __global__ void swiglu_##S(const T *gate_up, T *out, int width, size_t packs) {                           \
    swiglu(gate_up, out, width, packs);                                                                                \
  }                                                                                                                    \
  extern "C" __global__ void swiglu_backward_##S(const T *dproduct, const T *gate_up, T *dgate_up, T *product,         \
                                                 int width, size_t packs) {                                            \
    swiglu_backward(dproduct, gate_up, dgate_up, product, width, packs);                                               \
  }                                                                                                                    \
  extern "C" __global__ void scale_columns_##S(const T *x, const float *k, T *out, int width, size_t packs) {          \
    scale_columns(x, k, out, width, packs);                                                                            \
  }                                                                                                                    \
  extern "C" __global__ void row_parts_##S(const T *left, const T *right, const int *starts, float *out, int width) {  \
    row_parts(left, right, starts, out, width);                                                                        \
  }                                                                                                                    \
  extern "C" __global__ void gather_rows_##S(const T *table, const int *ids, T *out, int width) {                      \
    gather_rows(table, ids, out, width);                                                                               \
  }
KERNELS(float, f32)
KERNELS(bf16, bf16)
