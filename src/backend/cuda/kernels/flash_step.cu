// One decode step's attention for heads of D = 128 or 64 dimensions in bf16: one query per head and row against the row's pages of the
// cache. A row's pages are cut into pieces, and the device's warps take the pieces of all rows and heads in turns, each copying
// its next pages while it looks at one: memory never waits for arithmetic. Which key is which column of a product is free to
// choose, so lanes read 16 bytes in a row and nothing is shuffled. Keys lie as [page][head][place][d], values as
// [page][head][d][place].
#include "common.cuh"

constexpr int PAGE = 32, WARPS = 4, MOST_GROUP = 8;
constexpr int AHEAD = 2; // pages on their way to a warp
// Of 16 bytes, in a page's keys and in its values.
template <int D> constexpr int PACKS = PAGE * D / 8;
template <int D> constexpr int STAGE = 2 * PACKS<D>;

// What one piece found for the queries of a group: outputs not yet divided, and each softmax's parts.
template <int D> struct Part {
  float out[MOST_GROUP][D], most[MOST_GROUP], sum[MOST_GROUP];
};

// One piece: pages [page, end) of the row's, for one head.
struct Piece {
  int id, row, head, index, page, end;
};

// The pieces of all rows: `starts[row]` pieces a head come before a row's.
struct Pieces {
  const int *starts, *positions;
  int rows, kv, pages;
  __device__ int of(int row) const { return positions[row] / PAGE / pages + 1; }
  // A warp's work. Past the last piece the row is `rows`.
  __device__ Piece at(int id) const {
    int row = -1;
    for (int base = 0; base < rows; base += 32) {
      int i = base + threadIdx.x % 32;
      row += __popc(__ballot_sync(~0u, i < rows && starts[i] * kv <= id));
    }
    int within = id - starts[row] * kv, index = within / kv;
    if (index >= of(row)) return {id, rows, 0, 0, 0, 0};
    return {id, row, within % kv, index, index * pages, min((index + 1) * pages, positions[row] / PAGE + 1)};
  }
};

