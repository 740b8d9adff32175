// Causal attention within packed rows on the tensor cores: bf16, heads of 128 dimensions. Forward with a running softmax
// (Dao, 2023); backward in two passes, one for queries, one for keys and values, so that nothing is added in an order that
// changes from run to run. A block owns 128 rows, 16 a warp, and passes over tiles of 64 rows of the other side: the more rows it
// owns, the less often they are read.
//
// Everything lies in [n, width]: queries, then keys, then values, a token's heads side by side.
#include "common.cuh"

constexpr int D = 128, TILE = 64, WARPS = 8, OWN = 16 * WARPS, THREADS = 32 * WARPS;
constexpr int TILE_BYTES = TILE * D * 2, OWN_BYTES = OWN * D * 2;
constexpr float LOG2E = 1.4426950408889634f;

struct Shape {
  int queries, kv;
  float scale;
  __device__ int width() const { return (queries + 2 * kv) * D; }
  __device__ int key(int head) const { return (queries + head / (queries / kv)) * D; }
  __device__ int value(int head) const { return key(head) + kv * D; }
};

// Tiles lie in shared memory as rows of 16 chunks of 16 bytes; a row's chunks are permuted by the row, so that neither
// eight rows of a chunk nor eight chunks of a row share a bank.
__device__ __forceinline__ uint32_t at(uint32_t tile, int row, int chunk) {
  return tile + row * (D * 2) + ((chunk ^ (row & 7)) << 4);
}
__device__ __forceinline__ uint32_t address(const void *shared) { return (uint32_t)__cvta_generic_to_shared(shared); }

// Starts copying rows `first ..` of a matrix with `stride` elements a row; rows from `count` on are zeros. A thread keeps its
// chunk: rows that it copies are a multiple of eight apart, so their permutation is the same.
template <int ROWS = TILE>
__device__ __forceinline__ void fetch(uint32_t tile, const bf16 *from, size_t stride, int first, int count) {
  constexpr int APART = THREADS / 16;
  int row = threadIdx.x / 16, chunk = threadIdx.x % 16;
  uint32_t to = at(tile, row, chunk);
  const bf16 *source = from + (size_t)(first + row) * stride + chunk * 8;
#pragma unroll
  for (int k = 0; k < ROWS / APART; k++) {
    bool there = first + row + k * APART < count;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to + k * APART * D * 2),
                 "l"(there ? source + (size_t)(k * APART) * stride : from), "r"(there ? 16 : 0));
  }
  asm volatile("cp.async.commit_group;");
}
template <int PENDING> __device__ __forceinline__ void arrived() {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING));
  __syncthreads();
}

__device__ __forceinline__ void load4(uint32_t (&r)[4], uint32_t where) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(where));
}
__device__ __forceinline__ void load4_turned(uint32_t (&r)[4], uint32_t where) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(where));
}
// Rows [row, row + 16), columns [16 k, 16 k + 16) as the left side of a product.
__device__ __forceinline__ void left(uint32_t (&r)[4], uint32_t tile, int row, int k) {
  int lane = threadIdx.x % 32;
  load4(r, at(tile, row + lane % 16, 2 * k + lane / 16));
}
// Rows [row, row + 16), columns [16 k, 16 k + 16) as two right sides [16 columns, 8 rows]: contracted over columns.
__device__ __forceinline__ void right(uint32_t (&r)[4], uint32_t tile, int row, int k) {
  int lane = threadIdx.x % 32;
  load4(r, at(tile, row + lane % 8 + (lane / 16) * 8, 2 * k + lane / 8 % 2));
}
// The same block as two right sides [16 rows, 8 columns]: contracted over rows.
__device__ __forceinline__ void right_turned(uint32_t (&r)[4], uint32_t tile, int row, int k) {
  int lane = threadIdx.x % 32;
  load4_turned(r, at(tile, row + lane % 16, 2 * k + lane / 16));
}

