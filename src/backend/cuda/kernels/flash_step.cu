// One decode step's attention for heads of D = 128 or 64 dimensions in bf16: one query per head and row against the row's pages of the
// cache, to the bits that `flash.cu` finds for the same query. So a row's tiles are passed over in their order, whatever else is
// decoded; a block's four warps share the work in ways that move no sum: each takes the scores of a page of its own, and then the
// outputs of a quarter of the dimensions over all pages, while its next pages are on their way. Keys lie as
// [page][head][place][d], values as [page][head][d][place].
#include "common.cuh"

constexpr int PAGE = 32, WARPS = 4, MOST_GROUP = 8;
constexpr int CHUNK = 8;     // elements of 16 bytes
constexpr int ROOM = CHUNK;  // elements behind each query's weights, so that rows lie in other banks
// Of 16 bytes: a page's keys, or a warp's dimensions of the values of a page for each warp.
template <int D> constexpr int CHUNKS = PAGE * D / CHUNK;
template <int D> constexpr int SLICE = D / WARPS;

__device__ __forceinline__ void load4(uint32_t (&r)[4], const uint4 *from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"((uint32_t)__cvta_generic_to_shared(from)) : "memory");
}
// Nothing, where the cache has nothing: what weighs 0 must be finite.
__device__ __forceinline__ void copy_start_if(bool there, uint4 *to, const uint4 *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"((uint32_t)__cvta_generic_to_shared(to)), "l"(from), "r"(there ? 16 : 0)
               : "memory");
}

// What a warp copies of its row's cache; chunks are permuted so that eight rows of a chunk do not share a bank.
template <int D> struct Fetcher {
  const uint4 *keys, *values;
  const int *pages;
  int last, kv, head, warp, lane;
  uint4 *own;
  __device__ uint4 *key_page() const { return own; }
  __device__ uint4 *value_slices() const { return own + CHUNKS<D>; }
  __device__ static int key_chunk(int key, int chunk) { return key * (D / CHUNK) + (chunk ^ key % 8); }
  __device__ static int value_chunk(int d, int chunk) { return d * (PAGE / CHUNK) + (chunk ^ d / 2 % 4); }
  __device__ size_t at(int page) const { return ((size_t)pages[min(page, last)] * kv + head) * CHUNKS<D>; }
  // Keys of the warp's page of those from `first` on.
  __device__ void start_keys(int first) const {
    const uint4 *from = keys + at(first + warp);
#pragma unroll
    for (int i = lane; i < CHUNKS<D>; i += 32)
      copy_start_if(first + warp <= last, key_page() + key_chunk(i / (D / CHUNK), i % (D / CHUNK)), from + i);
    copies_end();
  }
  // Values of the warp's dimensions, of all these pages.
  __device__ void start_values(int first) const {
    constexpr int OF_PAGE = CHUNKS<D> / WARPS;
#pragma unroll
    for (int page = 0; page < WARPS; page++) {
      const uint4 *from = values + at(first + page) + warp * OF_PAGE;
#pragma unroll
      for (int i = lane; i < OF_PAGE; i += 32)
        copy_start_if(first + page <= last, value_slices() + page * OF_PAGE + value_chunk(i / (PAGE / CHUNK), i % (PAGE / CHUNK)), from + i);
    }
    copies_end();
  }
};

// The scores of a page's keys: q [16, D], of which eight rows are queries, times keys^T.
template <int D> __device__ __forceinline__ void score(float (&p)[PAGE / 8][4], const uint32_t (&q)[D / 16][2], const uint4 *keys, int lane) {
#pragma unroll
  for (int t = 0; t < PAGE / 8; t++)
#pragma unroll
    for (int s = 0; s < D / 16; s += 2) {
      uint32_t k[4], low[4] = {q[s][0], 0, q[s][1], 0}, high[4] = {q[s + 1][0], 0, q[s + 1][1], 0};
      load4(k, keys + Fetcher<D>::key_chunk(8 * t + lane % 8, 2 * s + lane / 8));
      mma(p[t], low, k[0], k[1]);
      mma(p[t], high, k[2], k[3]);
    }
}

