// Causal attention within packed rows on the tensor cores: bf16, heads of D = 128 or 64 dimensions. Forward with a running softmax
// (Dao, 2023); backward in two passes, one for queries, one for keys and values, so that nothing is added in an order that
// changes from run to run. A block owns 128 rows, 16 a warp, and passes over tiles of 64 rows of the other side: the more rows it
// owns, the less often they are read.
//
// Everything lies in [n, width]: queries, then keys, then values, a token's heads side by side.
#include "common.cuh"

constexpr int TILE = 64, WARPS = 8, OWN = 16 * WARPS, THREADS = 32 * WARPS;
template <int D> constexpr int TILE_BYTES = TILE * D * 2;
template <int D> constexpr int OWN_BYTES = OWN * D * 2;
constexpr float LOG2E = 1.4426950408889634f;

template <int D> struct Shape {
  int queries, kv;
  float scale;
  __device__ int width() const { return (queries + 2 * kv) * D; }
  __device__ int key(int head) const { return (queries + head / (queries / kv)) * D; }
  __device__ int value(int head) const { return key(head) + kv * D; }
};

// Tiles lie in shared memory as halves of 64 columns (heads of 64 have one), each as rows of eight chunks of 16 bytes; a row's chunks are permuted by
// the row, so that neither eight rows of a chunk nor eight chunks of a row share a bank. It is what `wgmma` calls 128-byte swizzle.
template <int ROWS> __device__ __forceinline__ uint32_t at(uint32_t tile, int row, int chunk) {
  return tile + chunk / 8 * (ROWS * 128) + row * 128 + ((chunk % 8 ^ row % 8) << 4);
}
__device__ __forceinline__ uint32_t address(const void *shared) { return (uint32_t)__cvta_generic_to_shared(shared); }

// Starts copying rows `first ..` of a matrix with `stride` elements a row; rows from `count` on are zeros. A thread keeps its
// chunk: rows that it copies are a multiple of eight apart, so their permutation is the same.
template <int D, int ROWS = TILE>
__device__ __forceinline__ void fetch(uint32_t tile, const bf16 *from, size_t stride, int first, int count) {
  constexpr int CHUNKS = D / 8, APART = THREADS / CHUNKS;
  int row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
  uint32_t to = at<ROWS>(tile, row, chunk);
  const bf16 *source = from + (size_t)(first + row) * stride + chunk * 8;
#pragma unroll
  for (int k = 0; k < ROWS / APART; k++) {
    bool there = first + row + k * APART < count;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to + k * APART * 128),
                 "l"(there ? source + (size_t)(k * APART) * stride : from), "r"(there ? 16 : 0));
  }
  copies_end();
}

// Columns [16 k, 16 k + 16) of accumulators as the left side of a product.
__device__ __forceinline__ void pack_left(uint32_t (&x)[4], const float (&p)[8][4], int k) {
#pragma unroll
  for (int j = 0; j < 4; j++) x[j] = pack2(p[2 * k + j / 2][j % 2 * 2], p[2 * k + j / 2][j % 2 * 2 + 1]);
}

// A warp has 16 of the block's own rows. Where the tensor cores of Hopper multiply, four warps do so together, while they go on;
// where they do not, each warp does at once.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
constexpr int TOGETHER = 64;
constexpr int BESIDE = 2; // blocks of the forward pass on a multiprocessor

// Everybody's copies have arrived, and everybody is done with what was there.
__device__ __forceinline__ void arrived() {
  copies_wait<0>();
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();
}

// A side of a product in shared memory: blocks of eight rows lie 1,024 bytes apart, the halves of a tile `apart`.
__device__ __forceinline__ uint64_t side(uint32_t where, int apart) {
  return uint64_t((where & 0x3ffff) >> 4) | uint64_t(apart >> 4) << 16 | uint64_t(1024 >> 4) << 32 | 1ull << 62;
}
__device__ __forceinline__ void begin_products() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
// All but the last PENDING products that were ended have been computed; this one's sums may be read.
template <int PENDING, int N> __device__ __forceinline__ void computed(float (&c)[N][4]) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
#pragma unroll
  for (int n = 0; n < N; n++)
#pragma unroll
    for (int j = 0; j < 4; j++) asm volatile("" : "+f"(c[n][j])::"memory");
}
__device__ __forceinline__ void end_product() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

