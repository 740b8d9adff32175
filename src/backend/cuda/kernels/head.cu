// Log-probabilities of chosen tokens, the gradient of the logits, and the draw of the next token.
#include "common.cuh"

// A row's softmax is taken in parts, each by PART_THREADS threads, so that the draw can spread a row over blocks; where one block
// takes a whole row, it takes the same parts and finds the same bits.
constexpr int MOST_PARTS = 16, PART_THREADS = 256, PART_WARPS = PART_THREADS / 32, LEAST_QUADS = 512;

// A row of logits as threads read it: four at a time.
struct Logits {
  const float *row;
  int width;
  __device__ int quads() const { return (width + 3) / 4; }
  __device__ int parts() const { return min(MOST_PARTS, (quads() + LEAST_QUADS - 1) / LEAST_QUADS); }
  __device__ int first_quad(int part) const { return (int)((long long)quads() * part / parts()); }
  __device__ int load(int quad, float (&x)[4]) const {
    int count = min(4, width - quad * 4);
    if (width % 4 == 0) *reinterpret_cast<float4 *>(x) = reinterpret_cast<const float4 *>(row)[quad];
    else for (int j = 0; j < count; j++) x[j] = row[quad * 4 + j];
    return count;
  }
};

// The largest logit and the sum of exp(logit - largest).
struct LogSum {
  float most = -INFINITY, sum = 0;
  // Whether one of these is the largest so far.
  __device__ bool take(const float (&x)[4], int count) {
    float top = x[0];
    for (int j = 1; j < count; j++) top = fmaxf(top, x[j]);
    bool more = top > most;
    if (more) sum = __fmul_rn(sum, __expf(most - top)), most = top;
    for (int j = 0; j < count; j++) sum = __fadd_rn(sum, __expf(x[j] - most));
    return more;
  }
  __device__ void merge(const LogSum &other) { join(most, sum, other.most, other.sum); }
  __device__ LogSum shuffled(int step) const {
    LogSum other;
    other.most = __shfl_xor_sync(~0u, most, step), other.sum = __shfl_xor_sync(~0u, sum, step);
    return other;
  }
  __device__ float log_prob(float logit) const { return __fmaf_rn(-0.693147181f, __log2f(sum), __fsub_rn(logit, most)); }
};

// Of a whole row, in every thread of a block of whole parts' threads.
__device__ LogSum softmax_of(const Logits &logits) {
  __shared__ LogSum found[MOST_PARTS][PART_WARPS];
  __shared__ LogSum joined[MOST_PARTS];
  int thread = threadIdx.x % PART_THREADS, parts = logits.parts();
  for (int part = threadIdx.x / PART_THREADS; part < parts; part += blockDim.x / PART_THREADS) {
    LogSum mine;
    for (int quad = logits.first_quad(part) + thread; quad < logits.first_quad(part + 1); quad += PART_THREADS) {
      float x[4];
      mine.take(x, logits.load(quad, x));
    }
    for (int step = 16; step > 0; step >>= 1) mine.merge(mine.shuffled(step));
    if (thread % 32 == 0) found[part][thread / 32] = mine;
  }
  __syncthreads();
  if (threadIdx.x < parts) {
    LogSum part = found[threadIdx.x][0];
    for (int i = 1; i < PART_WARPS; i++) part.merge(found[threadIdx.x][i]);
    joined[threadIdx.x] = part;
  }
  __syncthreads();
  LogSum all = joined[0];
  for (int i = 1; i < parts; i++) all.merge(joined[i]);
  return all;
}

// log softmax(logits)[token]: one block a row.
extern "C" __global__ void token_logprobs(const float *logits, const int *tokens, float *logp, int width) {
  const float *row = logits + (size_t)blockIdx.x * width;
  LogSum all = softmax_of({row, width});
  if (threadIdx.x == 0) logp[blockIdx.x] = all.log_prob(row[tokens[blockIdx.x]]);
}