// grid (kv, rows). Shared: WARPS x 2 CHUNKS.
template <int D>
__device__ __forceinline__ void flash_step(const bf16 *query, const bf16 *keys, const bf16 *values, const int *positions,
                                           const int *tables, int table, bf16 *out, int queries, float scale) {
  extern __shared__ uint4 shared[];
  __shared__ __align__(16) bf16 weights[MOST_GROUP][WARPS * PAGE + ROOM];
  __shared__ float tops[WARPS][MOST_GROUP], sums[WARPS][32];
  before_next();
  int kv = gridDim.x, head = blockIdx.x, row = blockIdx.y, group = queries / kv;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, n = lane / 4, c = lane % 4;
  int position = min(positions[row], table * PAGE - 1), last = position / PAGE;
  Fetcher<D> cache = {reinterpret_cast<const uint4 *>(keys), reinterpret_cast<const uint4 *>(values),
                      tables + (size_t)row * table, last, kv, head, warp, lane, shared + warp * 2 * CHUNKS<D>};
  // All pages but the row's last one are as the steps before left them.
  bool early = last >= WARPS;
  if (early) cache.start_keys(0), cache.start_values(0);
  after_previous();
  if (!early) cache.start_keys(0), cache.start_values(0);

  uint32_t q[D / 16][2];
  const bf16 *mine = query + ((size_t)row * queries + head * group + n) * D + 2 * c;
#pragma unroll
  for (int s = 0; s < D / 16; s++)
#pragma unroll
    for (int half = 0; half < 2; half++)
      q[s][half] = n < group ? *reinterpret_cast<const uint32_t *>(mine + 16 * s + 8 * half) : 0;

  float log2_scale = scale * 1.4426950408889634f, o[SLICE<D> / 8][4] = {};
  Softmax softmax;
  for (int first = 0; first <= last; first += WARPS) {
    copies_wait<1>();
    __syncwarp();
    float p[PAGE / 8][4] = {}, top = -INFINITY;
    score<D>(p, q, cache.key_page(), lane);
    __syncwarp();
    cache.start_keys(first + WARPS);
#pragma unroll
    for (int t = 0; t < PAGE / 8; t++)
#pragma unroll
      for (int j = 0; j < 2; j++) {
        if ((first + warp) * PAGE + 8 * t + 2 * c + j > position) p[t][j] = -INFINITY;
        top = fmaxf(top, p[t][j]);
      }
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
    if (c == 0) tops[warp][n] = top;
    __syncthreads();

    // A tile is two pages. One behind the row weighs nothing and moves nothing.
    float shrink[WARPS / 2];
#pragma unroll
    for (int tile = 0; tile < WARPS / 2; tile++) {
      shrink[tile] = softmax.rise(fmaxf(softmax.most, fmaxf(tops[2 * tile][n], tops[2 * tile + 1][n])), log2_scale);
      if (tile != warp / 2) continue;
      float page = 0;
#pragma unroll
      for (int t = 0; t < PAGE / 8; t++) {
#pragma unroll
        for (int j = 0; j < 2; j++) p[t][j] = softmax.weight(p[t][j], log2_scale), page += p[t][j];
        *reinterpret_cast<uint32_t *>(&weights[n][warp * PAGE + 8 * t + 2 * c]) = pack2(p[t][0], p[t][1]);
      }
      sums[warp][lane] = page;
    }
    __syncthreads();

    copies_wait<1>();
    __syncwarp();
#pragma unroll
    for (int page = 0; page < WARPS; page++) {
      if (page % 2 == 0) {
        softmax.add(shrink[page / 2], sums[page][lane], sums[page + 1][lane]);
#pragma unroll
        for (int j = 0; j < SLICE<D> / 8; j++) o[j][0] *= shrink[page / 2], o[j][1] *= shrink[page / 2];
      }
      uint32_t w[4];
#pragma unroll
      for (int i = 0; i < 4; i++) w[i] = *reinterpret_cast<const uint32_t *>(&weights[n][page * PAGE + 8 * i + 2 * c]);
      uint32_t low[4] = {w[0], 0, w[1], 0}, high[4] = {w[2], 0, w[3], 0};
#pragma unroll
      for (int j = 0; j < SLICE<D> / 8; j++) {
        uint32_t v[4];
        load4(v, cache.value_slices() + page * CHUNKS<D> / WARPS + Fetcher<D>::value_chunk(8 * j + lane % 8, lane / 8));
        mma(o[j], low, v[0], v[1]);
        mma(o[j], high, v[2], v[3]);
      }
    }
    __syncwarp();
    cache.start_values(first + WARPS);
  }
  softmax.join_lanes();
  float by = 1 / softmax.sum;
  bf16 *to = out + ((size_t)row * queries + head * group + n) * D + warp * SLICE<D> + 2 * c;
#pragma unroll
  for (int j = 0; j < SLICE<D> / 8; j++)
    if (n < group) *reinterpret_cast<uint32_t *>(to + 8 * j) = pack2(o[j][0] * by, o[j][1] * by);
}

#define KERNELS(D)                                                                                                     \
  extern "C" __global__ void __launch_bounds__(WARPS * 32)                                                             \
  flash_step_##D(const bf16 *query, const bf16 *keys, const bf16 *values, const int *positions, const int *tables,     \
                 int table, bf16 *out, int queries, float scale) {                                                     \
    flash_step<D>(query, keys, values, positions, tables, table, out, queries, scale);                                 \
  }
KERNELS(128)
KERNELS(64)
