// Reference-counted memory shared by a tensor and its views.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace wengert {

inline constexpr std::size_t kLocalBytes = 64;  // results up to this size live inside the Storage

struct Storage {
  void* data;
  std::size_t nbytes;
  std::size_t capacity;  // of the allocator's block; 0: local or foreign
  std::atomic<int> references;
  std::uint32_t version;         // bumped by every in-place write through any view
  bool read_only;                // foreign memory that must not be written
  void (*release)(void* owner);  // foreign memory: called once with owner; else null
  void* owner;
  const char* writer;  // the operator that wrote last in place, for errors; null where that is not known
  alignas(64) unsigned char local[kLocalBytes];
};

// Uninitialised. Raises RuntimeError when there is no memory.
Storage* new_storage(std::size_t nbytes);
// Memory of somebody else, given back through release(owner).
Storage* new_foreign_storage(void* data, std::size_t nbytes, bool read_only, void (*release)(void*), void* owner);
void destroy_storage(Storage* storage) noexcept;

class StorageRef {
 public:
  StorageRef() = default;
  explicit StorageRef(Storage* owned) : storage_(owned) {}
  StorageRef(const StorageRef& other) : storage_(other.storage_) {
    if (storage_) storage_->references.fetch_add(1, std::memory_order_relaxed);
  }
  StorageRef(StorageRef&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}
  StorageRef& operator=(StorageRef other) noexcept {
    std::swap(storage_, other.storage_);
    return *this;
  }
  ~StorageRef() {
    if (!storage_) return;
    // The only holder needs no locked instruction.
    if (storage_->references.load(std::memory_order_acquire) == 1 ||
        storage_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy_storage(storage_);
  }
  Storage* get() const { return storage_; }
  Storage* operator->() const { return storage_; }
  explicit operator bool() const { return storage_ != nullptr; }

 private:
  Storage* storage_ = nullptr;
};

}  // namespace wengert
