// Queries and keys: normalised per head, then rotated by their position. Values pass through. One warp a head of a token.
#include "common.cuh"

constexpr int MOST = 4; // pairs of a lane: heads of up to 256 dimensions

struct Heads {
  int queries, kv, d;
};

// A head's elements, as rotation pairs them: lane l holds (i, i + d/2) for i = l, l + 32, ...
#define EACH_PAIR(k, i, d)                                                                                             \
  _Pragma("unroll") for (int k = 0, i = threadIdx.x % 32; k < MOST; k++, i += 32) if (i < (d) / 2)
template <class T> struct Pairs {
  float low[MOST], high[MOST];
  __device__ Pairs(const T *head, int d) {
    EACH_PAIR(k, i, d) low[k] = to_float(head[i]), high[k] = to_float(head[i + d / 2]);
  }
  __device__ void write(T *head, int d) const {
    EACH_PAIR(k, i, d) head[i] = from_float<T>(low[k]), head[i + d / 2] = from_float<T>(high[k]);
  }
};

// Rotates by the angle at `position`; `sign` -1 rotates back.
template <class T>
__device__ void rotate(Pairs<T> &x, const float *cos, const float *sin, int position, int d, float sign) {
  EACH_PAIR(k, i, d) {
    float c = cos[(size_t)position * (d / 2) + i], s = sign * sin[(size_t)position * (d / 2) + i];
    float a = x.low[k], b = x.high[k];
    x.low[k] = a * c - b * s, x.high[k] = b * c + a * s;
  }
}

template <class T> __device__ float inverse_root(const Pairs<T> &x, int d, float eps) {
  float squares = 0;
  EACH_PAIR(k, i, d) squares += x.low[k] * x.low[k] + x.high[k] * x.high[k];
  return rsqrtf(warp_sum(squares) / d + eps);
}

template <class T>
__device__ Pairs<T> rotated(const T *head, const T *gain, const float *cos, const float *sin, int position, int d,
                           float eps) {
  Pairs<T> x(head, d);
  float inverse = inverse_root(x, d, eps);
  auto one = [&](float value, T gain) {
    return to_float(from_float<T>(to_float(from_float<T>(value * inverse)) * to_float(gain)));
  };
  EACH_PAIR(k, i, d) x.low[k] = one(x.low[k], gain[i]), x.high[k] = one(x.high[k], gain[i + d / 2]);
  rotate(x, cos, sin, position, d, 1);
  return x;
}

// grid (tokens, heads / warps a block)
template <class T>
__device__ void qk_norm_rope(const T *qkv, const T *q_gain, const T *k_gain, const float *cos, const float *sin,
                             const int *positions, T *out, Heads heads, float eps) {
  int token = blockIdx.x, head = blockIdx.y * (blockDim.x / 32) + threadIdx.x / 32, d = heads.d;
  int all = heads.queries + 2 * heads.kv;
  if (head >= all) return;
  size_t at = ((size_t)token * all + head) * d;
  if (head >= heads.queries + heads.kv) {
    Pairs<T>(qkv + at, d).write(out + at, d);
  } else {
    const T *gain = head < heads.queries ? q_gain : k_gain;
    rotated(qkv + at, gain, cos, sin, positions[token], d, eps).write(out + at, d);
  }
}

template <class T>
__device__ void qk_norm_rope_backward(const T *drotated, const T *qkv, const T *q_gain, const T *k_gain,
                                      const float *cos, const float *sin, const int *positions, T *out, Heads heads,
                                      float eps) {
  int token = blockIdx.x, head = blockIdx.y * (blockDim.x / 32) + threadIdx.x / 32, d = heads.d;
  int all = heads.queries + 2 * heads.kv;
  if (head >= all) return;
  size_t at = ((size_t)token * all + head) * d;
  Pairs<T> dy(drotated + at, d);
  if (head < heads.queries + heads.kv) {
    const T *gain = head < heads.queries ? q_gain : k_gain;
    rotate(dy, cos, sin, positions[token], d, -1);
    Pairs<T> x(qkv + at, d);
    float inverse = inverse_root(x, d, eps), along = 0;
    EACH_PAIR(k, i, d) {
      dy.low[k] *= to_float(gain[i]), dy.high[k] *= to_float(gain[i + d / 2]);
      along += dy.low[k] * x.low[k] + dy.high[k] * x.high[k];
    }
    along = warp_sum(along) / d * inverse * inverse;
    EACH_PAIR(k, i, d) {
      dy.low[k] = inverse * (dy.low[k] - x.low[k] * along), dy.high[k] = inverse * (dy.high[k] - x.high[k] * along);
    }
  }
  dy.write(out + at, d);
}

