#include "core/shape.h"

#include <ostream>

namespace wengert {

void Dims::grow(int position, std::int64_t value) {
  Dims grown(count_ + 1);
  for (int i = 0; i < position; ++i) grown[i] = (*this)[i];
  grown[position] = value;
  for (int i = position; i < count_; ++i) grown[i + 1] = (*this)[i];
  *this = std::move(grown);
}

void Dims::shrink(int position) {
  Dims shrunk(count_ - 1);
  for (int i = 0; i < position; ++i) shrunk[i] = (*this)[i];
  for (int i = position + 1; i < count_; ++i) shrunk[i - 1] = (*this)[i];
  *this = std::move(shrunk);
}

namespace {
std::string joined(const Dims& dims, const char* separator) {
  std::string text;
  for (int i = 0; i < dims.size(); ++i) {
    if (i) text += separator;
    text += std::to_string(dims[i]);
  }
  return text;
}
}  // namespace

std::ostream& operator<<(std::ostream& out, const Dims& dims) { return out << '[' << joined(dims, ", ") << ']'; }

std::string DimsText::text() const {
  return style == by ? joined(dims, "x") : "(" + joined(dims, ", ") + (dims.size() == 1 ? ",)" : ")");
}

std::ostream& operator<<(std::ostream& out, const DimsText& text) { return out << text.text(); }

std::int64_t checked_numel(const Dims& sizes, std::int64_t itemsize) {
  std::int64_t bytes = itemsize;
  bool overflow = false, empty = false;
  for (std::int64_t size : sizes) {
    check(size >= 0, "Trying to create tensor with negative dimension ", size, ": ", sizes);
    empty = empty || size == 0;
  }
  if (empty) return 0;
  for (std::int64_t size : sizes) overflow = overflow || __builtin_mul_overflow(bytes, size, &bytes);
  check(!overflow, "Storage size calculation overflowed with sizes=", sizes);
  return bytes / itemsize;
}

Dims contiguous_strides(const Dims& sizes) {
  Dims strides(sizes.size());
  std::int64_t step = 1;
  for (int i = sizes.size() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= sizes[i] > 0 ? sizes[i] : 1;
  }
  return strides;
}

bool is_contiguous(const Dims& sizes, const Dims& strides) {
  std::int64_t step = 1;
  bool dense = true;
  for (int i = sizes.size() - 1; i >= 0; --i) {
    if (sizes[i] == 0) return true;
    if (sizes[i] != 1) {
      dense = dense && strides[i] == step;
      step *= sizes[i];
    }
  }
  return dense;
}

int wrap_dim(std::int64_t dim, int ndim) {
  const std::int64_t range = ndim > 0 ? ndim : 1;
  check_index(dim >= -range && dim < range, "Dimension out of range (expected to be in range of [", -range, ", ", range - 1,
              "], but got ", dim, ")");
  return static_cast<int>(dim < 0 ? dim + range : dim);
}

Dims broadcast(const Dims& a, const Dims& b) {
  if (a == b) return a;
  const int ndim = a.size() > b.size() ? a.size() : b.size();
  Dims result(ndim);
  for (int i = ndim - 1; i >= 0; --i) {  // PyTorch reports the last mismatch
    const int ia = i - (ndim - a.size()), ib = i - (ndim - b.size());
    const std::int64_t sa = ia >= 0 ? a[ia] : 1, sb = ib >= 0 ? b[ib] : 1;
    check(sa == sb || sa == 1 || sb == 1, "The size of tensor a (", sa, ") must match the size of tensor b (", sb,
          ") at non-singleton dimension ", i);
    result[i] = sa == 1 ? sb : sa;
  }
  return result;
}

}  // namespace wengert
