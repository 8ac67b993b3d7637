#include "ops/recurrence.h"

#include <cstddef>
#include <cstring>

#include "kernels/dispatch.h"
#include "ops/product.h"

namespace wengert {
namespace {

using std::int64_t;

constexpr int64_t kSharedWeight = 512 << 10;  // bytes of a weight up to which threads share sequences: it stays in L2
constexpr int64_t kPackedRows = 16;           // products of fewer rows cost no more than packing their weight
constexpr double kCellNs = 1.2;               // of a hidden unit, all its gates, about

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

const GemmKernel& kernel_of(DType dtype) { return kernels().gemm->of[index_of(dtype)]; }

}  // namespace

Steps::Steps(int64_t count, int64_t batch, const int64_t* batch_sizes, bool reverse)
    : count_(count), batch_(batch), batch_sizes_(batch_sizes), reverse_(reverse) {
  if (!batch_sizes) return;
  first_.resize(static_cast<std::size_t>(count));
  for (int64_t t = 0, row = 0; t < count; row += batch_sizes[t++]) first_[static_cast<std::size_t>(t)] = row;
}

Sharing::Sharing(DType dtype, const Steps& steps, int64_t gates, int64_t hidden)
    : dtype(dtype), packed(steps.rows() >= kPackedRows) {
  const GemmKernel& kernel = kernel_of(dtype);
  const auto weights = static_cast<double>(gates * hidden) * static_cast<double>(hidden);
  const double row_ns = weights / kernel.rate + kCellNs * static_cast<double>(hidden);
  ns = row_ns * static_cast<double>(steps.rows());
  const bool large = weights * static_cast<double>(itemsize(dtype)) > kSharedWeight;
  if (packed && large && row_ns * static_cast<double>(steps.batch()) > 2 * kParallelNs)
    groups = static_cast<int>(std::min<int64_t>(get_num_threads(), ceil_div(hidden, kernel.vector)));
}

Groups Sharing::cut(int64_t columns) const { return {columns, groups, kernel_of(dtype).vector}; }

StepWeight::StepWeight(const Sharing& sharing, const char* b, int64_t b_row, int64_t b_col, int64_t K, int blocks,
                       int64_t columns)
    : dtype_(sharing.dtype),
      kernel_(kernel_of(sharing.dtype)),
      size_(static_cast<int64_t>(itemsize(sharing.dtype))),
      b_(b),
      b_row_(b_row),
      b_col_(b_col),
      K_(K),
      depth_(ceil_div(K, ceil_div(K, kernel_.depth))),
      blocks_(blocks),
      groups_(sharing.cut(columns)),
      packed_(sharing.packed),
      offsets_(static_cast<std::size_t>(sharing.groups) + 1),
      memory_([&] {
        int64_t bytes = 0;
        for (int group = 0; group <= groups_.count; ++group) {
          offsets_[static_cast<std::size_t>(group)] = bytes;
          if (packed_ && group < groups_.count) each_panel(group, [&](Panel panel) { bytes += panel_bytes(panel.width); });
        }
        return static_cast<std::size_t>(bytes);
      }()) {
  if (!packed_) return;
  parallel_for(groups_.count, 1, groups_.count * 2 * kParallelNs, [&](int64_t begin, int64_t end) {
    for (; begin < end; ++begin) {
      char* to = memory_.data() + offsets_[static_cast<std::size_t>(begin)];
      each_panel(static_cast<int>(begin), [&](Panel panel) {
        for (int64_t k = 0; k < K_; k += depth_) {
          const int64_t depth = std::min(depth_, K_ - k);
          kernel_.pack_b(b_ + (k * b_row_ + panel.begin * b_col_) * size_, b_row_, b_col_, depth, panel.width, to);
          to += panel_bytes(panel.width) / K_ * depth;
        }
      });
    }
  });
}

// The columns of a group, contiguous ones at a time.
template <class F>
void StepWeight::each_panel(int group, F&& f) const {
  if (groups_.count == 1) return f(Panel{0, blocks_ * groups_.columns});
  if (groups_.width(group) == 0) return;
  for (int block = 0; block < blocks_; ++block) f(Panel{block * groups_.columns + groups_.begin(group), groups_.width(group)});
}

int64_t StepWeight::panel_bytes(int64_t width) const {
  return ceil_div(width, kernel_.vector) * kernel_.vector * K_ * kernel_.packed_bytes;
}

void StepWeight::multiply(int group, int64_t M, const char* a, int64_t a_row, char* c, int64_t c_row, bool accumulate) const {
  if (!packed_) return product(dtype_, M, blocks_ * groups_.columns, K_, a, a_row, 1, b_, b_row_, b_col_, c, c_row, accumulate);
  alignas(8) std::byte one[8];
  Scalar::of(1.0).store(dtype_, one);
  const char* packed = memory_.data() + offsets_[static_cast<std::size_t>(group)];
  each_panel(group, [&](Panel panel) {
    for (int64_t k = 0; k < K_; k += depth_) {
      const int64_t depth = std::min(depth_, K_ - k);
      kernel_.multiply({M, panel.width, depth, a + k * size_, a_row, 1, packed, 0, c + panel.begin * size_, c_row, 1, 1, 0, 0,
                        0, one, accumulate || k > 0, false, true});
      packed += panel_bytes(panel.width) / K_ * depth;
    }
  });
}

void product(DType dtype, int64_t M, int64_t N, int64_t K, const char* a, int64_t a_row, int64_t a_col, const char* b,
             int64_t b_row, int64_t b_col, char* c, int64_t c_row, bool accumulate) {
  if (M == 0 || N == 0) return;
  if (K > 0) {
    Product p{dtype, M, N, K, a, a_row, a_col, b, b_row, b_col, c, c_row, 1};
    p.accumulate = accumulate;
    return multiply(p);
  }
  if (accumulate) return;
  for (int64_t i = 0; i < M; ++i)
    std::memset(c + i * c_row * itemsize(dtype), 0, static_cast<std::size_t>(N) * itemsize(dtype));
}

}  // namespace wengert
