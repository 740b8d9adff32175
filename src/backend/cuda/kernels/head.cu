// Log-probabilities of chosen tokens, the gradient of the logits, and the draw of the next token.
#include "common.cuh"

// The largest logit of a row and the sum of exp(logit - largest), in every thread.
__device__ void softmax_of(const float *row, int width, float &most, float &sum) {
  __shared__ float mosts[32], sums[32];
  most = -INFINITY, sum = 0;
  for (int i = threadIdx.x * 4; i < width; i += blockDim.x * 4) {
    float x[4];
    int count = min(4, width - i);
    if (width % 4 == 0) *reinterpret_cast<float4 *>(x) = *reinterpret_cast<const float4 *>(row + i);
    else for (int j = 0; j < count; j++) x[j] = row[i + j];
    float top = x[0];
    for (int j = 1; j < count; j++) top = fmaxf(top, x[j]);
    if (top > most) sum *= __expf(most - top), most = top;
    for (int j = 0; j < count; j++) sum += __expf(x[j] - most);
  }
  for (int step = 16; step > 0; step >>= 1)
    join(most, sum, __shfl_xor_sync(~0u, most, step), __shfl_xor_sync(~0u, sum, step));
  __syncthreads();
  if (threadIdx.x % 32 == 0) mosts[threadIdx.x / 32] = most, sums[threadIdx.x / 32] = sum;
  __syncthreads();
  most = -INFINITY, sum = 0;
  for (int i = 0; i < blockDim.x / 32; i++) join(most, sum, mosts[i], sums[i]);
}

// log softmax(logits)[token]: one block a row.
extern "C" __global__ void token_logprobs(const float *logits, const int *tokens, float *logp, int width) {
  float most, sum;
  const float *row = logits + (size_t)blockIdx.x * width;
  softmax_of(row, width, most, sum);
  if (threadIdx.x == 0) logp[blockIdx.x] = row[tokens[blockIdx.x]] - most - logf(sum);
}

// The same and dlogits = by (onehot - softmax), by = weight + kl (1 - exp(reference - logp)).
template <class T>
__device__ void token_logprobs_backward(const float *logits, const int *tokens, const float *weight,
                                        const float *reference, float kl, float *logp, T *dlogits, int width) {
  float most, sum;
  const float *row = logits + (size_t)blockIdx.x * width;
  T *out = dlogits + (size_t)blockIdx.x * width;
  softmax_of(row, width, most, sum);
  int token = tokens[blockIdx.x];
  float log_sum = most + logf(sum), found = row[token] - log_sum, by = weight[blockIdx.x];
  if (kl > 0) by += kl * (1 - expf(reference[blockIdx.x] - found));
  if (threadIdx.x == 0) logp[blockIdx.x] = found;
  for (int i = threadIdx.x * 4; i < width; i += blockDim.x * 4) {
    for (int j = 0; j < min(4, width - i); j++)
      out[i + j] = from_float<T>(by * ((i + j == token ? 1.f : 0.f) - __expf(row[i + j] - log_sum)));
  }
}
extern "C" __global__ void token_logprobs_backward_f32(const float *logits, const int *tokens, const float *weight,
                                                       const float *reference, float kl, float *logp, float *dlogits,
                                                       int width) {
  token_logprobs_backward(logits, tokens, weight, reference, kl, logp, dlogits, width);
}
extern "C" __global__ void token_logprobs_backward_bf16(const float *logits, const int *tokens, const float *weight,
                                                        const float *reference, float kl, float *logp, bf16 *dlogits,
                                                        int width) {
  token_logprobs_backward(logits, tokens, weight, reference, kl, logp, dlogits, width);
}

// Philox4x32-10 (Salmon et al., SC11).
__device__ uint4 philox(uint4 counter, uint2 key) {
  for (int round = 0; round < 10; round++) {
    uint32_t high_a = __umulhi(0xd2511f53u, counter.x), low_a = 0xd2511f53u * counter.x;
    uint32_t high_b = __umulhi(0xcd9e8d57u, counter.z), low_b = 0xcd9e8d57u * counter.z;
    counter = make_uint4(high_b ^ counter.y ^ key.x, low_b, high_a ^ counter.w ^ key.y, low_a);
    key.x += 0x9e3779b9u, key.y += 0xbb67ae85u;
  }
  return counter;
}
__device__ float gumbel(uint32_t word) {
  float u = (float(word) + 0.5f) * 2.3283064365386963e-10f;
  return -logf(-log1pf(-u));
}
constexpr float MOST_NOISE = 22.9f;

// What a part of a row found: softmax sum, the best score and its token, and the likeliest token.
struct Found {
  float most, sum, score, score_logit;
  int token, likeliest;
};
__device__ Found merged(Found a, Found b) {
  if (b.most > a.most || (b.most == a.most && b.likeliest < a.likeliest)) a.likeliest = b.likeliest;
  join(a.most, a.sum, b.most, b.sum);
  if (b.score > a.score || (b.score == a.score && b.token < a.token))
    a.score = b.score, a.token = b.token, a.score_logit = b.score_logit;
  return a;
}
__device__ Found shuffled(const Found &x, int step) {
  return {__shfl_xor_sync(~0u, x.most, step),        __shfl_xor_sync(~0u, x.sum, step),
          __shfl_xor_sync(~0u, x.score, step),       __shfl_xor_sync(~0u, x.score_logit, step),
          __shfl_xor_sync(~0u, x.token, step),       __shfl_xor_sync(~0u, x.likeliest, step)};
}

