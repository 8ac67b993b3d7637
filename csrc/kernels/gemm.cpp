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

// What the tiles of a block have in common.
template <class T>
struct Block {
  static constexpr int W = Vec<T>::width;
  static constexpr int64_t size = sizeof(T);

  const char *a, *b;
  int64_t vectors, a_block, b_row, b_vector;  // bytes from a packed block of A to the next; between rows, vectors of B in place
  int tail;                                   // columns of a last vector that ends early, or 0
  bool a_packed, b_packed;
  RowBlocks rows;
  TileRun<T> run;

  explicit Block(const GemmArgs& g)
      : a(static_cast<const char*>(g.a)),
        b(static_cast<const char*>(g.b)),
        vectors(static_cast<int64_t>((static_cast<uint64_t>(g.N) + W - 1) / W)),
        a_block(kPackedRows * g.K * size),
        b_row(g.b_row * size),
        b_vector((g.b_packed ? g.K : 1) * W * size),
        tail(static_cast<int>(static_cast<uint64_t>(g.N) % W)),
        a_packed(g.a_packed),
        b_packed(g.b_packed),
        rows(g.M) {
    run.a_row = (a_packed ? 1 : g.a_row) * size, run.a_col = (a_packed ? kPackedRows : g.a_col) * size;
    run.b_step = 0;
    run.K = g.K;
  }

  // body(first column, columns, tiles of the height wanted) for each panel of B.
  template <class F>
  void panels(F&& body) {
    for (int64_t v = 0; v < vectors;) {
      const int nv = panel_vectors<kVectors<T>>(vectors - v);
      const bool ragged = v + nv == vectors && tail != 0;
      run.tail = tail;
      run.b = b + v * b_vector;
      run.b_row = b_packed ? nv * W * size : b_row;
      const auto tiles = [=](int height) { return kTiles<T>.of[height - 1][nv - 1][ragged]; };
      body(v * W, ragged ? (nv - 1) * W + tail : nv * W, tiles);
      v += nv;
    }
  }
};

// C of one tile each. Apart from the rest for the sake of products that take no longer than a call.
template <class T>
void multiply_tile(const GemmArgs& g) {
  constexpr int W = Vec<T>::width;
  constexpr int64_t size = sizeof(T);
  const auto N = static_cast<uint64_t>(g.N);
  const auto vectors = (N + W - 1) / W;
  const auto tail = static_cast<int>(N % W);
  const TileRun<T> run = {static_cast<const char*>(g.a),
                          (g.a_packed ? 1 : g.a_row) * size,
                          (g.a_packed ? kPackedRows : g.a_col) * size,
                          static_cast<const char*>(g.b),
                          (g.b_packed ? static_cast<int64_t>(vectors) * W : g.b_row) * size,
                          static_cast<T*>(g.c),
                          g.c_row,
                          g.K,
                          g.count,
                          g.a_step * size,
                          g.b_step * size,
                          g.c_step,
                          *static_cast<const T*>(g.alpha),
                          g.accumulate,
                          tail};
  kTiles<T>.of[g.M - 1][vectors - 1][tail != 0](run);
}

template <class T>
__attribute__((noinline)) void multiply_tiles(const GemmArgs& g) {
  Block<T> block(g);
  TileRun<T>& run = block.run;
  run.alpha = *static_cast<const T*>(g.alpha);
  run.accumulate = g.accumulate;
  run.c_row = g.c_row;
  auto* c = static_cast<T*>(g.c);
  for (int64_t product = 0; product < g.count; ++product) {
    block.panels([&](int64_t column, int, auto tiles) {
      run.a = block.a, run.c = c + column;
      const auto pass = [&](int64_t count, int height) {
        if (count == 0) return;
        run.count = count;
        run.a_step = block.a_packed ? block.a_block : height * run.a_row;
        run.c_step = height * g.c_row;
        tiles(height)(run);
        run.a += count * run.a_step, run.c += count * run.c_step;
      };
      pass(block.rows.taller, block.rows.height + 1);
      pass(block.rows.count - block.rows.taller, block.rows.height);
    });
    block.a += g.a_step * block.size, block.b += g.b_step * block.size, c += g.c_step;
  }
}