// One decode step of each row: the query rotated, key and value to their place in the cache. A row without a page there, or
// past its table, writes into page 0; what it draws there is thrown away. Keys lie as [page][head][place][d], values as [page][head][d][place].
template <class T>
__device__ void qk_norm_rope_step(const T *qkv, const T *q_gain, const T *k_gain, const float *cos, const float *sin,
                                  const int *positions, const int *tables, int table, int page_size, int angles,
                                  T *query, T *keys, T *values, Heads heads, float eps) {
  before_next();
  int row = blockIdx.x, head = blockIdx.y * (blockDim.x / 32) + threadIdx.x / 32, d = heads.d;
  int all = heads.queries + 2 * heads.kv, position = positions[row];
  if (head >= all) return;
  size_t at = ((size_t)row * all + head) * d;
  int index = position / page_size, place = position % page_size;
  position = min(position, angles - 1);
  size_t page = index < table ? tables[(size_t)row * table + index] : 0;
  after_previous();
  if (head < heads.queries) {
    rotated(qkv + at, q_gain, cos, sin, position, d, eps).write(query + ((size_t)row * heads.queries + head) * d, d);
  } else if (head < heads.queries + heads.kv) {
    size_t to = ((page * heads.kv + head - heads.queries) * page_size + place) * d;
    rotated(qkv + at, k_gain, cos, sin, position, d, eps).write(keys + to, d);
  } else {
    T *to = values + (page * heads.kv + head - heads.queries - heads.kv) * page_size * d + place;
    for (int i = threadIdx.x % 32; i < d; i += 32) to[(size_t)i * page_size] = qkv[at + i];
  }
}

// Keys and values of encoded prompts to their places: `from` a packed token, `to` a place, [count].
template <class T>
__device__ void store_cache(const T *rotated, const int *from, const int *to, int page_size, T *keys, T *values,
                            Heads heads) {
  int d = heads.d, all = heads.queries + 2 * heads.kv, place = to[blockIdx.x] % page_size;
  size_t page = to[blockIdx.x] / page_size;
  const T *x = rotated + ((size_t)from[blockIdx.x] * all + heads.queries) * d;
  for (int i = threadIdx.x; i < heads.kv * d; i += blockDim.x) {
    size_t head = page * heads.kv + i / d;
    keys[(head * page_size + place) * d + i % d] = x[i];
    values[(head * d + i % d) * page_size + place] = x[heads.kv * d + i];
  }
}

// Cache places copied, [count].
template <class T>
__device__ void copy_cache(const int *from, const int *to, int page_size, T *keys, T *values, Heads heads) {
  int d = heads.d, a = from[blockIdx.x] % page_size, b = to[blockIdx.x] % page_size;
  size_t source = from[blockIdx.x] / page_size, target = to[blockIdx.x] / page_size;
  for (int i = threadIdx.x; i < heads.kv * d; i += blockDim.x) {
    size_t out = source * heads.kv + i / d, in = target * heads.kv + i / d;
    keys[(in * page_size + b) * d + i % d] = keys[(out * page_size + a) * d + i % d];
    values[(in * d + i % d) * page_size + b] = values[(out * d + i % d) * page_size + a];
  }
}

#define KERNELS(T, S)                                                                                                  \
  extern "C" __global__ void qk_norm_rope_##S(const T *qkv, const T *q_gain, const T *k_gain, const float *cos,        \
                                              const float *sin, const int *positions, T *out, int queries, int kv,     \
                                              int d, float eps) {                                                      \
    qk_norm_rope(qkv, q_gain, k_gain, cos, sin, positions, out, Heads{queries, kv, d}, eps);                           \
  }                                                                                                                    \
  extern "C" __global__ void qk_norm_rope_backward_##S(const T *drotated, const T *qkv, const T *q_gain,               \
                                                       const T *k_gain, const float *cos, const float *sin,            \
                                                       const int *positions, T *out, int queries, int kv, int d,       \
                                                       float eps) {                                                    \
    qk_norm_rope_backward(drotated, qkv, q_gain, k_gain, cos, sin, positions, out, Heads{queries, kv, d}, eps);        \
  }                                                                                                                    \
  extern "C" __global__ void qk_norm_rope_step_##S(const T *qkv, const T *q_gain, const T *k_gain, const float *cos,   \
                                                   const float *sin, const int *positions, const int *tables,          \
                                                   int table, int page_size, int angles, T *query, T *keys, T *values, \
                                                   int queries, int kv, int d, float eps) {                            \
    qk_norm_rope_step(qkv, q_gain, k_gain, cos, sin, positions, tables, table, page_size, angles, query, keys, values, \
                      Heads{queries, kv, d}, eps);                                                                     \
  }                                                                                                                    \
  extern "C" __global__ void store_cache_##S(const T *rotated, const int *from, const int *to, int page_size, T *keys, \
                                             T *values, int queries, int kv, int d) {                                  \
    store_cache(rotated, from, to, page_size, keys, values, Heads{queries, kv, d});                                    \
  }                                                                                                                    \
  extern "C" __global__ void copy_cache_##S(const int *from, const int *to, int page_size, T *keys, T *values, int kv, \
                                            int d) {                                                                   \
    copy_cache(from, to, page_size, keys, values, Heads{0, kv, d});                                                    \
  }
KERNELS(float, f32)
KERNELS(bf16, bf16)
