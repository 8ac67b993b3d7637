#include "ops/strided.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace wengert {
namespace {

// The step of `tensor` along dimension `dim` of a shape of `ndim` dimensions that it is broadcast to; 0 where it repeats.
std::int64_t broadcast_stride(const Tensor& tensor, int dim, const Dims& sizes) {
  const int own = dim - (sizes.size() - tensor.dim());
  if (own < 0 || (tensor.size(own) == 1 && sizes[dim] != 1)) return 0;
  return tensor.stride(own);
}

// Positive: dimension a belongs outside b. Negative: inside. 0: undecided. As PyTorch's TensorIterator decides, with the
// magnitudes of strides.
int compare_dims(const Dims& sizes, const Tensor* const* tensors, int count, int a, int b) {
  for (int k = 0; k < count; ++k) {
    if (!tensors[k]) continue;
    const std::int64_t sa = std::abs(broadcast_stride(*tensors[k], a, sizes)) * tensors[k]->itemsize();
    const std::int64_t sb = std::abs(broadcast_stride(*tensors[k], b, sizes)) * tensors[k]->itemsize();
    if (sa == 0 || sb == 0) continue;
    if (sa != sb) return sa < sb ? -1 : 1;
    if (sizes[a] > sizes[b]) return 1;
  }
  return 0;
}

}  // namespace

void Walk::order(const Dims& sizes, const Tensor* const* tensors, int count, int* order) {
  const int n = sizes.size();
  for (int i = 0; i < n; ++i) order[i] = n - 1 - i;
  for (int i = 1; i < n; ++i) {
    for (int moving = i, other = i - 1; other >= 0; --other) {
      const int comparison = compare_dims(sizes, tensors, count, order[other], order[moving]);
      if (comparison < 0) break;
      if (comparison > 0) {
        std::swap(order[other], order[moving]);
        moving = other;
      }
    }
  }
}

Dims Walk::result_strides(const Dims& sizes, const int* order) {
  bool usual = true;
  for (int i = 0; i < sizes.size(); ++i) usual = usual && order[i] == sizes.size() - 1 - i;
  if (usual) return contiguous_strides(sizes);
  Dims strides(sizes.size());
  std::int64_t next = 1;
  for (int i = 0; i < sizes.size(); ++i) {
    strides[order[i]] = next;
    next *= sizes[order[i]];
  }
  return strides;
}

void Walk::start(const Dims& sizes, const int* order) {
  dims = sizes.size();
  operands = 0;
  for (int i = 0; i < dims; ++i) size[i] = sizes[order[i]];
}

void Walk::add(const Tensor& tensor, const int* order) {
  const int skipped = dims - tensor.dim();
  const std::int64_t item = tensor.itemsize();
  for (int i = 0; i < dims; ++i) {
    const int own = order[i] - skipped;
    step[operands][i] = own < 0 || (tensor.size(own) == 1 && size[i] != 1) ? 0 : tensor.stride(own) * item;
  }
  data[operands++] = tensor.data();
}

void Walk::add_number(char* element) {
  for (int i = 0; i < dims; ++i) step[operands][i] = 0;
  data[operands++] = element;
}

void Walk::merge() {
  for (int d = 0; d < dims; ++d) {
    if (step[0][d] >= 0) continue;
    for (int k = 0; k < operands; ++k) {
      data[k] += (size[d] - 1) * step[k][d];
      step[k][d] = -step[k][d];
    }
  }
  int last = -1;  // the dimension that may still grow
  for (int d = 0; d < dims; ++d) {
    if (size[d] == 1) continue;
    bool joined = last >= 0;
    for (int k = 0; joined && k < operands; ++k) joined = step[k][d] == step[k][last] * size[last];
    if (joined) {
      size[last] *= size[d];
      continue;
    }
    ++last;
    size[last] = size[d];
    for (int k = 0; k < operands; ++k) step[k][last] = step[k][d];
  }
  dims = last + 1;
}

void Walk::exchange(int a, int b) {
  std::swap(size[a], size[b]);
  for (int k = 0; k < operands; ++k) std::swap(step[k][a], step[k][b]);
}

