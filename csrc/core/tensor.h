// The strided view every layer above works on: shared storage, a pointer to the first element, sizes, strides, dtype.
// Strides count elements and may be zero or negative.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/shape.h"
#include "core/storage.h"

namespace wengert {

class Tensor {
 public:
  Tensor() = default;
  // A view of storage. Numel and contiguity are computed once, here. The caller has checked that it stays inside.
  Tensor(StorageRef storage, char* data, DType dtype, Dims sizes, Dims strides)
      : storage_(std::move(storage)), data_(data), dtype_(dtype), sizes_(std::move(sizes)), strides_(std::move(strides)) {
    refresh();
  }

  static Tensor empty(const Dims& sizes, DType dtype);                               // row-major, uninitialised
  static Tensor empty_strided(const Dims& sizes, const Dims& strides, DType dtype);  // strides >= 0

  bool defined() const { return static_cast<bool>(storage_); }
  DType dtype() const { return dtype_; }
  int dim() const { return sizes_.size(); }
  const Dims& sizes() const { return sizes_; }
  const Dims& strides() const { return strides_; }
  std::int64_t size(int i) const { return sizes_[i]; }
  std::int64_t stride(int i) const { return strides_[i]; }
  std::int64_t numel() const { return numel_; }
  bool is_contiguous() const { return contiguous_; }
  std::int64_t itemsize() const { return static_cast<std::int64_t>(wengert::itemsize(dtype_)); }
  std::int64_t nbytes() const { return numel_ * itemsize(); }
  char* data() const { return data_; }
  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(data_);
  }
  std::int64_t storage_offset() const { return (data_ - static_cast<char*>(storage_->data)) / itemsize(); }
  const StorageRef& storage() const { return storage_; }

  std::uint32_t version() const { return storage_->version; }
  void bump_version() const {
    if (!untracked_) ++storage_->version;
  }
  // The same elements, but what is written through it or its views makes no new version (PyTorch's .data).
  Tensor untracked() const {
    Tensor result = *this;
    result.untracked_ = true;
    return result;
  }
  bool writable() const { return !storage_->read_only; }

  // The same storage seen otherwise; offset counts elements from this view's first.
  Tensor view_as(Dims sizes, Dims strides, std::int64_t offset = 0) const {
    Tensor result(storage_, data_ + offset * itemsize(), dtype_, std::move(sizes), std::move(strides));
    result.untracked_ = untracked_;
    return result;
  }

 private:
  void refresh() {
    numel_ = 1;
    for (std::int64_t size : sizes_) numel_ *= size;
    contiguous_ = wengert::is_contiguous(sizes_, strides_);
  }

  StorageRef storage_;
  char* data_ = nullptr;
  std::int64_t numel_ = 0;
  DType dtype_ = DType::float32;
  bool contiguous_ = true;
  bool untracked_ = false;
  Dims sizes_, strides_;
};

// The bytes [first, last) that a tensor's elements span; empty for no elements.
struct Extent {
  const char* first;
  const char* last;
};
Extent extent(const Tensor& tensor);

// Both name the same elements in the same order. Strides of size 1 do not count.
bool same_elements(const Tensor& a, const Tensor& b);

// PyTorch's sentences for writes that would meet their own input (torch's assert_no_internal_overlap,
// assert_no_partial_overlap).
void check_no_internal_overlap(const Tensor& written);
void check_no_partial_overlap(const Tensor& written, const Tensor& read);
void check_no_overlap(const Tensor& written, const Tensor& read);
void check_not_read_only(const Tensor& written);
// No two elements share a place. False where that is not plain from sizes and strides.
bool surely_apart(const Tensor& tensor);
// Raises unless `written` may be written to: not read-only, no two elements in one place.
void check_writable(const Tensor& written);

}  // namespace wengert