// c [16, 64] += rows [row, row + 16) of a times b^T, over all 128 columns
__device__ __forceinline__ void product(float (&c)[8][4], uint32_t a, int row, uint32_t b) {
#pragma unroll
  for (int k = 0; k < D / 16; k++) {
    uint32_t x[4], y[4];
    left(x, a, row, k);
#pragma unroll
    for (int n = 0; n < 4; n++) {
      right(y, b, 16 * n, k);
      mma(c[2 * n], x, y[0], y[1]);
      mma(c[2 * n + 1], x, y[2], y[3]);
    }
  }
}
// c [16, 128] += p [16, 64], given as accumulators, times the tile b [64, 128]
__device__ __forceinline__ void spread(float (&c)[16][4], const float (&p)[8][4], uint32_t b) {
#pragma unroll
  for (int k = 0; k < 4; k++) {
    uint32_t x[4] = {pack2(p[2 * k][0], p[2 * k][1]), pack2(p[2 * k][2], p[2 * k][3]),
                     pack2(p[2 * k + 1][0], p[2 * k + 1][1]), pack2(p[2 * k + 1][2], p[2 * k + 1][3])};
#pragma unroll
    for (int n = 0; n < 8; n++) {
      uint32_t y[4];
      right_turned(y, b, 16 * k, n);
      mma(c[2 * n], x, y[0], y[1]);
      mma(c[2 * n + 1], x, y[2], y[3]);
    }
  }
}
// Writes accumulators [16, 128] as rows `first ..` of a matrix.
__device__ __forceinline__ void put(bf16 *to, size_t stride, int first, int count, const float (&c)[16][4], float low,
                                    float high) {
  int row = first + threadIdx.x % 32 / 4, col = threadIdx.x % 4 * 2;
#pragma unroll
  for (int n = 0; n < 16; n++) {
    if (row < count) *reinterpret_cast<uint32_t *>(to + (size_t)row * stride + n * 8 + col) = pack2(c[n][0] * low, c[n][1] * low);
    if (row + 8 < count) *reinterpret_cast<uint32_t *>(to + (size_t)(row + 8) * stride + n * 8 + col) = pack2(c[n][2] * high, c[n][3] * high);
  }
}

// grid (own tiles of the longest row, heads, rows), the longest work first
extern "C" __global__ void __launch_bounds__(THREADS, 1)
flash(const bf16 *turned, const int *starts, bf16 *out, float *lse, int queries, int kv, float scale) {
  extern __shared__ __align__(1024) char memory[];
  Shape s{queries, kv, scale};
  int start = starts[blockIdx.z], count = starts[blockIdx.z + 1] - start, head = blockIdx.y;
  int first = ((int)gridDim.x - 1 - (int)blockIdx.x) * OWN;
  if (first >= count) return;
  size_t width = s.width();
  const bf16 *row = turned + (size_t)start * width;
  uint32_t q = address(memory), k = q + OWN_BYTES, v = k + 2 * TILE_BYTES;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, low = first + warp * 16, mine = low + lane / 4;
  int steps = (min(first + OWN, count) + TILE - 1) / TILE;

  fetch<OWN>(q, row + head * D, width, first, count);
  auto begin = [&](int step) {
    fetch(k + step % 2 * TILE_BYTES, row + s.key(head), width, step * TILE, count);
    fetch(v + step % 2 * TILE_BYTES, row + s.value(head), width, step * TILE, count);
  };
  begin(0);
  float o[16][4] = {}, most[2] = {-INFINITY, -INFINITY}, sum[2] = {};
  const float log2_scale = scale * LOG2E;
  uint32_t query[D / 16][4];
  for (int step = 0; step < steps; step++) {
    uint32_t k_now = k + step % 2 * TILE_BYTES, v_now = v + step % 2 * TILE_BYTES;
    // This step's tiles have arrived, and everybody is done with those that the next step's take the place of.
    arrived<0>();
    if (step == 0) {
#pragma unroll
      for (int i = 0; i < D / 16; i++) left(query[i], q, warp * 16, i);
    }
    if (step + 1 < steps) begin(step + 1);
    if (step * TILE > low + 15) continue;
    float p[8][4] = {};
#pragma unroll
    for (int i = 0; i < D / 16; i++) {
      uint32_t y[4];
#pragma unroll
      for (int n = 0; n < 4; n++) {
        right(y, k_now, 16 * n, i);
        mma(p[2 * n], query[i], y[0], y[1]);
        mma(p[2 * n + 1], query[i], y[2], y[3]);
      }
    }
    if (step * TILE + TILE - 1 > low) {
#pragma unroll
      for (int n = 0; n < 8; n++)
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (step * TILE + n * 8 + lane % 4 * 2 + j % 2 > mine + j / 2 * 8) p[n][j] = -INFINITY;
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float top = most[half];
#pragma unroll
      for (int n = 0; n < 8; n++) top = fmaxf(top, fmaxf(p[n][2 * half], p[n][2 * half + 1]));
      top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
      top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
      float shrink = exp2f((most[half] - top) * log2_scale), base = top * log2_scale;
      most[half] = top, sum[half] *= shrink;
#pragma unroll
      for (int n = 0; n < 8; n++)
#pragma unroll
        for (int j = 2 * half; j < 2 * half + 2; j++) p[n][j] = exp2f(p[n][j] * log2_scale - base), sum[half] += p[n][j];
#pragma unroll
      for (int n = 0; n < 16; n++) o[n][2 * half] *= shrink, o[n][2 * half + 1] *= shrink;
    }
    spread(o, p, v_now);
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    sum[half] += __shfl_xor_sync(~0u, sum[half], 1);
    sum[half] += __shfl_xor_sync(~0u, sum[half], 2);
    if (lane % 4 == 0 && mine + 8 * half < count)
      lse[(size_t)(start + mine + 8 * half) * queries + head] = most[half] * scale + logf(sum[half]);
  }
  put(out + (size_t)start * queries * D + head * D, (size_t)queries * D, low, count, o, 1 / sum[0], 1 / sum[1]);
}