// The best of logit / temperature + noise over a part of each row: grid (parts, rows). Logits under the row's floor, which
// top-k and top-p set, are passed over.
extern "C" __global__ void draw_parts(const float *logits, const float *floors, const uint2 *seeds, const int *steps,
                                      float scale, Found *out, int width) {
  __shared__ Found all[32];
  before_next();
  after_previous();
  int row = blockIdx.y, parts = gridDim.x, quads = (width + 3) / 4;
  int from = (int)((long long)quads * blockIdx.x / parts), to = (int)((long long)quads * (blockIdx.x + 1) / parts);
  const float *x = logits + (size_t)row * width;
  float floor = floors ? floors[row] : -INFINITY;
  uint2 key = seeds[row];
  uint32_t step = steps[row];
  Found best = {-INFINITY, 0, -INFINITY, 0, 0x7fffffff, 0x7fffffff};
  for (int quad = from + threadIdx.x; quad < to; quad += blockDim.x) {
    int count = min(4, width - quad * 4);
    float v[4];
    if (width % 4 == 0) *reinterpret_cast<float4 *>(v) = reinterpret_cast<const float4 *>(x)[quad];
    else for (int j = 0; j < count; j++) v[j] = x[quad * 4 + j];
    float top = v[0];
    for (int j = 1; j < count; j++) top = fmaxf(top, v[j]);
    if (top > best.most) {
      best.sum *= __expf(best.most - top), best.most = top;
      for (int j = count - 1; j >= 0; j--) if (v[j] == top) best.likeliest = quad * 4 + j;
    }
    for (int j = 0; j < count; j++) best.sum += __expf(v[j] - best.most);
    if (top < floor || top * scale + MOST_NOISE < best.score) continue;
    uint4 words = philox(make_uint4(quad, step, 0, 0), key);
    uint32_t word[4] = {words.x, words.y, words.z, words.w};
    for (int j = 0; j < count; j++) {
      if (v[j] < floor) continue;
      float score = v[j] * scale + gumbel(word[j]);
      if (score > best.score) best.score = score, best.token = quad * 4 + j, best.score_logit = v[j];
    }
  }
  for (int step = 16; step > 0; step >>= 1) best = merged(best, shuffled(best, step));
  if (threadIdx.x % 32 == 0) all[threadIdx.x / 32] = best;
  __syncthreads();
  if (threadIdx.x > 0) return;
  for (int i = 1; i < blockDim.x / 32; i++) best = merged(best, all[i]);
  out[(size_t)row * parts + blockIdx.x] = best;
}

// Joins the parts, notes each row's token and log-probability, and moves its state on: one thread a row.
extern "C" __global__ void draw_join(const Found *found, int parts, int rows, int greedy, int *tokens, int *positions,
                                     int *steps, int2 *drawn) {
  after_previous();
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  Found best = found[(size_t)row * parts];
  for (int i = 1; i < parts; i++) best = merged(best, found[(size_t)row * parts + i]);
  int token = greedy ? best.likeliest : best.token;
  float logit = greedy ? best.most : best.score_logit;
  drawn[row] = make_int2(token, __float_as_int(logit - best.most - logf(best.sum)));
  tokens[row] = token;
  positions[row] += 1;
  steps[row] += 1;
}

// A float's bits, ordered as the floats are, and back.
__device__ uint32_t ordered(float x) {
  uint32_t bits = __float_as_uint(x);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
__device__ float unordered(uint32_t key) {
  return __uint_as_float(key & 0x80000000u ? key ^ 0x80000000u : ~key);
}

// The largest key at which the weights of all keys from there up reach `wanted`, by four digits of eight bits; whole numbers
// add up to the same sum in any order. `weigh(logit)` is a logit's weight. One block a row.
template <class Weigh>
__device__ uint32_t select_key(const float *row, int width, unsigned long long wanted, Weigh weigh) {
  __shared__ unsigned long long bins[256];
  __shared__ unsigned long long left;
  __shared__ uint32_t chosen;
  if (threadIdx.x == 0) left = wanted, chosen = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    for (int i = threadIdx.x; i < 256; i += blockDim.x) bins[i] = 0;
    __syncthreads();
    uint32_t above = chosen;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
      uint32_t key = ordered(row[i]);
      if (shift == 24 || key >> (shift + 8) == above >> (shift + 8)) atomicAdd(&bins[key >> shift & 255], weigh(row[i]));
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      int digit = 255;
      while (digit > 0 && bins[digit] < left) left -= bins[digit--];
      chosen |= (uint32_t)digit << shift;
    }
    __syncthreads();
  }
  return chosen;
}

// The least logit of each row that top-k and then top-p keep.
extern "C" __global__ void draw_floors(const float *logits, float *floors, float scale, int top_k, float top_p, int width) {
  __shared__ unsigned long long total;
  before_next();
  after_previous();
  const float *row = logits + (size_t)blockIdx.x * width;
  float floor = -INFINITY, most, sum;
  if (top_k > 0 && top_k < width) floor = unordered(select_key(row, width, top_k, [](float) { return 1ull; }));
  if (top_p < 1) {
    softmax_of(row, width, most, sum);
    auto weigh = [=](float x) { return x < floor ? 0ull : (unsigned long long)(expf((x - most) * scale) * 1099511627776.f); };
    __syncthreads();
    if (threadIdx.x == 0) total = 0;
    __syncthreads();
    unsigned long long mine = 0;
    for (int i = threadIdx.x; i < width; i += blockDim.x) mine += weigh(row[i]);
    atomicAdd(&total, mine);
    __syncthreads();
    unsigned long long wanted = (unsigned long long)ceil((double)top_p * (double)total);
    floor = fmaxf(floor, unordered(select_key(row, width, wanted > 0 ? wanted : 1, weigh)));
  }
  if (threadIdx.x == 0) floors[blockIdx.x] = floor;
}
