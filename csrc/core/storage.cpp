#include "core/storage.h"

#include <new>

#include "core/allocator.h"

namespace wengert {
namespace {

// Freed headers of this thread, so that a one-element result costs no call to malloc.
struct Headers {
  static constexpr int kKept = 256;
  Storage* kept[kKept];
  int count = 0;
  int limit = kKept;

  ~Headers() {
    limit = 0;  // storages that this thread frees later in its exit go straight back
    while (count > 0) ::operator delete(kept[--count], std::align_val_t{alignof(Storage)});
  }
};

thread_local Headers headers;

Storage* new_header() {
  Headers& h = headers;
  void* memory = h.count > 0 ? h.kept[--h.count] : ::operator new(sizeof(Storage), std::align_val_t{alignof(Storage)});
  auto* storage = static_cast<Storage*>(memory);
  new (&storage->references) std::atomic<int>(1);
  storage->version = 0;
  storage->writer = nullptr;
  storage->read_only = false;
  storage->release = nullptr;
  storage->owner = nullptr;
  storage->capacity = 0;
  return storage;
}

void free_header(Storage* storage) noexcept {
  Headers& h = headers;
  if (h.count < h.limit)
    h.kept[h.count++] = storage;
  else
    ::operator delete(storage, std::align_val_t{alignof(Storage)});
}

}  // namespace

Storage* new_storage(std::size_t nbytes) {
  Storage* storage = new_header();
  storage->nbytes = nbytes;
  storage->data = storage->local;
  if (nbytes > kLocalBytes) {
    try {
      storage->data = allocate(nbytes, &storage->capacity);
    } catch (...) {
      free_header(storage);
      throw;
    }
  }
  return storage;
}

Storage* new_foreign_storage(void* data, std::size_t nbytes, bool read_only, void (*release)(void*), void* owner) {
  Storage* storage = new_header();
  storage->data = data;
  storage->nbytes = nbytes;
  storage->read_only = read_only;
  storage->release = release;
  storage->owner = owner;
  return storage;
}

void destroy_storage(Storage* storage) noexcept {
  if (storage->release)
    storage->release(storage->owner);
  else if (storage->capacity)
    deallocate(storage->data, storage->capacity);
  free_header(storage);
}

}  // namespace wengert
