// Between the host's f32 and the f64 that singular values are solved in, row by row or turned over.
// Subnormal numbers become zero, as everywhere in these kernels.
#include "common.cuh"

constexpr int SIDE = 32;

// [rows, cols] to the same, or to [cols, rows]. grid (columns, rows) of squares, 256 threads
template <class From, class To, bool TURNED> __device__ void convert(const From *from, To *to, int rows, int cols) {
  __shared__ To square[SIDE][SIDE + 1];
  int left = blockIdx.x * SIDE, top = blockIdx.y * SIDE, x = threadIdx.x % SIDE;
  for (int y = threadIdx.x / SIDE; y < SIDE; y += blockDim.x / SIDE) {
    int row = top + y, col = left + x;
    if (row >= rows || col >= cols) continue;
    To value = (To)from[(size_t)row * cols + col];
    if (TURNED) square[y][x] = value;
    else to[(size_t)row * cols + col] = value;
  }
  if (!TURNED) return;
  __syncthreads();
  for (int y = threadIdx.x / SIDE; y < SIDE; y += blockDim.x / SIDE) {
    int row = left + y, col = top + x;
    if (row < cols && col < rows) to[(size_t)row * rows + col] = square[x][y];
  }
}

#define CONVERT(name, From, To)                                                                                              \
  extern "C" __global__ void name(const From *from, To *to, int rows, int cols) { convert<From, To, false>(from, to, rows, cols); } \
  extern "C" __global__ void name##_turned(const From *from, To *to, int rows, int cols) { convert<From, To, true>(from, to, rows, cols); }
CONVERT(widen, float, double)
CONVERT(narrow, double, float)
