// The matrix product over one block: cuts C into register tiles and runs them.
#include "kernels/gemm.h"

#include "kernels/gemm_pack.h"
#include "kernels/gemm_tile.h"

namespace wengert::WENGERT_ISA {
namespace {

// Rows of a packed block of A: the tile's rows up to a power of two, for the transposition.
inline constexpr int kPackedRows = 8;

template <class T>
inline constexpr bool kFloating = T(0.5) != T(0);
template <class T>
inline constexpr int kVectors = kFloating<T> ? kTileVectors : kIntegerTileVectors;
template <class T>
inline constexpr TileTable<T, kTileRows, kVectors<T>> kTiles{};

// Vectors of the next panel of B when `left` are left: nearly equal panels, never a thin last one.
template <class T>
int panel_vectors(int64_t left) {
  constexpr int NV = kVectors<T>;
  if (left <= NV) return static_cast<int>(left);
  return left == NV + 1 ? (NV + 2) / 2 : NV;
}

// M cut into the fewest blocks of at most kTileRows rows, nearly equal: the first `taller` have height + 1 rows.
struct RowBlocks {
  int64_t count, taller;
  int height;

  explicit RowBlocks(int64_t M) : count(1), taller(0), height(static_cast<int>(M)) {
    if (M <= kTileRows) return;
    count = (M + kTileRows - 1) / kTileRows;
    height = static_cast<int>(M / count);
    taller = M - count * height;
  }
  int rows(int64_t block) const { return height + (block < taller); }
  int64_t row(int64_t block) const { return block * height + (block < taller ? block : taller); }  // its first
};

// C of type Out, computed in T. Where C has no unit column stride or a narrower type, tiles go through a buffer.
template <class T, class Out>
void multiply(const GemmArgs& g) {
  constexpr int W = Vec<T>::width;
  constexpr int64_t size = sizeof(T);
  const auto* a = static_cast<const char*>(g.a);
  const auto* b = static_cast<const char*>(g.b);
  auto* c = static_cast<Out*>(g.c);
  const auto N = static_cast<uint64_t>(g.N);
  const auto vectors = static_cast<int64_t>((N + W - 1) / W);
  const bool ragged = N % W != 0;
  const RowBlocks blocks(g.M);

  TileRun<T> run;
  run.a_row = (g.a_packed ? 1 : g.a_row) * size, run.a_col = (g.a_packed ? kPackedRows : g.a_col) * size;
  run.b_step = 0;
  run.K = g.K;
  run.alpha = static_cast<T>(*static_cast<const Out*>(g.alpha));
  const int64_t a_block = kPackedRows * g.K * size;  // of a packed A
  const int64_t b_vector = (g.b_packed ? g.K : 1) * W * size;

  // body(column, vectors, does the last vector end early?) for each panel of B.
  const auto panels = [&](auto&& body) {
    for (int64_t v = 0; v < vectors;) {
      const int nv = panel_vectors<T>(vectors - v);
      const bool tail = v + nv == vectors && ragged;
      run.tail = tail ? static_cast<int>(N % W) : W;
      run.b = b + v * b_vector;
      run.b_row = (g.b_packed ? nv * W : g.b_row) * size;
      body(v * W, nv, tail);
      v += nv;
    }
  };

  if constexpr (sizeof(T) == sizeof(Out)) {
    if (g.c_col == 1) {
      run.c_row = g.c_row;
      run.accumulate = g.accumulate;
      if (blocks.count == 1 && vectors <= kVectors<T>) {  // one tile a product
        run.a = a, run.c = reinterpret_cast<T*>(c);
        run.b = b, run.b_row = (g.b_packed ? vectors * W : g.b_row) * size;
        run.count = g.count, run.a_step = g.a_step * size, run.b_step = g.b_step * size, run.c_step = g.c_step;
        run.tail = static_cast<int>(N % W);
        kTiles<T>.of[blocks.height - 1][vectors - 1][ragged](run);
        return;
      }
      for (int64_t product = 0; product < g.count; ++product) {
        panels([&](int64_t column, int nv, bool tail) {
          run.a = a;
          run.c = reinterpret_cast<T*>(c) + column;
          const auto pass = [&](int64_t count, int height) {
            if (count == 0) return;
            run.count = count;
            run.a_step = g.a_packed ? a_block : height * run.a_row;
            run.c_step = height * g.c_row;
            kTiles<T>.of[height - 1][nv - 1][tail](run);
            run.a += count * run.a_step, run.c += count * run.c_step;
          };
          pass(blocks.taller, blocks.height + 1);
          pass(blocks.count - blocks.taller, blocks.height);
        });
        a += g.a_step * size, b += g.b_step * size, c += g.c_step;
      }
      return;
    }
  }

  T buffer[kTileRows * kVectors<T> * W];
  run.c = buffer, run.c_row = kVectors<T> * W;
  run.accumulate = false;
  run.count = 1, run.a_step = 0, run.c_step = 0;
  for (int64_t product = 0; product < g.count; ++product) {
    panels([&](int64_t column, int nv, bool tail) {
      const int columns = (nv - 1) * W + run.tail;
      for (int64_t block = 0; block < blocks.count; ++block) {
        const int height = blocks.rows(block);
        const int64_t row = blocks.row(block);
        run.a = a + (g.a_packed ? block * a_block : row * run.a_row);
        kTiles<T>.of[height - 1][nv - 1][tail](run);
        for (int i = 0; i < height; ++i)
          for (int j = 0; j < columns; ++j) {
            Out& out = c[(row + i) * g.c_row + (column + j) * g.c_col];
            const T value = buffer[i * run.c_row + j];
            out = static_cast<Out>(g.accumulate ? static_cast<T>(out + value) : value);
          }
      }
    });
    a += g.a_step * size, b += g.b_step * size, c += g.c_step;
  }
}

// A with unit row stride: several blocks at a time, so that whole lines are read at each step of K. Rows past a block's height
// are not used; they hold what comes next in A where there is any.
template <class From, class T>
void pack_a_across(const From* src, int64_t col, int64_t M, int64_t K, T* dst) {
  constexpr int kGroup = 8;
  const RowBlocks blocks(M);
  const int64_t block_size = kPackedRows * K;
  for (int64_t first = 0; first < blocks.count; first += kGroup) {
    const int count = blocks.count - first < kGroup ? static_cast<int>(blocks.count - first) : kGroup;
    for (int64_t k = 0; k < K; ++k) {
      for (int i = 0; i < count; ++i) {
        const int64_t row = blocks.row(first + i);
        const From* p = src + row + k * col;
        T* out = dst + (first + i) * block_size + k * kPackedRows;
        __builtin_prefetch(p + 8 * col);
        if (row + kPackedRows <= M)
          for (int j = 0; j < kPackedRows; ++j) out[j] = p[j];
        else
          for (int j = 0; j < M - row; ++j) out[j] = p[j];
      }
    }
  }
}

template <class From, class T>
void pack_a(const void* a, int64_t row, int64_t col, int64_t M, int64_t K, void* packed) {
  const auto* src = static_cast<const From*>(a);
  auto* dst = static_cast<T*>(packed);
  if (row == 1) return pack_a_across(src, col, M, K, dst);
  const RowBlocks blocks(M);
  for (int64_t block = 0; block < blocks.count; ++block)
    pack_lanes<kPackedRows>(src + blocks.row(block) * row, row, col, blocks.rows(block), K, dst + block * kPackedRows * K, kPackedRows);
}

template <class From, class T>
void pack_b(const void* b, int64_t row, int64_t col, int64_t K, int64_t N, void* packed) {
  constexpr int W = Vec<T>::width;
  const auto* src = static_cast<const From*>(b);
  auto* dst = static_cast<T*>(packed);
  const int64_t vectors = (N + W - 1) / W;
  for (int64_t v = 0; v < vectors;) {
    const int nv = panel_vectors<T>(vectors - v);
    const int64_t width = nv * W;
    const From* panel = src + v * W * col;
    if (col == 1 && (v + nv) * W <= N) {
      for (int64_t k = 0; k < K; ++k) {
        for (int64_t j = 0; j < width; j += W) {
          if constexpr (sizeof(From) == sizeof(T))
            Vec<T>::load(panel + k * row + j).store(dst + k * width + j);
          else
            for (int i = 0; i < W; ++i) dst[k * width + j + i] = panel[k * row + j + i];
        }
      }
    } else {
      for (int j = 0; j < nv; ++j) {
        const int64_t left = N - (v + j) * W;
        pack_lanes<W>(panel + j * W * col, col, row, left < W ? static_cast<int>(left) : W, K, dst + j * W, width);
      }
    }
    dst += width * K;
    v += nv;
  }
}

// Elements of Out, computed in T.
template <class T, class Out>
constexpr GemmKernel kernel() {
  constexpr int W = Vec<T>::width;
  return {multiply<T, Out>, pack_a<Out, T>, pack_b<Out, T>, kTileRows, kVectors<T> * W, W, kBlockBytes / sizeof(T),
          kPackedRows, sizeof(T), sizeof(T) == sizeof(Out), kMasked<T>, W * (kFloating<T> ? 6.0f : 3.0f)};
}

}  // namespace

// Integers wrap: unsigned arithmetic serves both signs. Bytes are packed as 16 bits, for which there is a multiplication.
extern const GemmKernels kGemm;
const GemmKernels kGemm = {{
    {},                             // bool
    kernel<uint16_t, uint8_t>(),    // uint8
    kernel<uint16_t, uint8_t>(),    // int8
    kernel<uint16_t, uint16_t>(),   // int16
    kernel<uint32_t, uint32_t>(),   // int32
    kernel<uint64_t, uint64_t>(),   // int64
    kernel<float, float>(),         // float32
    kernel<double, double>(),       // float64
}};

}  // namespace wengert::WENGERT_ISA
