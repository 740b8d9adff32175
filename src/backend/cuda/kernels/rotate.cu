// Queries and keys: the family's step, then rotated by their position. Values take the step alone. One warp a head of a token.
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
    x.low[k] = __fmaf_rn(a, c, -__fmul_rn(b, s)), x.high[k] = __fmaf_rn(b, c, __fmul_rn(a, s));
  }
}

template <class T> __device__ float inverse_root(const Pairs<T> &x, int d, float eps) {
  float squares = 0;
  EACH_PAIR(k, i, d) squares = __fadd_rn(squares, __fmaf_rn(x.low[k], x.low[k], __fmul_rn(x.high[k], x.high[k])));
  return rsqrtf(warp_sum(squares) / d + eps);
}

// The steps (`QkvStep` in ops.rs). `head` counts queries, keys and values; `forward` is for queries and keys, `value` for one
// element of all heads side by side, `backward` turns the gradient behind the step into the one before it.

// A norm of each query and key head, the normalised value rounded before the gain.
template <class T> struct Normed {
  const T *q_gain, *k_gain;
  __device__ void forward(Pairs<T> &x, int head, Heads heads, float eps) const {
    const T *gain = head < heads.queries ? q_gain : k_gain;
    int d = heads.d;
    float inverse = inverse_root(x, d, eps);
    auto one = [&](float value, T gain) {
      return to_float(from_float<T>(to_float(from_float<T>(value * inverse)) * to_float(gain)));
    };
    EACH_PAIR(k, i, d) x.low[k] = one(x.low[k], gain[i]), x.high[k] = one(x.high[k], gain[i + d / 2]);
  }
  __device__ T value(T x, int) const { return x; }
  __device__ void backward(Pairs<T> &dy, const T *qkv, int head, Heads heads, float eps) const {
    const T *gain = head < heads.queries ? q_gain : k_gain;
    int d = heads.d;
    Pairs<T> x(qkv, d);
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
};

// A bias of every element, rounded as the product with it would be.
template <class T> struct Biased {
  const T *bias;
  __device__ T value(T x, int at) const { return from_float<T>(to_float(x) + to_float(bias[at])); }
  __device__ void forward(Pairs<T> &x, int head, Heads heads, float) const {
    int d = heads.d;
    auto one = [&](float x, int i) { return to_float(value(from_float<T>(x), head * d + i)); };
    EACH_PAIR(k, i, d) x.low[k] = one(x.low[k], i), x.high[k] = one(x.high[k], i + d / 2);
  }
  __device__ void backward(Pairs<T> &, const T *, int, Heads, float) const {}
};

template <class T> struct Plain {
  __device__ void forward(Pairs<T> &, int, Heads, float) const {}
  __device__ T value(T x, int) const { return x; }
  __device__ void backward(Pairs<T> &, const T *, int, Heads, float) const {}
};

template <class T, class Step>
__device__ Pairs<T> rotated(const T *x, int head, const float *cos, const float *sin, int position, Heads heads, float eps,
                            Step step) {
  Pairs<T> out(x, heads.d);
  step.forward(out, head, heads, eps);
  rotate(out, cos, sin, position, heads.d, 1);
  return out;
}

// grid (tokens, heads / warps a block)
template <class T, class Step>
__device__ void rotate(const T *qkv, const float *cos, const float *sin, const int *positions, T *out, Heads heads, float eps,
                       Step step) {
  int token = blockIdx.x, head = blockIdx.y * (blockDim.x / 32) + threadIdx.x / 32, d = heads.d;
  int all = heads.queries + 2 * heads.kv;
  if (head >= all) return;
  size_t at = ((size_t)token * all + head) * d;
  if (head >= heads.queries + heads.kv) {
    for (int i = threadIdx.x % 32; i < d; i += 32) out[at + i] = step.value(qkv[at + i], head * d + i);
  } else {
    rotated(qkv + at, head, cos, sin, positions[token], heads, eps, step).write(out + at, d);
  }
}

template <class T, class Step>
__device__ void rotate_backward(const T *drotated, const T *qkv, const float *cos, const float *sin, const int *positions,
                                T *out, Heads heads, float eps, Step step) {
  int token = blockIdx.x, head = blockIdx.y * (blockDim.x / 32) + threadIdx.x / 32, d = heads.d;
  int all = heads.queries + 2 * heads.kv;
  if (head >= all) return;
  size_t at = ((size_t)token * all + head) * d;
  Pairs<T> dy(drotated + at, d);
  if (head < heads.queries + heads.kv) {
    rotate(dy, cos, sin, positions[token], d, -1);
    step.backward(dy, qkv + at, head, heads, eps);
  }
  dy.write(out + at, d);
}

// One decode step of each row: the query rotated, key and value to their place in the cache. A row without a page there, or
// past its table, writes into page 0; what it draws there is thrown away. Keys lie as [page][head][place][d], values as [page][head][d][place].
template <class T, class Step>
__device__ void rotate_step(const T *qkv, const float *cos, const float *sin, const int *positions, const int *tables, int table,
                            int page_size, int angles, T *query, T *keys, T *values, Heads heads, float eps, Step step) {
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
    T *to = query + ((size_t)row * heads.queries + head) * d;
    rotated(qkv + at, head, cos, sin, position, heads, eps, step).write(to, d);
  } else if (head < heads.queries + heads.kv) {
    size_t to = ((page * heads.kv + head - heads.queries) * page_size + place) * d;
    rotated(qkv + at, head, cos, sin, position, heads, eps, step).write(keys + to, d);
  } else {
    T *to = values + (page * heads.kv + head - heads.queries - heads.kv) * page_size * d + place;
    for (int i = threadIdx.x % 32; i < d; i += 32) to[(size_t)i * page_size] = step.value(qkv[at + i], head * d + i);
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

// A step's own parameters come behind the product, their names in the end.
#define ROTATIONS(T, S, NAME, STEP, PARAMETERS, ...)                                                                   \
  extern "C" __global__ void rotate_##NAME##_##S(const T *qkv, PARAMETERS const float *cos, const float *sin,          \
                                                 const int *positions, T *out, int queries, int kv, int d, float eps) { \
    rotate(qkv, cos, sin, positions, out, Heads{queries, kv, d}, eps, STEP<T>{__VA_ARGS__});                           \
  }                                                                                                                    \
  extern "C" __global__ void rotate_backward_##NAME##_##S(const T *drotated, const T *qkv, PARAMETERS const float *cos, \
                                                          const float *sin, const int *positions, T *out, int queries, \
                                                          int kv, int d, float eps) {                                  \
    rotate_backward(drotated, qkv, cos, sin, positions, out, Heads{queries, kv, d}, eps, STEP<T>{__VA_ARGS__});        \
  }                                                                                                                    \
  extern "C" __global__ void rotate_step_##NAME##_##S(                                                                 \
      const T *qkv, PARAMETERS const float *cos, const float *sin, const int *positions, const int *tables, int table, \
      int page_size, int angles, T *query, T *keys, T *values, int queries, int kv, int d, float eps) {                \
    rotate_step(qkv, cos, sin, positions, tables, table, page_size, angles, query, keys, values,                       \
                Heads{queries, kv, d}, eps, STEP<T>{__VA_ARGS__});                                                     \
  }
#define GAINS(T) const T *q_gain, const T *k_gain,
#define BIAS(T) const T *bias,
#define NONE

#define KERNELS(T, S)                                                                                                  \
  ROTATIONS(T, S, normed, Normed, GAINS(T), q_gain, k_gain)                                                            \
  ROTATIONS(T, S, biased, Biased, BIAS(T), bias)                                                                       \
  ROTATIONS(T, S, plain, Plain, NONE)                                                                                  \
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
