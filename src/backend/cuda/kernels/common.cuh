// What every kernel shares: conversions, reductions in a fixed order, the tensor-core instruction.
#pragma once
#include <cstdint>
#include <cuda_bf16.h>

using bf16 = __nv_bfloat16;

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __bfloat162float(x); }
template <class T> __device__ __forceinline__ T from_float(float x);
template <> __device__ __forceinline__ float from_float<float>(float x) { return x; }
template <> __device__ __forceinline__ bf16 from_float<bf16>(float x) { return __float2bfloat16_rn(x); }

// Kernels of a decode step overlap on cards that can (Hopper on): one may start while the one before it ends, and must touch
// nothing that this writes before it has waited. Older cards are given the code without these two (driver.rs).
__device__ __forceinline__ void before_next() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }
__device__ __forceinline__ void after_previous() { asm volatile("griddepcontrol.wait;" ::: "memory"); }

// Starts copying sixteen bytes to shared memory; `copies_end` closes what was started since the last one, and after
// `copies_wait<n>` all but the last n of those have arrived.
__device__ __forceinline__ void copy_start(uint4 *to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((uint32_t)__cvta_generic_to_shared(to)), "l"(from) : "memory");
}
__device__ __forceinline__ void copies_end() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N> __device__ __forceinline__ void copies_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

// Sixteen bytes of T.
template <class T> struct Pack {
  static constexpr int size = 16 / sizeof(T);
  uint4 raw;
  __device__ __forceinline__ float get(int i) const { return to_float(reinterpret_cast<const T *>(&raw)[i]); }
  __device__ __forceinline__ void set(int i, float x) { reinterpret_cast<T *>(&raw)[i] = from_float<T>(x); }
};
template <class T> __device__ __forceinline__ Pack<T> load(const T *from) {
  return {*reinterpret_cast<const uint4 *>(from)};
}
template <class T> __device__ __forceinline__ void store(T *to, const Pack<T> &pack) {
  *reinterpret_cast<uint4 *>(to) = pack.raw;
}

// silu(x), rounded as the reference library rounds it.
template <class T> __device__ __forceinline__ float silu(float x) { return to_float(from_float<T>(x / (1 + __expf(-x)))); }

__device__ __forceinline__ float warp_sum(float x) {
  for (int step = 16; step > 0; step >>= 1) x += __shfl_xor_sync(~0u, x, step);
  return x;
}
__device__ __forceinline__ float warp_max(float x) {
  for (int step = 16; step > 0; step >>= 1) x = fmaxf(x, __shfl_xor_sync(~0u, x, step));
  return x;
}

// The sum over a block of up to 1,024 threads, in every thread. Called by all of them.
__device__ __forceinline__ float block_sum(float x) {
  __shared__ float parts[32];
  x = warp_sum(x);
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (int i = 0; i < (blockDim.x + 31) / 32; i++) sum += parts[i];
  return sum;
}

// Where two kernels must find the same bits, sums and products are rounded by name: the compiler is free to fuse others in one kernel
// and not in the other.

// The larger of two running softmax sums, `(largest, sum of exp(x - largest))`, joined.
__device__ __forceinline__ void join(float &most, float &sum, float other_most, float other_sum) {
  float top = fmaxf(most, other_most);
  if (top == -INFINITY) return;
  sum = __fmaf_rn(sum, __expf(most - top), __fmul_rn(other_sum, __expf(other_most - top)));
  most = top;
}

// The running softmax of one query over tiles of 64 keys, which are two pages of 32: what training and decoding share, to the bit.
struct Softmax {
  float most = -INFINITY, sum = 0;
  // The scores of a tile are at most `top`: by which factor all that was found before shrinks.
  __device__ __forceinline__ float rise(float top, float log2_scale) {
    float shrink = exp2f(__fmul_rn(__fsub_rn(most, top), log2_scale));
    most = top;
    return shrink;
  }
  __device__ __forceinline__ float weight(float score, float log2_scale) const {
    return exp2f(__fmaf_rn(score, log2_scale, -__fmul_rn(most, log2_scale)));
  }
  // Adds the weights of a tile's pages; a lane adds up its own, and all are joined in the end.
  __device__ __forceinline__ void add(float shrink, float first_page, float second_page) {
    sum = __fmaf_rn(sum, shrink, __fadd_rn(first_page, second_page));
  }
  __device__ __forceinline__ void join_lanes() {
    sum += __shfl_xor_sync(~0u, sum, 1);
    sum += __shfl_xor_sync(~0u, sum, 2);
  }
};

// c += a b: [16, 16] times [16, 8] in bf16, accumulated in f32.
__device__ __forceinline__ void mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ __forceinline__ uint32_t pack2(float low, float high) {
  __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<uint32_t *>(&pair);
}

