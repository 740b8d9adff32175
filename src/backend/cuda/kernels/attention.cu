// Causal attention within packed rows, for heads of any width up to 128 and both types, on the plain arithmetic units. Small
// models take this path; heads of 64 and of 128 dimensions in bf16 have `flash.cu`. One warp works on one query, or on one key.
//
// Everything lies in [n, width]: queries, then keys, then values, a token's heads side by side.
#include "common.cuh"

constexpr int MOST = 4; // dimensions of a lane

struct Shape {
  int queries, kv, d;
  float scale;
  __device__ int width() const { return (queries + 2 * kv) * d; }
  __device__ int key(int head) const { return (queries + head / (queries / kv)) * d; }
  __device__ int value(int head) const { return key(head) + kv * d; }
};

// The row that a token belongs to.
__device__ int row_of(int token, const int *starts, int rows) {
  int low = 0, high = rows - 1;
  while (low < high) {
    int middle = (low + high + 1) / 2;
    if (starts[middle] <= token) low = middle;
    else high = middle - 1;
  }
  return low;
}

template <class T> __device__ float dot(const T *a, const T *b, int d) {
  float sum = 0;
  for (int i = 0; i < d; i += Pack<T>::size) {
    Pack<T> x = load(a + i), y = load(b + i);
    for (int j = 0; j < Pack<T>::size; j++) sum += x.get(j) * y.get(j);
  }
  return sum;
}
// sums += weight * x for this lane's dimensions
template <class T> __device__ void add(float *sums, float weight, const T *x, int d) {
  for (int k = 0, i = threadIdx.x % 32; i < d; i += 32, k++) sums[k] += weight * to_float(x[i]);
}
template <class T> __device__ void write(const float *sums, T *to, int d) {
  for (int k = 0, i = threadIdx.x % 32; i < d; i += 32, k++) to[i] = from_float<T>(sums[k]);
}

// out [n, h d] and the log of each softmax's sum [n, h]. grid (tokens / warps, heads)
template <class T>
__device__ void attend(const T *rotated, const int *starts, T *out, float *lse, int rows, int tokens, Shape s) {
  int token = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, head = blockIdx.y, lane = threadIdx.x % 32;
  if (token >= tokens) return;
  int first = starts[row_of(token, starts, rows)], width = s.width();
  const T *q = rotated + (size_t)token * width + head * s.d;
  float most = -INFINITY, sum = 0, sums[MOST] = {};
  for (int from = first; from <= token; from += 32) {
    int key = from + lane;
    float score = key <= token ? dot(q, rotated + (size_t)key * width + s.key(head), s.d) * s.scale : -INFINITY;
    float top = fmaxf(most, warp_max(score)), p = key <= token ? __expf(score - top) : 0, shrink = __expf(most - top);
    sum = sum * shrink + warp_sum(p);
    for (int k = 0; k < MOST; k++) sums[k] *= shrink;
    most = top;
    for (int j = 0; j < min(32, token - from + 1); j++)
      add(sums, __shfl_sync(~0u, p, j), rotated + (size_t)(from + j) * width + s.value(head), s.d);
  }
  for (int k = 0; k < MOST; k++) sums[k] /= sum;
  write(sums, out + ((size_t)token * s.queries + head) * s.d, s.d);
  if (lane == 0) lse[(size_t)token * s.queries + head] = most + logf(sum);
}

// Gradient of the queries, dq = scale sum_j p_j (dO v_j - dO O) k_j. grid (tokens / warps, heads)
template <class T>
__device__ void attend_backward_q(const T *dout, const T *out, const float *lse, const T *rotated, const int *starts,
                                  T *drotated, int rows, int tokens, Shape s) {
  int token = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, head = blockIdx.y, lane = threadIdx.x % 32;
  if (token >= tokens) return;
  int first = starts[row_of(token, starts, rows)], width = s.width();
  size_t at = ((size_t)token * s.queries + head) * s.d;
  const T *q = rotated + (size_t)token * width + head * s.d;
  float along = dot(dout + at, out + at, s.d), log_sum = lse[(size_t)token * s.queries + head], sums[MOST] = {};
  for (int from = first; from <= token; from += 32) {
    int key = from + lane;
    const T *other = rotated + (size_t)min(key, token) * width;
    float p = __expf(dot(q, other + s.key(head), s.d) * s.scale - log_sum);
    float ds = key <= token ? p * (dot(dout + at, other + s.value(head), s.d) - along) * s.scale : 0;
    for (int j = 0; j < min(32, token - from + 1); j++)
      add(sums, __shfl_sync(~0u, ds, j), rotated + (size_t)(from + j) * width + s.key(head), s.d);
  }
  write(sums, drotated + (size_t)token * width + head * s.d, s.d);
}