// dO O of every token and head: one warp each. grid (n heads / warps)
extern "C" __global__ void flash_along(const bf16 *dout, const bf16 *out, float *along, int count) {
  int i = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (i >= count) return;
  float sum = 0;
  for (int j = lane; j < D / 2; j += 32) {
    float2 a = __bfloat1622float2(reinterpret_cast<const __nv_bfloat162 *>(dout + (size_t)i * D)[j]);
    float2 b = __bfloat1622float2(reinterpret_cast<const __nv_bfloat162 *>(out + (size_t)i * D)[j]);
    sum += a.x * b.x + a.y * b.y;
  }
  sum = warp_sum(sum);
  if (lane == 0) along[i] = sum;
}

// Gradient of the queries: dq = scale sum_j p_j (dO v_j - along) k_j. grid as forward
extern "C" __global__ void __launch_bounds__(THREADS, 1)
flash_back_q(const bf16 *dout, const float *lse, const float *along, const bf16 *turned, const int *starts, bf16 *dturned,
             int queries, int kv, float scale) {
  extern __shared__ __align__(1024) char memory[];
  Shape s{queries, kv, scale};
  int start = starts[blockIdx.z], count = starts[blockIdx.z + 1] - start, head = blockIdx.y;
  int first = ((int)gridDim.x - 1 - (int)blockIdx.x) * OWN;
  if (first >= count) return;
  size_t width = s.width();
  const bf16 *row = turned + (size_t)start * width;
  uint32_t q = address(memory), g = q + OWN_BYTES, k = g + OWN_BYTES, v = k + 2 * TILE_BYTES;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, low = first + warp * 16, mine = low + lane / 4;
  int steps = (min(first + OWN, count) + TILE - 1) / TILE;

  fetch<OWN>(q, row + head * D, width, first, count);
  fetch<OWN>(g, dout + (size_t)start * queries * D + head * D, (size_t)queries * D, first, count);
  auto begin = [&](int step) {
    fetch(k + step % 2 * TILE_BYTES, row + s.key(head), width, step * TILE, count);
    fetch(v + step % 2 * TILE_BYTES, row + s.value(head), width, step * TILE, count);
  };
  begin(0);
  float log_sum[2], base[2];
  for (int half = 0; half < 2; half++) {
    size_t i = (size_t)(start + min(mine + 8 * half, count - 1)) * queries + head;
    log_sum[half] = lse[i] * LOG2E, base[half] = along[i];
  }
  float dq[16][4] = {};
  for (int step = 0; step < steps; step++) {
    uint32_t k_now = k + step % 2 * TILE_BYTES, v_now = v + step % 2 * TILE_BYTES;
    arrived<0>();
    if (step + 1 < steps) begin(step + 1);
    if (step * TILE > low + 15) continue;
    float p[8][4] = {}, dp[8][4] = {};
    product(p, q, warp * 16, k_now);
    product(dp, g, warp * 16, v_now);
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int j = 0; j < 4; j++) {
        bool seen = step * TILE + n * 8 + lane % 4 * 2 + j % 2 <= mine + j / 2 * 8;
        float weight = seen ? exp2f(p[n][j] * scale * LOG2E - log_sum[j / 2]) : 0;
        dp[n][j] = weight * (dp[n][j] - base[j / 2]);
      }
    spread(dq, dp, k_now);
  }
  put(dturned + (size_t)start * width + head * D, width, low, count, dq, scale, scale);
}

