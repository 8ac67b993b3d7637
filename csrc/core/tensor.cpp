#include "core/tensor.h"

#include <algorithm>

namespace wengert {

Tensor Tensor::empty(const Dims& sizes, DType dtype) {
  const auto item = static_cast<std::int64_t>(wengert::itemsize(dtype));
  StorageRef storage(new_storage(static_cast<std::size_t>(checked_numel(sizes, item) * item)));
  char* data = static_cast<char*>(storage->data);
  return Tensor(std::move(storage), data, dtype, sizes, contiguous_strides(sizes));
}

Tensor Tensor::empty_strided(const Dims& sizes, const Dims& strides, DType dtype) {
  const auto item = static_cast<std::int64_t>(wengert::itemsize(dtype));
  std::int64_t last = 0;
  bool overflow = false;
  if (checked_numel(sizes, item) == 0) {
    last = -1;
  } else {
    for (int i = 0; i < sizes.size(); ++i) {
      std::int64_t reach = 0;
      overflow =
          overflow || __builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) || __builtin_add_overflow(last, reach, &last);
    }
  }
  std::int64_t bytes = 0;
  overflow = overflow || __builtin_mul_overflow(last + 1, item, &bytes);
  check(!overflow, "Storage size calculation overflowed with sizes=", sizes, " and strides=", strides);
  StorageRef storage(new_storage(static_cast<std::size_t>(bytes)));
  char* data = static_cast<char*>(storage->data);
  return Tensor(std::move(storage), data, dtype, sizes, strides);
}

Extent extent(const Tensor& tensor) {
  const char *first = tensor.data(), *last = tensor.data();
  if (tensor.numel() == 0) return {first, first};
  for (int i = 0; i < tensor.dim(); ++i) {
    const std::int64_t reach = (tensor.size(i) - 1) * tensor.stride(i) * tensor.itemsize();
    (reach < 0 ? first : last) += reach;
  }
  return {first, last + tensor.itemsize()};
}

namespace {

constexpr const char* kInternal =
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please "
    "clone() the tensor before performing the operation.";
constexpr const char* kPartial =
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. "
    "Please clone() the tensor before performing the operation.";

bool intersect(const Tensor& a, const Tensor& b) {
  if (a.numel() == 0 || b.numel() == 0) return false;
  const Extent x = extent(a), y = extent(b);
  return x.first < y.last && y.first < x.last;
}

// Views of one buffer that take turns, such as x[:, :2] and x[:, 2:] or x[::2] and x[1::2]: modulo one of a's strides, what the
// other strides reach in a and in b is apart.
bool take_turns(const Tensor& a, const Tensor& b) {
  struct Span {
    const char* first;
    std::int64_t bytes;
  };
  const auto modulo = [](const Tensor& t, std::int64_t period) {
    Span span{t.data(), t.itemsize()};
    for (int i = 0; i < t.dim(); ++i) {
      const std::int64_t step = t.stride(i) * t.itemsize(), reach = step * (t.size(i) - 1);
      if (step % period == 0) continue;
      span.bytes += std::abs(reach);
      if (reach < 0) span.first += reach;
    }
    return span;
  };
  for (int i = 0; i < a.dim(); ++i) {
    const std::int64_t period = std::abs(a.stride(i)) * a.itemsize();
    if (a.size(i) <= 1 || period == 0) continue;
    const Span x = modulo(a, period), y = modulo(b, period);
    const std::int64_t gap = ((y.first - x.first) % period + period) % period;
    if (gap >= x.bytes && gap + y.bytes <= period) return true;
  }
  return false;
}

}  // namespace

// Elements are apart when every stride steps past all that the smaller strides reach.
bool surely_apart(const Tensor& t) {
  if (t.is_contiguous() || t.numel() <= 1) return true;
  std::int64_t steps[kMaxDims], sizes[kMaxDims];
  int order[kMaxDims], n = 0;
  for (int i = 0; i < t.dim(); ++i) {
    if (t.size(i) == 1) continue;
    steps[n] = std::abs(t.stride(i));
    sizes[n] = t.size(i);
    order[n] = n;
    ++n;
  }
  std::sort(order, order + n, [&](int a, int b) { return steps[a] < steps[b]; });
  std::int64_t reach = 0;
  for (int k = 0; k < n; ++k) {
    if (steps[order[k]] <= reach) return false;
    reach += steps[order[k]] * (sizes[order[k]] - 1);
  }
  return true;
}

bool same_elements(const Tensor& a, const Tensor& b) {
  if (a.data() != b.data() || a.dtype() != b.dtype() || !(a.sizes() == b.sizes())) return false;
  for (int i = 0; i < a.dim(); ++i)
    if (a.size(i) > 1 && a.stride(i) != b.stride(i)) return false;
  return true;
}

void check_no_internal_overlap(const Tensor& written) {
  if (surely_apart(written)) return;
  // As PyTorch: a zero stride certainly overlaps; other interleavings are allowed.
  for (int i = 0; i < written.dim(); ++i) check(written.size(i) <= 1 || written.stride(i) != 0, kInternal);
}

void check_no_partial_overlap(const Tensor& written, const Tensor& read) {
  if (!intersect(written, read)) return;
  if (same_elements(written, read)) return;
  // Interleaved views of one buffer, such as x[::2] and x[1::2], may span the same bytes without sharing any; PyTorch tells
  // them apart only when both are dense, and so do we.
  const auto dense = [](const Tensor& t) {
    const Extent e = extent(t);
    return e.last - e.first == t.nbytes();
  };
  if (written.storage().get() == read.storage().get() || (dense(written) && dense(read)))
    check(!(dense(written) && dense(read)), kPartial);
}

void check_no_overlap(const Tensor& written, const Tensor& read) {
  check(!intersect(written, read) || take_turns(written, read), kPartial);
}

void check_not_read_only(const Tensor& written) {
  check(written.writable(),
        "cannot write to a tensor that shares the memory of a read-only NumPy array; clone() it first [tensor ",
        tuple_of(written.sizes()), ']');
}

void check_writable(const Tensor& written) {
  check_not_read_only(written);
  check_no_internal_overlap(written);
}

}  // namespace wengert