#define FOUR(c, n) "+f"(c[n][0]), "+f"(c[n][1]), "+f"(c[n][2]), "+f"(c[n][3])
#define EIGHT_FOURS(c, n)                                                                                              \
  FOUR(c, n), FOUR(c, n + 1), FOUR(c, n + 2), FOUR(c, n + 3), FOUR(c, n + 4), FOUR(c, n + 5), FOUR(c, n + 6), FOUR(c, n + 7)

// c [64, 64] = rows [row, row + 64) of a times b^T, over all columns
template <int D> __device__ __forceinline__ void product(float (&c)[8][4], uint32_t a, int row, uint32_t b) {
  begin_products();
#pragma unroll
  for (int k = 0; k < D / 16; k++) {
    uint64_t left = side(a + k / 4 * (OWN * 128) + row * 128 + k % 4 * 32, 16);
    uint64_t right = side(b + k / 4 * (TILE * 128) + k % 4 * 32, 16);
    asm volatile("{.reg .pred more; setp.ne.b32 more, %34, 0;"
                 "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
                 "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
                 "%32, %33, more, 1, 1, 0, 0;}"
                 : EIGHT_FOURS(c, 0)
                 : "l"(left), "l"(right), "r"(k));
  }
  end_product();
}
// c [64, N] += x [64, 16], packed, times rows [16 k, 16 k + 16) of the tile b [64, N]
__device__ __forceinline__ void spread(float (&c)[16][4], const uint32_t (&x)[4], uint32_t b, int k) {
  asm volatile("{.reg .pred more; setp.eq.b32 more, 0, 0;"
               "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
               "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
               "{%64, %65, %66, %67}, %68, more, 1, 1, 1;}"
               : EIGHT_FOURS(c, 0), EIGHT_FOURS(c, 8)
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "l"(side(b + k * 16 * 128, TILE * 128)));
}
__device__ __forceinline__ void spread(float (&c)[8][4], const uint32_t (&x)[4], uint32_t b, int k) {
  asm volatile("{.reg .pred more; setp.eq.b32 more, 0, 0;"
               "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
               "{%32, %33, %34, %35}, %36, more, 1, 1, 1;}"
               : EIGHT_FOURS(c, 0)
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "l"(side(b + k * 16 * 128, TILE * 128)));
}
// c [64, D] += p [64, 64], given as accumulators, times the tile b [64, D]
template <int D> __device__ __forceinline__ void spread(float (&c)[D / 8][4], const float (&p)[8][4], uint32_t b) {
#pragma unroll
  for (int k = 0; k < 4; k++) {
    uint32_t x[4];
    pack_left(x, p, k);
    // Once for each, or the compiler lets no product begin before the last one has ended.
    begin_products();
    spread(c, x, b, k);
  }
  end_product();
}
#else
constexpr int TOGETHER = 16, BESIDE = 1;

__device__ __forceinline__ void arrived() {
  copies_wait<0>();
  __syncthreads();
}
template <int PENDING, int N> __device__ __forceinline__ void computed(float (&)[N][4]) {}

__device__ __forceinline__ void load4(uint32_t (&r)[4], uint32_t where) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(where));
}
__device__ __forceinline__ void load4_transposed(uint32_t (&r)[4], uint32_t where) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(where));
}
// Rows [row, row + 16), columns [16 k, 16 k + 16) as the left side of a product.
__device__ __forceinline__ void left(uint32_t (&r)[4], uint32_t tile, int row, int k) {
  int lane = threadIdx.x % 32;
  load4(r, at<OWN>(tile, row + lane % 16, 2 * k + lane / 16));
}
// Rows [row, row + 16), columns [16 k, 16 k + 16) as two right sides [16 columns, 8 rows]: contracted over columns.
__device__ __forceinline__ void right(uint32_t (&r)[4], uint32_t tile, int row, int k) {
  int lane = threadIdx.x % 32;
  load4(r, at<TILE>(tile, row + lane % 8 + (lane / 16) * 8, 2 * k + lane / 8 % 2));
}
// The same block as two right sides [16 rows, 8 columns]: contracted over rows.
__device__ __forceinline__ void right_transposed(uint32_t (&r)[4], uint32_t tile, int row, int k) {
  int lane = threadIdx.x % 32;
  load4_transposed(r, at<TILE>(tile, row + lane % 16, 2 * k + lane / 16));
}