int Walk::unit_dim(int operand, std::int64_t itemsize) const {
  constexpr std::int64_t kWorthwhile = 8;
  if (dims < 2 || size[0] < kWorthwhile || step[operand][0] == itemsize || step[operand][0] == 0) return 0;
  for (int d = 1; d < dims; ++d)
    if (step[operand][d] == itemsize && size[d] >= kWorthwhile) return d;
  return 0;
}

void detail::for_each_piece(const Walk& walk, double ns, std::int64_t row_unit, std::int64_t unit, PieceBody body,
                            void* context) {
  const std::int64_t n = walk.dims > 0 ? walk.size[0] : 1, rows = walk.dims > 1 ? walk.size[1] : 1;
  std::int64_t outer = 1;
  for (int d = 2; d < walk.dims; ++d) outer *= walk.size[d];
  const std::int64_t blocks = (rows + row_unit - 1) / row_unit, units = outer * blocks;

  // Units [begin, end) of row blocks, elements [from, to) of each row.
  const auto run = [&](std::int64_t begin, std::int64_t end, std::int64_t from, std::int64_t to) {
    std::int64_t index[kMaxDims];
    char* base[Walk::kOperands];
    for (int k = 0; k < walk.operands; ++k) base[k] = walk.data[k] + (walk.dims > 0 ? from * walk.step[k][0] : 0);
    std::int64_t position = begin / blocks, block = begin % blocks;
    for (int d = 2; d < walk.dims; ++d) {
      index[d] = position % walk.size[d];
      position /= walk.size[d];
      for (int k = 0; k < walk.operands; ++k) base[k] += index[d] * walk.step[k][d];
    }
    while (begin < end) {
      const std::int64_t count = std::min(blocks - block, end - begin), first = block * row_unit;
      WalkPiece piece;
      piece.n = to - from;
      piece.rows = std::min(rows - first, count * row_unit);
      for (int k = 0; k < walk.operands; ++k) piece.data[k] = base[k] + (walk.dims > 1 ? first * walk.step[k][1] : 0);
      body(context, piece);
      begin += count;
      block = 0;
      for (int d = 2; d < walk.dims; ++d) {
        for (int k = 0; k < walk.operands; ++k) base[k] += walk.step[k][d];
        if (++index[d] < walk.size[d]) break;
        for (int k = 0; k < walk.operands; ++k) base[k] -= walk.size[d] * walk.step[k][d];
        index[d] = 0;
      }
    }
  };

  const int threads = threads_for(ns, std::max(units, n / unit));
  if (threads == 1)
    run(0, units, 0, n);
  else if (units >= 8 * threads || n < 2 * unit)
    parallel_for(units, 1, ns, [&](std::int64_t begin, std::int64_t end) { run(begin, end, 0, n); });
  else
    parallel_for(n, unit, ns, [&](std::int64_t from, std::int64_t to) { run(0, units, from, to); });
}

std::int64_t stream_bytes() {
  static const std::int64_t bytes = [] {
    const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    return cache > 0 ? std::int64_t{cache} / 2 : std::int64_t{16} << 20;
  }();
  return bytes;
}

bool is_dense(const Tensor& tensor) {
  if (tensor.is_contiguous()) return true;
  const int ndim = tensor.dim();
  int order[kMaxDims];
  int n = 0;
  for (int i = 0; i < ndim; ++i) {
    if (tensor.stride(i) < 0) return false;
    if (tensor.size(i) != 1) order[n++] = i;
  }
  std::sort(order, order + n, [&](int a, int b) { return tensor.stride(a) < tensor.stride(b); });
  std::int64_t expected = 1;
  for (int i = 0; i < n; ++i) {
    if (tensor.stride(order[i]) != expected) return false;
    expected *= tensor.size(order[i]);
  }
  return true;
}

Tensor dense_layout(const Tensor& tensor) {
  if (is_dense(tensor)) return tensor;
  int order[kMaxDims];
  const Tensor* tensors[] = {&tensor};
  Walk::order(tensor.sizes(), tensors, 1, order);
  return tensor.view_as(tensor.sizes(), Walk::result_strides(tensor.sizes(), order));
}

bool may_overlap(const Tensor& a, const Tensor& b) {
  if (a.numel() == 0 || b.numel() == 0) return false;
  const Extent x = extent(a), y = extent(b);
  return x.first < y.last && y.first < x.last;
}

}  // namespace wengert