// Gradients of keys and values, summed over the queries of the group that look at them. grid (tokens / warps, kv)
template <class T>
__device__ void attend_backward_kv(const T *dout, const T *out, const float *lse, const T *rotated, const int *starts,
                                   T *drotated, int rows, int tokens, Shape s) {
  int token = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32, group = s.queries / s.kv;
  if (token >= tokens) return;
  int end = starts[row_of(token, starts, rows) + 1], width = s.width();
  size_t key = (size_t)token * width + s.key(blockIdx.y * group), value = key + s.kv * s.d;
  float dk[MOST] = {}, dv[MOST] = {};
  for (int head = blockIdx.y * group; head < (blockIdx.y + 1) * group; head++) {
    for (int from = token; from < end; from += 32) {
      int query = min(from + lane, end - 1);
      size_t at = ((size_t)query * s.queries + head) * s.d;
      float score = dot(rotated + (size_t)query * width + head * s.d, rotated + key, s.d) * s.scale;
      float p = __expf(score - lse[(size_t)query * s.queries + head]);
      float ds = p * (dot(dout + at, rotated + value, s.d) - dot(dout + at, out + at, s.d)) * s.scale;
      for (int j = 0; j < min(32, end - from); j++) {
        add(dk, __shfl_sync(~0u, ds, j), rotated + (size_t)(from + j) * width + head * s.d, s.d);
        add(dv, __shfl_sync(~0u, p, j), dout + ((size_t)(from + j) * s.queries + head) * s.d, s.d);
      }
    }
  }
  write(dk, drotated + key, s.d);
  write(dv, drotated + value, s.d);
}

// One query of each row against its pages of the cache, which `rotate_step` wrote. grid (rows / warps, heads)
template <class T>
__device__ void attend_step(const T *query, const T *keys, const T *values, const int *positions, const int *tables,
                            int table, int page_size, T *out, int rows, Shape s) {
  int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (row >= rows) return;
  int position = min(positions[row], table * page_size - 1), kv = blockIdx.y / (s.queries / s.kv);
  const T *q = query + ((size_t)row * s.queries + blockIdx.y) * s.d;
  float most = -INFINITY, sum = 0, sums[MOST] = {};
  for (int from = 0; from <= position; from += 32) {
    size_t page = ((size_t)tables[(size_t)row * table + from / page_size] * s.kv + kv) * page_size * s.d;
    int key = from + lane, place = key % page_size, count = min(32, position - from + 1);
    float score = key <= position ? dot(q, keys + page + (size_t)place * s.d, s.d) * s.scale : -INFINITY;
    float top = fmaxf(most, warp_max(score)), p = key <= position ? __expf(score - top) : 0, shrink = __expf(most - top);
    sum = sum * shrink + warp_sum(p);
    most = top;
    for (int k = 0; k < MOST; k++) sums[k] *= shrink;
    for (int j = 0; j < count; j++) {
      float weight = __shfl_sync(~0u, p, j);
      for (int k = 0, i = lane; i < s.d; i += 32, k++)
        sums[k] += weight * to_float(values[page + (size_t)i * page_size + from % page_size + j]);
    }
  }
  for (int k = 0; k < MOST; k++) sums[k] /= sum;
  write(sums, out + ((size_t)row * s.queries + blockIdx.y) * s.d, s.d);
}

#define KERNELS(T, S)                                                                                                  \
  extern "C" __global__ void attend_##S(const T *rotated, const int *starts, T *out, float *lse, int rows,             \
                                        int tokens, int queries, int kv, int d, float scale) {                         \
    attend(rotated, starts, out, lse, rows, tokens, Shape{queries, kv, d, scale});                                     \
  }                                                                                                                    \
  extern "C" __global__ void attend_backward_q_##S(const T *dout, const T *out, const float *lse, const T *rotated,    \
                                                   const int *starts, T *drotated, int rows, int tokens, int queries,  \
                                                   int kv, int d, float scale) {                                       \
    attend_backward_q(dout, out, lse, rotated, starts, drotated, rows, tokens, Shape{queries, kv, d, scale});          \
  }                                                                                                                    \
  extern "C" __global__ void attend_backward_kv_##S(const T *dout, const T *out, const float *lse, const T *rotated,   \
                                                    const int *starts, T *drotated, int rows, int tokens, int queries, \
                                                    int kv, int d, float scale) {                                      \
    attend_backward_kv(dout, out, lse, rotated, starts, drotated, rows, tokens, Shape{queries, kv, d, scale});         \
  }                                                                                                                    \
  extern "C" __global__ void attend_step_##S(const T *query, const T *keys, const T *values, const int *positions,     \
                                             const int *tables, int table, int page_size, T *out, int rows,            \
                                             int queries, int kv, int d, float scale) {                                \
    attend_step(query, keys, values, positions, tables, table, page_size, out, rows, Shape{queries, kv, d, scale});    \
  }
KERNELS(float, f32)
KERNELS(bf16, bf16)