// Gradients of keys and values, over all queries of the group that look at them. grid (own tiles of the longest row, kv, rows)
extern "C" __global__ void __launch_bounds__(THREADS, 1)
flash_back_kv(const bf16 *dout, const float *lse, const float *along, const bf16 *turned, const int *starts, bf16 *dturned,
              int queries, int kv, float scale) {
  extern __shared__ __align__(1024) char memory[];
  __shared__ float log_sums[2][TILE], bases[2][TILE];
  Shape s{queries, kv, scale};
  int start = starts[blockIdx.z], count = starts[blockIdx.z + 1] - start, first = blockIdx.x * OWN;
  if (first >= count) return;
  int group = queries / kv, head = blockIdx.y * group;
  size_t width = s.width();
  const bf16 *row = turned + (size_t)start * width;
  uint32_t k = address(memory), v = k + OWN_BYTES, q = v + OWN_BYTES, g = q + 2 * TILE_BYTES;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, low = first + warp * 16, mine = low + lane / 4;
  int tiles = (count - first + TILE - 1) / TILE, steps = tiles * group;

  // Step i is the query tile from `first + i % tiles * TILE` on, of head `head + i / tiles`.
  auto begin = [&](int i) {
    int from = first + i % tiles * TILE, h = head + i / tiles, side = i % 2;
    if (threadIdx.x < TILE) {
      size_t j = (size_t)(start + min(from + (int)threadIdx.x, count - 1)) * queries + h;
      // A query behind the row's end must weigh nothing.
      log_sums[side][threadIdx.x] = from + (int)threadIdx.x < count ? lse[j] * LOG2E : INFINITY;
      bases[side][threadIdx.x] = along[j];
    }
    fetch(q + side * TILE_BYTES, row + h * D, width, from, count);
    fetch(g + side * TILE_BYTES, dout + (size_t)start * queries * D + h * D, (size_t)queries * D, from, count);
  };
  fetch<OWN>(k, row + s.key(head), width, first, count);
  fetch<OWN>(v, row + s.value(head), width, first, count);
  begin(0);
  float dk[16][4] = {}, dv[16][4] = {};
  for (int step = 0; step < steps; step++) {
    int side = step % 2, from = first + step % tiles * TILE;
    uint32_t q_now = q + side * TILE_BYTES, g_now = g + side * TILE_BYTES;
    arrived<0>();
    if (step + 1 < steps) begin(step + 1);
    if (from + TILE - 1 < low) continue;
    float p[8][4] = {}, dp[8][4] = {};
    product(p, k, warp * 16, q_now);
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int j = 0; j < 4; j++) {
        int col = n * 8 + lane % 4 * 2 + j % 2;
        p[n][j] = from + col >= mine + j / 2 * 8 ? exp2f(p[n][j] * scale * LOG2E - log_sums[side][col]) : 0;
      }
    spread(dv, p, g_now);
    product(dp, v, warp * 16, g_now);
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int j = 0; j < 4; j++) dp[n][j] = p[n][j] * (dp[n][j] - bases[side][n * 8 + lane % 4 * 2 + j % 2]);
    spread(dk, dp, q_now);
  }
  bf16 *to = dturned + (size_t)start * width;
  put(to + s.key(head), width, low, count, dk, scale, scale);
  put(to + s.value(head), width, low, count, dv, 1, 1);
}