// c [16, 64] = rows [row, row + 16) of a times b^T, over all columns
template <int D> __device__ __forceinline__ void product(float (&c)[8][4], uint32_t a, int row, uint32_t b) {
#pragma unroll
  for (int n = 0; n < 8; n++)
#pragma unroll
    for (int j = 0; j < 4; j++) c[n][j] = 0;
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
// c [16, D] += p [16, 64], given as accumulators, times the tile b [64, D]
template <int D> __device__ __forceinline__ void spread(float (&c)[D / 8][4], const float (&p)[8][4], uint32_t b) {
#pragma unroll
  for (int k = 0; k < 4; k++) {
    uint32_t x[4];
    pack_left(x, p, k);
#pragma unroll
    for (int n = 0; n < D / 16; n++) {
      uint32_t y[4];
      right_transposed(y, b, 16 * k, n);
      mma(c[2 * n], x, y[0], y[1]);
      mma(c[2 * n + 1], x, y[2], y[3]);
    }
  }
}
#endif

// Writes accumulators [16, 8 N] as rows `first ..` of a matrix.
template <int N>
__device__ __forceinline__ void put(bf16 *to, size_t stride, int first, int count, const float (&c)[N][4], float low,
                                    float high) {
  int row = first + threadIdx.x % 32 / 4, col = threadIdx.x % 4 * 2;
#pragma unroll
  for (int n = 0; n < N; n++) {
    if (row < count) *reinterpret_cast<uint32_t *>(to + (size_t)row * stride + n * 8 + col) = pack2(c[n][0] * low, c[n][1] * low);
    if (row + 8 < count) *reinterpret_cast<uint32_t *>(to + (size_t)(row + 8) * stride + n * 8 + col) = pack2(c[n][2] * high, c[n][3] * high);
  }
}

// grid (heads, rows, own tiles of the longest row), the longest work first
template <int D>
__device__ __forceinline__ void
flash(const bf16 *rotated, const int *starts, bf16 *out, float *lse, int queries, int kv, float scale) {
  extern __shared__ __align__(1024) char memory[];
  Shape<D> s{queries, kv, scale};
  int start = starts[blockIdx.y], count = starts[blockIdx.y + 1] - start, head = blockIdx.x;
  int first = ((int)gridDim.z - 1 - (int)blockIdx.z) * OWN;
  if (first >= count) return;
  size_t width = s.width();
  const bf16 *row = rotated + (size_t)start * width;
  uint32_t q = address(memory), k = q + OWN_BYTES<D>, v = k + 2 * TILE_BYTES<D>;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, low = first + warp * 16, mine = low + lane / 4;
  int own = warp * 16 / TOGETHER * TOGETHER, lowest = first + own;
  int steps = (min(first + OWN, count) + TILE - 1) / TILE;

  fetch<D, OWN>(q, row + head * D, width, first, count);
  auto begin = [&](int step) {
    fetch<D>(k + step % 2 * TILE_BYTES<D>, row + s.key(head), width, step * TILE, count);
    fetch<D>(v + step % 2 * TILE_BYTES<D>, row + s.value(head), width, step * TILE, count);
  };
  begin(0);
  float o[D / 8][4] = {};
  Softmax softmax[2];
  const float log2_scale = scale * LOG2E;
  for (int step = 0; step < steps; step++) {
    uint32_t k_now = k + step % 2 * TILE_BYTES<D>, v_now = v + step % 2 * TILE_BYTES<D>;
    arrived();
    if (step + 1 < steps) begin(step + 1);
    if (step * TILE >= lowest + TOGETHER) continue;
    float p[8][4];
    product<D>(p, q, own, k_now);
    computed<0>(p);
    if (step * TILE + TILE - 1 > lowest) {
#pragma unroll
      for (int n = 0; n < 8; n++)
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (step * TILE + n * 8 + lane % 4 * 2 + j % 2 > mine + j / 2 * 8) p[n][j] = -INFINITY;
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float top = softmax[half].most;
#pragma unroll
      for (int n = 0; n < 8; n++) top = fmaxf(top, fmaxf(p[n][2 * half], p[n][2 * half + 1]));
      top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
      top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
      float shrink = softmax[half].rise(top, log2_scale), pages[2] = {};
#pragma unroll
      for (int n = 0; n < 8; n++)
#pragma unroll
        for (int j = 2 * half; j < 2 * half + 2; j++)
          p[n][j] = softmax[half].weight(p[n][j], log2_scale), pages[n / 4] += p[n][j];
      softmax[half].add(shrink, pages[0], pages[1]);
#pragma unroll
      for (int n = 0; n < D / 8; n++) o[n][2 * half] *= shrink, o[n][2 * half + 1] *= shrink;
    }
    spread<D>(o, p, v_now);
    computed<0>(o);
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    softmax[half].join_lanes();
    if (lane % 4 == 0 && mine + 8 * half < count)
      lse[(size_t)(start + mine + 8 * half) * queries + head] = softmax[half].most * scale + logf(softmax[half].sum);
  }
  put(out + (size_t)start * queries * D + head * D, (size_t)queries * D, low, count, o, 1 / softmax[0].sum, 1 / softmax[1].sum);
}

// dO O of a head's row, by the four lanes that have it in accumulators.
template <int D> __device__ __forceinline__ float along_row(const bf16 *dout, const bf16 *out) {
  float sum = 0;
#pragma unroll
  for (int i = threadIdx.x % 4 * 8; i < D; i += 32) {
    Pack<bf16> a = load(dout + i), b = load(out + i);
#pragma unroll
    for (int j = 0; j < 8; j++) sum += a.get(j) * b.get(j);
  }
  sum += __shfl_xor_sync(~0u, sum, 1);
  return sum + __shfl_xor_sync(~0u, sum, 2);
}

// Gradient of the queries: dq = scale sum_j p_j (dO v_j - along) k_j, along = dO O, which is noted for the keys'. grid as forward
template <int D>
__device__ __forceinline__ void
flash_backward_q(const bf16 *dout, const bf16 *out, const float *lse, const bf16 *rotated, const int *starts,
                 bf16 *drotated, float *along, int queries, int kv, float scale) {
  extern __shared__ __align__(1024) char memory[];
  Shape<D> s{queries, kv, scale};
  int start = starts[blockIdx.y], count = starts[blockIdx.y + 1] - start, head = blockIdx.x;
  int first = ((int)gridDim.z - 1 - (int)blockIdx.z) * OWN;
  if (first >= count) return;
  size_t width = s.width();
  const bf16 *row = rotated + (size_t)start * width;
  uint32_t q = address(memory), g = q + OWN_BYTES<D>, k = g + OWN_BYTES<D>, v = k + 2 * TILE_BYTES<D>;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, low = first + warp * 16, mine = low + lane / 4;
  int own = warp * 16 / TOGETHER * TOGETHER, lowest = first + own;
  int steps = (min(first + OWN, count) + TILE - 1) / TILE;

  fetch<D, OWN>(q, row + head * D, width, first, count);
  fetch<D, OWN>(g, dout + (size_t)start * queries * D + head * D, (size_t)queries * D, first, count);
  auto begin = [&](int step) {
    fetch<D>(k + step % 2 * TILE_BYTES<D>, row + s.key(head), width, step * TILE, count);
    fetch<D>(v + step % 2 * TILE_BYTES<D>, row + s.value(head), width, step * TILE, count);
  };
  begin(0);
  float log_sum[2], base[2];
  for (int half = 0; half < 2; half++) {
    size_t i = (size_t)(start + min(mine + 8 * half, count - 1)) * queries + head;
    log_sum[half] = lse[i] * LOG2E, base[half] = along_row<D>(dout + i * D, out + i * D);
    if (lane % 4 == 0 && mine + 8 * half < count) along[i] = base[half];
  }
  float dq[D / 8][4] = {};
  for (int step = 0; step < steps; step++) {
    uint32_t k_now = k + step % 2 * TILE_BYTES<D>, v_now = v + step % 2 * TILE_BYTES<D>;
    arrived();
    if (step + 1 < steps) begin(step + 1);
    if (step * TILE >= lowest + TOGETHER) continue;
    float p[8][4], dp[8][4];
    product<D>(p, q, own, k_now);
    product<D>(dp, g, own, v_now);
    computed<1>(p);
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int j = 0; j < 4; j++) {
        bool seen = step * TILE + n * 8 + lane % 4 * 2 + j % 2 <= mine + j / 2 * 8;
        p[n][j] = seen ? exp2f(p[n][j] * scale * LOG2E - log_sum[j / 2]) : 0;
      }
    computed<0>(dp);
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int j = 0; j < 4; j++) dp[n][j] = p[n][j] * (dp[n][j] - base[j / 2]);
    spread<D>(dq, dp, k_now);
    computed<0>(dq);
  }
  put(drotated + (size_t)start * width + head * D, width, low, count, dq, scale, scale);
}