// One block a multiprocessor. `pages` of a piece; `most` pieces of the longest possible row; `parts` [rows, kv, most]. Shared:
// WARPS x AHEAD stages, and 2 `rows` numbers.
template <int D>
__device__ __forceinline__ void
flash_step(const bf16 *query, const bf16 *keys, const bf16 *values, const int *row_positions, const int *tables, int table,
           Part<D> *parts, int rows, int queries, int kv, int pages, int most, float scale) {
  extern __shared__ uint4 shared[];
  before_next();
  int group = queries / kv, warp = threadIdx.x / 32, lane = threadIdx.x % 32, n = lane / 4, c = lane % 4;
  uint4 *mine = shared + warp * AHEAD * STAGE<D>;
  int *starts = reinterpret_cast<int *>(shared + WARPS * AHEAD * STAGE<D>), *positions = starts + rows;
  for (int i = threadIdx.x; i < rows; i += blockDim.x) positions[i] = min(row_positions[i], table * PAGE - 1);
  __syncthreads();
  Pieces all = {starts, positions, rows, kv, pages};
  for (int base = 0, before = 0; warp == 0 && base < rows; base += 32) {
    int i = base + lane, count = i < rows ? all.of(i) : 0, upto = count;
    for (int step = 1; step < 32; step *= 2) {
      int other = __shfl_up_sync(~0u, upto, step);
      if (lane >= step) upto += other;
    }
    if (i < rows) starts[i] = before + upto - count;
    before += __shfl_sync(~0u, upto, 31);
  }
  __syncthreads();

  int stride = WARPS * gridDim.x;
  Piece next = all.at(warp * gridDim.x + blockIdx.x), now = next;
  // Copies the next page that this warp will look at; chunks of every second key change places so that banks differ.
  auto fetch = [&](int stage) {
    if (next.row < rows) {
      size_t at = ((size_t)tables[(size_t)next.row * table + next.page] * kv + next.head) * PACKS<D>;
      uint4 *to = mine + stage * STAGE<D>;
      const uint4 *k = reinterpret_cast<const uint4 *>(keys) + at, *v = reinterpret_cast<const uint4 *>(values) + at;
#pragma unroll
      for (int i = 0; i < PACKS<D>; i += 32) copy_start(to + i + (lane ^ lane / (D / 8) % 2 * 4), k + i + lane);
#pragma unroll
      for (int i = 0; i < PACKS<D>; i += 32) copy_start(to + PACKS<D> + i + lane, v + i + lane);
      if (++next.page == next.end) next = all.at(next.id + stride);
    }
    copies_end();
  };
  // All pages but a row's last one are as the steps before left them.
  int early = 0;
  while (early < AHEAD && next.row < rows && next.page < positions[next.row] / PAGE) fetch(early++);
  after_previous();
  while (early < AHEAD) fetch(early++);

  float log2_scale = scale * 1.4426950408889634f;
  uint4 q[D / 32], next_q[D / 32];
  // A piece's queries, read while the piece before it is looked at.
  auto ask = [&](const Piece &piece, uint4 (&q)[D / 32]) {
    const bf16 *head = query + ((size_t)piece.row * queries + piece.head * group + n) * D + 8 * c;
#pragma unroll
    for (int s = 0; s < D / 32; s++)
      q[s] = piece.row < rows && n < group ? *reinterpret_cast<const uint4 *>(head + 32 * s) : make_uint4(0, 0, 0, 0);
  };
  ask(now, next_q);
  for (int stage = 0; now.row < rows;) {
#pragma unroll
    for (int s = 0; s < D / 32; s++) q[s] = next_q[s];
    Piece after = all.at(now.id + stride);
    ask(after, next_q);
    int position = positions[now.row];
    float o[D / 8][4] = {}, largest = -INFINITY, sum = 0;
    for (int page = now.page; page < now.end; page++, stage = (stage + 1) % AHEAD) {
      copies_wait<AHEAD - 1>();
      __syncwarp();
      const uint4 *k = mine + stage * STAGE<D>, *v = k + PACKS<D>;
      float p[4][4] = {};
#pragma unroll
      for (int t = 0; t < 4; t++)
#pragma unroll
        for (int s = 0; s < D / 32; s++) {
          uint4 pack = k[(8 * (n / 2) + 2 * t + n % 2) * (D / 8) + 4 * (s ^ n % 2) + c];
          uint32_t low[4] = {q[s].x, 0, q[s].y, 0}, high[4] = {q[s].z, 0, q[s].w, 0};
          mma(p[t], low, pack.x, pack.y);
          mma(p[t], high, pack.z, pack.w);
        }
      float top = largest;
#pragma unroll
      for (int t = 0; t < 4; t++)
#pragma unroll
        for (int j = 0; j < 2; j++) {
          // Column 2 c + j of tile t is key 8 c + 2 t + j of the page.
          p[t][j] = page * PAGE + 8 * c + 2 * t + j <= position ? p[t][j] * log2_scale : -INFINITY;
          top = fmaxf(top, p[t][j]);
        }
      top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
      top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
      float shrink = exp2f(largest - top);
      largest = top, sum *= shrink;
#pragma unroll
      for (int t = 0; t < 4; t++)
#pragma unroll
        for (int j = 0; j < 2; j++) p[t][j] = exp2f(p[t][j] - top), sum += p[t][j];
      uint32_t low[4] = {pack2(p[0][0], p[0][1]), 0, pack2(p[1][0], p[1][1]), 0};
      uint32_t high[4] = {pack2(p[2][0], p[2][1]), 0, pack2(p[3][0], p[3][1]), 0};
#pragma unroll
      for (int j = 0; j < D / 8; j++) {
        uint4 pack = v[(8 * j + n) * (PAGE / 8) + c];
        o[j][0] *= shrink, o[j][1] *= shrink;
        // Places behind the row weigh nothing: the cache is zero at first and finite ever after.
        mma(o[j], low, pack.x, pack.y);
        mma(o[j], high, pack.z, pack.w);
      }
      __syncwarp();
      fetch(stage);
    }
    sum += __shfl_xor_sync(~0u, sum, 1);
    sum += __shfl_xor_sync(~0u, sum, 2);

    Part<D> &part = parts[((size_t)now.row * kv + now.head) * most + now.index];
#pragma unroll
    for (int j = 0; j < D / 8; j++)
      if (n < group) *reinterpret_cast<float2 *>(&part.out[n][8 * j + 2 * c]) = make_float2(o[j][0], o[j][1]);
    if (n < group && c == 0) part.most[n] = largest, part.sum[n] = sum;
    now = after;
  }
}

// Joins a row's parts, in order: grid (queries, rows), a thread a dimension.
template <int D>
__device__ __forceinline__ void
flash_join(const Part<D> *parts, const int *positions, int table, bf16 *out, int kv, int pages, int most_pieces) {
  before_next();
  after_previous();
  int group = gridDim.x / kv, query = blockIdx.x % group, row = blockIdx.y, d = threadIdx.x;
  parts += ((size_t)row * kv + blockIdx.x / group) * most_pieces;
  int count = min(positions[row] / PAGE, table - 1) / pages + 1;
  float most = -INFINITY, sum = 0, all = 0;
  for (int i = 0; i < count; i++) most = fmaxf(most, parts[i].most[query]);
#pragma unroll 4
  for (int i = 0; i < count; i++) {
    float weight = exp2f(parts[i].most[query] - most);
    sum += parts[i].sum[query] * weight, all += parts[i].out[query][d] * weight;
  }
  out[((size_t)row * gridDim.x + blockIdx.x) * D + d] = __float2bfloat16_rn(all / sum);
}

#define KERNELS(D)                                                                                                     \
  extern "C" __global__ void __launch_bounds__(WARPS * 32)                                                             \
  flash_step_##D(const bf16 *query, const bf16 *keys, const bf16 *values, const int *positions, const int *tables,     \
                 int table, Part<D> *parts, int rows, int queries, int kv, int pages, int most, float scale) {         \
    flash_step<D>(query, keys, values, positions, tables, table, parts, rows, queries, kv, pages, most, scale);        \
  }                                                                                                                    \
  extern "C" __global__ void __launch_bounds__(D)                                                                      \
  flash_join_##D(const Part<D> *parts, const int *positions, int table, bf16 *out, int kv, int pages, int most) {      \
    flash_join<D>(parts, positions, table, out, kv, pages, most);                                                      \
  }
KERNELS(128)
KERNELS(64)
