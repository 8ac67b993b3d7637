// Shapes and strides: a short vector of int64 that keeps up to six entries in place, and checked arithmetic on it.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>

#include "core/error.h"

namespace wengert {

inline constexpr int kInlineDims = 6;
inline constexpr int kMaxDims = 64;  // as PyTorch's TensorIterator and NumPy 2

class Dims {
 public:
  Dims() {}
  explicit Dims(int count, std::int64_t value = 0) {
    resize(count);
    for (int i = 0; i < count; ++i) data()[i] = value;
  }
  Dims(std::initializer_list<std::int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  // Of any number of entries, for lists that are not a tensor's shape.
  static Dims list(int count) {
    Dims made;
    made.hold(count);
    return made;
  }
  explicit Dims(std::span<const std::int64_t> values) {
    resize(static_cast<int>(values.size()));
    std::memcpy(data(), values.data(), values.size() * sizeof(std::int64_t));
  }
  Dims(const Dims& other) { assign(other); }
  Dims(Dims&& other) noexcept { steal(other); }
  Dims& operator=(const Dims& other) {
    if (this != &other) {
      release();
      assign(other);
    }
    return *this;
  }
  Dims& operator=(Dims&& other) noexcept {
    if (this != &other) {
      release();
      steal(other);
    }
    return *this;
  }
  ~Dims() { release(); }

  int size() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::int64_t* data() { return count_ <= kInlineDims ? inline_ : heap_; }
  const std::int64_t* data() const { return count_ <= kInlineDims ? inline_ : heap_; }
  std::int64_t& operator[](int i) { return data()[i]; }
  std::int64_t operator[](int i) const { return data()[i]; }
  std::int64_t* begin() { return data(); }
  std::int64_t* end() { return data() + count_; }
  const std::int64_t* begin() const { return data(); }
  const std::int64_t* end() const { return data() + count_; }
  std::int64_t back() const { return data()[count_ - 1]; }

  void push_back(std::int64_t value) {
    if (count_ < kInlineDims)
      inline_[count_++] = value;
    else
      grow(count_, value);
  }
  void insert(int position, std::int64_t value) {
    if (count_ >= kInlineDims) return grow(position, value);
    for (int i = count_++; i > position; --i) inline_[i] = inline_[i - 1];
    inline_[position] = value;
  }
  void erase(int position) {
    if (count_ > kInlineDims) return shrink(position);
    --count_;
    for (int i = position; i < count_; ++i) inline_[i] = inline_[i + 1];
  }
  bool operator==(const Dims& other) const {
    return count_ == other.count_ && std::memcmp(data(), other.data(), count_ * sizeof(std::int64_t)) == 0;
  }

 private:
  void resize(int count) {  // only on an empty object
    check(count <= kMaxDims, "a tensor has at most ", kMaxDims, " dimensions, got ", count);
    hold(count);
  }
  void hold(int count) {
    count_ = count;
    if (count > kInlineDims) heap_ = new std::int64_t[count];
  }
  void assign(const Dims& other) {
    hold(other.count_);
    if (count_ <= kInlineDims)
      std::memcpy(inline_, other.inline_, sizeof inline_);
    else
      std::memcpy(heap_, other.heap_, count_ * sizeof(std::int64_t));
  }
  // All six slots are copied whatever the count: a fixed 48 bytes is cheaper than a loop, and carries heap_ as well.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
  void steal(Dims& other) noexcept {
    count_ = other.count_;
    std::memcpy(inline_, other.inline_, sizeof inline_);
    other.count_ = 0;
  }
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif
  void release() {
    if (count_ > kInlineDims) delete[] heap_;
  }
  // Insertion and erasure of more than kInlineDims entries.
  void grow(int position, std::int64_t value);
  void shrink(int position);

  int count_ = 0;
  union {
    std::int64_t inline_[kInlineDims];
    std::int64_t* heap_;
  };
};

// Texts of a shape for messages. They are built when written, so that naming one in a check costs nothing while it holds.
struct DimsText {
  const Dims& dims;
  enum Style : std::uint8_t { tuple, by } style;
  std::string text() const;
  operator std::string() const { return text(); }
};
inline std::string operator+(std::string text, const DimsText& dims) { return std::move(text += dims.text()); }
inline DimsText tuple_of(const Dims& dims) { return {dims, DimsText::tuple}; }  // (2, 3), (2,)
inline DimsText by_of(const Dims& dims) { return {dims, DimsText::by}; }        // 2x3
std::ostream& operator<<(std::ostream& out, const DimsText& text);
std::ostream& operator<<(std::ostream& out, const Dims& dims);  // [2, 3]

// Product of the sizes. Raises where it, or the bytes of it, pass int64 (PyTorch: "Storage size calculation overflowed").
std::int64_t checked_numel(const Dims& sizes, std::int64_t itemsize);
Dims contiguous_strides(const Dims& sizes);
bool is_contiguous(const Dims& sizes, const Dims& strides);

// dim in [-ndim, ndim) as an index from 0; a 0-d tensor counts as 1-d. IndexError otherwise.
int wrap_dim(std::int64_t dim, int ndim);

// The common shape of a and b; RuntimeError with PyTorch's sentence where they do not match.
Dims broadcast(const Dims& a, const Dims& b);

}  // namespace wengert