// Gradients of keys and values, over all queries of the group that look at them. grid (kv, rows, own tiles of the longest row)
template <int D>
__device__ __forceinline__ void
flash_backward_kv(const bf16 *dout, const float *lse, const float *along, const bf16 *rotated, const int *starts,
                  bf16 *drotated, int queries, int kv, float scale) {
  extern __shared__ __align__(1024) char memory[];
  __shared__ float log_sums[2][TILE], bases[2][TILE];
  Shape<D> s{queries, kv, scale};
  int start = starts[blockIdx.y], count = starts[blockIdx.y + 1] - start, first = blockIdx.z * OWN;
  if (first >= count) return;
  int group = queries / kv, head = blockIdx.x * group;
  size_t width = s.width();
  const bf16 *row = rotated + (size_t)start * width;
  uint32_t k = address(memory), v = k + OWN_BYTES<D>, q = v + OWN_BYTES<D>, g = q + 2 * TILE_BYTES<D>;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, low = first + warp * 16, mine = low + lane / 4;
  int own = warp * 16 / TOGETHER * TOGETHER, lowest = first + own;
  int tiles = (count - first + TILE - 1) / TILE, steps = tiles * group;

  // Step i is the query tile from `first + i % tiles * TILE` on, of head `head + i / tiles`.
  auto begin = [&](int i) {
    int from = first + i % tiles * TILE, h = head + i / tiles, slot = i % 2;
    if (threadIdx.x < TILE) {
      size_t j = (size_t)(start + min(from + (int)threadIdx.x, count - 1)) * queries + h;
      // A query behind the row's end must weigh nothing.
      log_sums[slot][threadIdx.x] = from + (int)threadIdx.x < count ? lse[j] * LOG2E : INFINITY;
      bases[slot][threadIdx.x] = along[j];
    }
    fetch<D>(q + slot * TILE_BYTES<D>, row + h * D, width, from, count);
    fetch<D>(g + slot * TILE_BYTES<D>, dout + (size_t)start * queries * D + h * D, (size_t)queries * D, from, count);
  };
  fetch<D, OWN>(k, row + s.key(head), width, first, count);
  fetch<D, OWN>(v, row + s.value(head), width, first, count);
  begin(0);
  float dk[D / 8][4] = {}, dv[D / 8][4] = {};
  for (int step = 0; step < steps; step++) {
    int slot = step % 2, from = first + step % tiles * TILE;
    uint32_t q_now = q + slot * TILE_BYTES<D>, g_now = g + slot * TILE_BYTES<D>;
    arrived();
    if (step + 1 < steps) begin(step + 1);
    if (from + TILE <= lowest) continue;
    float p[8][4], dp[8][4];
    product<D>(p, k, own, q_now);
    product<D>(dp, v, own, g_now);
    computed<1>(p);
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int j = 0; j < 4; j++) {
        int col = n * 8 + lane % 4 * 2 + j % 2;
        p[n][j] = from + col >= mine + j / 2 * 8 ? exp2f(p[n][j] * scale * LOG2E - log_sums[slot][col]) : 0;
      }
    spread<D>(dv, p, g_now);
    computed<1>(dp);
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int j = 0; j < 4; j++) dp[n][j] = p[n][j] * (dp[n][j] - bases[slot][n * 8 + lane % 4 * 2 + j % 2]);
    spread<D>(dk, dp, q_now);
    computed<0>(dv);
    computed<0>(dk);
  }
  bf16 *to = drotated + (size_t)start * width;
  put(to + s.key(head), width, low, count, dk, scale, scale);
  put(to + s.value(head), width, low, count, dv, 1, 1);
}

#define KERNELS(D)                                                                                                     \
  extern "C" __global__ void __launch_bounds__(THREADS, BESIDE)                                                        \
  flash_##D(const bf16 *rotated, const int *starts, bf16 *out, float *lse, int queries, int kv, float scale) {         \
    flash<D>(rotated, starts, out, lse, queries, kv, scale);                                                           \
  }                                                                                                                    \
  extern "C" __global__ void __launch_bounds__(THREADS, 1)                                                             \
  flash_backward_q_##D(const bf16 *dout, const bf16 *out, const float *lse, const bf16 *rotated, const int *starts,    \
                       bf16 *drotated, float *along, int queries, int kv, float scale) {                               \
    flash_backward_q<D>(dout, out, lse, rotated, starts, drotated, along, queries, kv, scale);                         \
  }                                                                                                                    \
  extern "C" __global__ void __launch_bounds__(THREADS, 1)                                                             \
  flash_backward_kv_##D(const bf16 *dout, const float *lse, const float *along, const bf16 *rotated, const int *starts, \
                        bf16 *drotated, int queries, int kv, float scale) {                                            \
    flash_backward_kv<D>(dout, lse, along, rotated, starts, drotated, queries, kv, scale);                             \
  }
KERNELS(128)
KERNELS(64)