// Tiles go through a buffer where C has no unit column stride, or a narrower type Out than the T it is computed in.
template <class T, class Out>
__attribute__((noinline)) void multiply_buffered(const GemmArgs& g) {
  Block<T> block(g);
  TileRun<T>& run = block.run;
  constexpr int64_t pitch = kVectors<T> * block.W;
  T buffer[kTileRows * pitch];
  run.alpha = static_cast<T>(*static_cast<const Out*>(g.alpha));
  run.accumulate = false;
  run.c = buffer, run.c_row = pitch;
  run.count = 1, run.a_step = 0, run.c_step = 0;
  auto* c = static_cast<Out*>(g.c);
  for (int64_t product = 0; product < g.count; ++product) {
    block.panels([&](int64_t column, int columns, auto tiles) {
      for (int64_t i = 0; i < block.rows.count; ++i) {
        const int height = block.rows.rows(i);
        const int64_t row = block.rows.row(i);
        run.a = block.a + (block.a_packed ? i * block.a_block : row * run.a_row);
        tiles(height)(run);
        Out* out_row = c + row * g.c_row + column * g.c_col;
        for (int r = 0; r < height; ++r, out_row += g.c_row)
          for (int j = 0; j < columns; ++j) {
            Out& out = out_row[j * g.c_col];
            const T value = buffer[r * pitch + j];
            out = static_cast<Out>(g.accumulate ? static_cast<T>(out + value) : value);
          }
      }
    });
    block.a += g.a_step * block.size, block.b += g.b_step * block.size, c += g.c_step;
  }
}

template <class T, class Out>
void multiply(const GemmArgs& g) {
  if constexpr (sizeof(T) == sizeof(Out)) {
    if (g.c_col == 1) {
      if (g.M <= kTileRows && g.N <= kVectors<T> * Vec<T>::width) return multiply_tile<T>(g);
      return multiply_tiles<T>(g);
    }
  }
  multiply_buffered<T, Out>(g);
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
    pack_lanes<kPackedRows>(src + blocks.row(block) * row, row, col, blocks.rows(block), K, dst + block * kPackedRows * K,
                            kPackedRows);
}

template <class From, class T>
void pack_b(const void* b, int64_t row, int64_t col, int64_t K, int64_t N, void* packed) {
  constexpr int W = Vec<T>::width;
  const auto* src = static_cast<const From*>(b);
  auto* dst = static_cast<T*>(packed);
  const int64_t vectors = (N + W - 1) / W;
  for (int64_t v = 0; v < vectors;) {
    const int nv = panel_vectors<kVectors<T>>(vectors - v);
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
  return {multiply<T, Out>,
          pack_a<Out, T>,
          pack_b<Out, T>,
          kTileRows,
          kVectors<T> * W,
          W,
          kBlockBytes / sizeof(T),
          kPackedRows,
          sizeof(T),
          sizeof(T) == sizeof(Out),
          kMasked<T>,
          W * (kFloating<T> ? 6.0f : 3.0f)};
}

}  // namespace

// Integers wrap: unsigned arithmetic serves both signs. Bytes are packed as 16 bits, for which there is a multiplication.
extern const GemmKernels kGemm;
const GemmKernels kGemm = {{
    {},                            // bool
    kernel<uint16_t, uint8_t>(),   // uint8
    kernel<uint16_t, uint8_t>(),   // int8
    kernel<uint16_t, uint16_t>(),  // int16
    kernel<uint32_t, uint32_t>(),  // int32
    kernel<uint64_t, uint64_t>(),  // int64
    kernel<uint16_t, uint16_t>(),  // uint16
    kernel<uint32_t, uint32_t>(),  // uint32
    kernel<uint64_t, uint64_t>(),  // uint64
    kernel<float, float>(),        // float32
    kernel<double, double>(),      // float64
}};

}  // namespace wengert::WENGERT_ISA
