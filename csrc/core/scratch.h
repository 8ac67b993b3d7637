// Uninitialised working memory of one call: on the stack while small, so that small products pay for no allocation.
#pragma once

#include "core/allocator.h"

namespace wengert {

template <std::size_t kLocal>
class Scratch {
 public:
  explicit Scratch(std::size_t bytes) : data_(bytes <= kLocal ? local_ : static_cast<char*>(allocate(bytes, &capacity_))) {}
  ~Scratch() {
    if (capacity_) deallocate(data_, capacity_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  char* data() const { return data_; }

 private:
  std::size_t capacity_ = 0;
  char* data_;
  alignas(kAlignment) char local_[kLocal];
};

}  // namespace wengert