// The same and dlogits = by (onehot - softmax), by = weight + kl (1 - exp(reference - logp)).
template <class T>
__device__ void token_logprobs_backward(const float *logits, const int *tokens, const float *weight,
                                        const float *reference, float kl, float *logp, T *dlogits, int width) {
  const float *row = logits + (size_t)blockIdx.x * width;
  T *out = dlogits + (size_t)blockIdx.x * width;
  LogSum all = softmax_of({row, width});
  int token = tokens[blockIdx.x];
  float log_sum = all.most + logf(all.sum), found = all.log_prob(row[token]), by = weight[blockIdx.x];
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

// What a part of a row found: its softmax, the best score and its token, and the likeliest token.
struct Found {
  LogSum softmax;
  float score, score_logit;
  int token, likeliest;
};
__device__ Found merged(Found a, const Found &b) {
  if (b.softmax.most > a.softmax.most || (b.softmax.most == a.softmax.most && b.likeliest < a.likeliest)) a.likeliest = b.likeliest;
  a.softmax.merge(b.softmax);
  if (b.score > a.score || (b.score == a.score && b.token < a.token))
    a.score = b.score, a.token = b.token, a.score_logit = b.score_logit;
  return a;
}
__device__ Found shuffled(const Found &x, int step) {
  return {x.softmax.shuffled(step), __shfl_xor_sync(~0u, x.score, step), __shfl_xor_sync(~0u, x.score_logit, step),
          __shfl_xor_sync(~0u, x.token, step), __shfl_xor_sync(~0u, x.likeliest, step)};
}

// The best of logit / temperature + noise over a part of each row: grid (MOST_PARTS, rows), PART_THREADS threads. Logits under the
// row's floor, which top-k and top-p set, are passed over.
extern "C" __global__ void draw_parts(const float *logits, const float *floors, const uint2 *seeds, const int *steps,
                                      float scale, Found *out, int width) {
  __shared__ Found all[PART_WARPS];
  before_next();
  after_previous();
  int row = blockIdx.y, part = blockIdx.x;
  Logits of_row = {logits + (size_t)row * width, width};
  if (part >= of_row.parts()) return;
  float floor = floors ? floors[row] : -INFINITY;
  uint2 key = seeds[row];
  uint32_t step = steps[row];
  Found best = {{}, -INFINITY, 0, 0x7fffffff, 0x7fffffff};
  for (int quad = of_row.first_quad(part) + threadIdx.x; quad < of_row.first_quad(part + 1); quad += PART_THREADS) {
    float v[4];
    int count = of_row.load(quad, v);
    if (best.softmax.take(v, count))
      for (int j = count - 1; j >= 0; j--) if (v[j] == best.softmax.most) best.likeliest = quad * 4 + j;
    float top = v[0];
    for (int j = 1; j < count; j++) top = fmaxf(top, v[j]);
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
  for (int i = 1; i < PART_WARPS; i++) best = merged(best, all[i]);
  out[(size_t)row * MOST_PARTS + part] = best;
}

// Joins the parts, notes each row's token and log-probability, and moves its state on: one thread a row.
extern "C" __global__ void draw_join(const Found *found, int width, int rows, int greedy, int *tokens, int *positions,
                                     int *steps, int2 *drawn) {
  after_previous();
  int row = blockIdx.x * blockDim.x + threadIdx.x, parts = Logits{nullptr, width}.parts();
  if (row >= rows) return;
  Found best = found[(size_t)row * MOST_PARTS];
  for (int i = 1; i < parts; i++) best = merged(best, found[(size_t)row * MOST_PARTS + i]);
  int token = greedy ? best.likeliest : best.token;
  float logit = greedy ? best.softmax.most : best.score_logit;
  drawn[row] = make_int2(token, __float_as_int(best.softmax.log_prob(logit)));
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
  float floor = -INFINITY;
  if (top_k > 0 && top_k < width) floor = unordered(select_key(row, width, top_k, [](float) { return 1ull; }));
  if (top_p < 1) {
    float most = softmax_of({row, width}).most;
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
