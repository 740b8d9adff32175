// One decode step's attention for heads of 128 dimensions in bf16: one query per head and row against the row's pages of the
// cache. Keys and values go from memory straight into the registers of the tensor cores: which key is which column of a
// product is free to choose, so lanes read 16 bytes in a row and nothing is shuffled. Keys lie as [page][head][place][d],
// values as [page][head][d][place].
#include "common.cuh"

constexpr int D = 128, PAGE = 32, WARPS = 4, SPLIT = 128; // tokens of a block
constexpr int MOST_GROUP = 8;

// What one warp, or one block, found for the queries of a group: outputs not yet divided, and each softmax's parts.
struct Part {
  float out[MOST_GROUP][D], most[MOST_GROUP], sum[MOST_GROUP];
};

// Joins `count` parts in order and hands each query's outputs to `write(query, d, value, most, sum)`.
template <class Write> __device__ void join_parts(const Part *parts, int count, int group, Write write) {
  for (int i = threadIdx.x; i < group * D; i += WARPS * 32) {
    int query = i / D, d = i % D;
    float most = -INFINITY, sum = 0, out = 0;
    for (int j = 0; j < count; j++) most = fmaxf(most, parts[j].most[query]);
    for (int j = 0; j < count; j++) {
      float weight = exp2f(parts[j].most[query] - most);
      sum += parts[j].sum[query] * weight, out += parts[j].out[query][d] * weight;
    }
    write(query, d, out, most, sum);
  }
}

// grid (splits of the longest possible row, kv, rows). `parts` [rows, kv, splits] and `done` [rows, kv], zero between calls.
extern "C" __global__ void __launch_bounds__(WARPS * 32)
flash_step(const bf16 *query, const bf16 *keys, const bf16 *values, const int *positions, const int *tables, int table,
           bf16 *out, Part *parts, int *done, int queries, int kv, float scale) {
  __shared__ Part found[WARPS];
  __shared__ bool last;
  int row = blockIdx.z, position = min(positions[row], table * PAGE - 1), first = blockIdx.x * SPLIT;
  if (first > position) return;
  int group = queries / kv, warp = threadIdx.x / 32, lane = threadIdx.x % 32, n = lane / 4, c = lane % 4;
  const bf16 *head = query + ((size_t)row * queries + blockIdx.y * group) * D;
  uint4 q[4];
#pragma unroll
  for (int s = 0; s < 4; s++)
    q[s] = n < group ? *reinterpret_cast<const uint4 *>(head + n * D + 32 * s + 8 * c) : make_uint4(0, 0, 0, 0);

  float o[16][4] = {}, most = -INFINITY, sum = 0, log2_scale = scale * 1.4426950408889634f;
  int end = min(first + SPLIT, position + 1);
  for (int from = first + warp * PAGE; from < end; from += WARPS * PAGE) {
    size_t page = ((size_t)tables[(size_t)row * table + from / PAGE] * kv + blockIdx.y) * PAGE * D;
    uint4 k[4][4], v[16];
#pragma unroll
    for (int t = 0; t < 4; t++)
#pragma unroll
      for (int s = 0; s < 4; s++)
        k[t][s] = *reinterpret_cast<const uint4 *>(keys + page + (8 * (n / 2) + 2 * t + n % 2) * D + 32 * s + 8 * c);
#pragma unroll
    for (int j = 0; j < 16; j++)
      v[j] = *reinterpret_cast<const uint4 *>(values + page + (8 * j + n) * PAGE + 8 * c);
    float p[4][4] = {};
#pragma unroll
    for (int t = 0; t < 4; t++)
#pragma unroll
      for (int s = 0; s < 4; s++) {
        uint32_t low[4] = {q[s].x, 0, q[s].y, 0}, high[4] = {q[s].z, 0, q[s].w, 0};
        mma(p[t], low, k[t][s].x, k[t][s].y);
        mma(p[t], high, k[t][s].z, k[t][s].w);
      }
    float top = most;
#pragma unroll
    for (int t = 0; t < 4; t++)
#pragma unroll
      for (int j = 0; j < 2; j++) {
        // Column 2 c + j of tile t is key 8 c + 2 t + j of the page.
        p[t][j] = from + 8 * c + 2 * t + j <= position ? p[t][j] * log2_scale : -INFINITY;
        top = fmaxf(top, p[t][j]);
      }
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
    float shrink = exp2f(most - top);
    most = top, sum *= shrink;
#pragma unroll
    for (int t = 0; t < 4; t++)
#pragma unroll
      for (int j = 0; j < 2; j++) p[t][j] = exp2f(p[t][j] - top), sum += p[t][j];
    uint32_t low[4] = {pack2(p[0][0], p[0][1]), 0, pack2(p[1][0], p[1][1]), 0};
    uint32_t high[4] = {pack2(p[2][0], p[2][1]), 0, pack2(p[3][0], p[3][1]), 0};
#pragma unroll
    for (int j = 0; j < 16; j++) {
      o[j][0] *= shrink, o[j][1] *= shrink;
      // Places behind the row weigh nothing: the cache is zero at first and finite ever after.
      mma(o[j], low, v[j].x, v[j].y);
      mma(o[j], high, v[j].z, v[j].w);
    }
  }
  sum += __shfl_xor_sync(~0u, sum, 1);
  sum += __shfl_xor_sync(~0u, sum, 2);
  Part &mine = found[warp];
#pragma unroll
  for (int j = 0; j < 16; j++) mine.out[n][8 * j + 2 * c] = o[j][0], mine.out[n][8 * j + 2 * c + 1] = o[j][1];
  if (c == 0) mine.most[n] = most, mine.sum[n] = sum;
  __syncthreads();

  bf16 *to = out + ((size_t)row * queries + blockIdx.y * group) * D;
  auto finish = [&](int query, int d, float out, float, float sum) { to[query * D + d] = __float2bfloat16_rn(out / sum); };
  int splits = position / SPLIT + 1;
  if (splits == 1) return join_parts(found, WARPS, group, finish);
  Part *all = parts + ((size_t)row * kv + blockIdx.y) * gridDim.x;
  join_parts(found, WARPS, group, [&](int query, int d, float out, float most, float sum) {
    all[blockIdx.x].out[query][d] = out;
    if (d == 0) all[blockIdx.x].most[query] = most, all[blockIdx.x].sum[query] = sum;
  });
  // The block that comes last joins all of them, in their order.
  __threadfence();
  __syncthreads();
  int &counter = done[(size_t)row * kv + blockIdx.y];
  if (threadIdx.x == 0) last = atomicAdd(&counter, 1) == splits - 1;
  __syncthreads();
  if (!last) return;
  __threadfence();
  join_parts(all, splits, group, finish);
  if (threadIdx.x == 0) counter = 0;
}
