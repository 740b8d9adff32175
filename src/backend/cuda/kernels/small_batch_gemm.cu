// Products of a few rows with a weight matrix: out = x w^T in bf16 for up to 32 rows. Time is the weights' way from memory, so
// they never stop coming: a block takes tiles of w in turns, and each warp copies its part of the next tile while it
// looks at this one; the first is under way before the kernel waits for `x`, which stays in registers. A tile has 16 rows of w,
// eight of its first half and the same eight of its second, and the block's warps share the columns. Which column of x is which of
// w's is free to choose, so lanes read 16 bytes in a row, and only what they copied themselves.
#include "common.cuh"

constexpr int WARPS = 8;
constexpr int MOST = 5;              // segments of 64 columns that a warp takes of a tile
constexpr int PACKS = MOST * 4 * 32; // of 16 bytes, in those
constexpr int PITCH = 17;            // of sums in shared memory

// grid (blocks, splits of k), k / 64 <= splits x WARPS x MOST. Shared: WARPS x PACKS, and two times WARPS x TILES x 8 x PITCH
// numbers. `write(row, column of the half, first half's value, second half's)`
template <int TILES, class Write>
__device__ void small_batch_gemm(const bf16 *x, const bf16 *w, int rows, int n, int k, Write write) {
  extern __shared__ uint4 shared[];
  float *sums = reinterpret_cast<float *>(shared + WARPS * PACKS);
  before_next();
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, r = lane / 4, c = lane % 4;
  int slices = WARPS * gridDim.y, slice = blockIdx.y * WARPS + warp, segments = k / 64;
  int from = segments * slice / slices, count = segments * (slice + 1) / slices - from, tiles = n / 16;
  uint4 *mine = shared + warp * PACKS + lane;
  auto fetch = [&](int tile, int s) {
    if (tile < tiles && s < count) {
      const bf16 *first = w + (size_t)(tile * 8 + r) * k + (from + s) * 64 + 8 * c, *second = first + (size_t)(n / 2) * k;
      copy_start(mine + s * 128, first), copy_start(mine + s * 128 + 32, first + 32);
      copy_start(mine + s * 128 + 64, second), copy_start(mine + s * 128 + 96, second + 32);
    }
    copies_end();
  };
#pragma unroll
  for (int s = 0; s < MOST; s++) fetch(blockIdx.x, s);
  after_previous();
  uint4 v[2 * MOST][TILES];
#pragma unroll
  for (int s = 0; s < 2 * MOST; s++)
#pragma unroll
    for (int t = 0; t < TILES; t++) {
      v[s][t] = make_uint4(0, 0, 0, 0);
      if (8 * t + r < rows && s / 2 < count)
        v[s][t] = *reinterpret_cast<const uint4 *>(x + (size_t)(8 * t + r) * k + (2 * from + s) * 32 + 8 * c);
    }
  for (int tile = blockIdx.x, turn = 0; tile < tiles; tile += gridDim.x, turn ^= 1) {
    float sum[TILES][4] = {};
#pragma unroll
    for (int s = 0; s < MOST; s++) {
      copies_wait<MOST - 1>();
      if (s < count) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
          uint4 a = mine[s * 128 + half * 32], b = mine[s * 128 + half * 32 + 64];
          uint32_t low[4] = {a.x, b.x, a.y, b.y}, high[4] = {a.z, b.z, a.w, b.w};
#pragma unroll
          for (int t = 0; t < TILES; t++) {
            mma(sum[t], low, v[2 * s + half][t].x, v[2 * s + half][t].y);
            mma(sum[t], high, v[2 * s + half][t].z, v[2 * s + half][t].w);
          }
        }
      }
      fetch(tile + gridDim.x, s);
    }
    // Two places in turns: slower warps may still read what the last tile left.
    float *found = sums + turn * WARPS * TILES * 8 * PITCH;
#pragma unroll
    for (int t = 0; t < TILES; t++)
#pragma unroll
      for (int i = 0; i < 4; i++)
        found[(warp * TILES * 8 + 8 * t + 2 * c + i % 2) * PITCH + r + i / 2 * 8] = sum[t][i];
    __syncthreads();
    int row = threadIdx.x / 8, col = threadIdx.x % 8;
    if (row >= rows) continue;
    float one = 0, two = 0;
#pragma unroll
    for (int j = 0; j < WARPS; j++) {
      const float *at = found + (j * TILES * 8 + row) * PITCH + col;
      one += at[0], two += at[8];
    }
    write(row, tile * 8 + col, one, two);
  }
}

#define SKINNY(TILES)                                                                                                  \
  extern "C" __global__ void __launch_bounds__(WARPS * 32)                                                             \
  small_batch_gemm_bf16_##TILES(const bf16 *x, const bf16 *w, bf16 *out, int rows, int n, int k) {                     \
    small_batch_gemm<TILES>(x, w, rows, n, k, [&](int row, int col, float one, float two) {                            \
      bf16 *to = out + (size_t)row * n + col;                                                                          \
      to[0] = __float2bfloat16_rn(one), to[n / 2] = __float2bfloat16_rn(two);                                          \
    });                                                                                                                \
  }                                                                                                                    \
  /* [splits, rows, n]: what each split of k adds. */                                                                  \
  extern "C" __global__ void __launch_bounds__(WARPS * 32)                                                             \
  small_batch_gemm_f32_##TILES(const bf16 *x, const bf16 *w, float *out, int rows, int n, int k) {                     \
    small_batch_gemm<TILES>(x, w, rows, n, k, [&](int row, int col, float one, float two) {                            \
      float *to = out + ((size_t)blockIdx.y * rows + row) * n + col;                                                   \
      to[0] = one, to[n / 2] = two;                                                                                    \
    });                                                                                                                \
  }                                                                                                                    \
  /* silu(gate) up [rows, n / 2]. */                                                                                   \
  extern "C" __global__ void __launch_bounds__(WARPS * 32)                                                             \
  small_batch_gemm_swiglu_##TILES(const bf16 *x, const bf16 *w, bf16 *out, int rows, int n, int k) {                   \
    small_batch_gemm<TILES>(x, w, rows, n, k, [&](int row, int col, float one, float two) {                            \
      float gate = to_float(__float2bfloat16_rn(one)), up = to_float(__float2bfloat16_rn(two));                        \
      out[(size_t)row * (n / 2) + col] = __float2bfloat16_rn(silu<bf16>(gate) * up);                                   \
    });                                                                                                                \
  }
SKINNY(1)
SKINNY(2)
SKINNY(4)
