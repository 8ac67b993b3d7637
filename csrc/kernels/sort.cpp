#include "kernels/sort.h"

#include "kernels/quick_sort.h"
#include "simd/vec.h"

namespace wengert::WENGERT_ISA {

namespace {

constexpr int kBlock = 512;  // elements whose keys are made at a time, in L1
constexpr int kCellBits = 12;
static_assert(kSortCells == 1 << kCellBits);
// ---- keys

template <class T>
struct IntegerKey {
  using Element = T;
  static T key(T bits, T flip) { return bits ^ flip; }
};

template <class Word, class Signed, Word kInfinity>
struct FloatKey {
  using Element = Word;
  static constexpr Word kSign = ~(~Word(0) >> 1);
  static Word key(Word bits, Word flip) {
    const Word spread = static_cast<Word>(static_cast<Signed>(bits) >> (8 * sizeof(Word) - 1)) | kSign;
    Word key = bits ^ spread;
    key = (bits & ~kSign) > kInfinity ? ~Word(0) : key;
    key = (bits & ~kSign) == 0 ? kSign : key;
    return key ^ flip;
  }
};
using Key32 = FloatKey<uint32_t, int32_t, 0x7f800000>;
using Key64 = FloatKey<uint64_t, int64_t, 0x7ff0000000000000>;

// Calls f.template operator()<K>() with the key type of a kind.
template <class F>
auto with_kind(int kind, F&& f) {
  switch (kind) {
    case 0:
      return f.template operator()<IntegerKey<uint8_t>>();
    case 1:
      return f.template operator()<IntegerKey<uint16_t>>();
    case 2:
      return f.template operator()<IntegerKey<uint32_t>>();
    case 3:
      return f.template operator()<IntegerKey<uint64_t>>();
    case 4:
      return f.template operator()<Key32>();
    default:
      return f.template operator()<Key64>();
  }
}

template <class K>
uint64_t key_at(const SortKeys& keys, const void* in, int64_t i) {
  using T = typename K::Element;
  return K::key(static_cast<const T*>(in)[i], static_cast<T>(keys.flip));
}

void start(SortKeys* keys, const void* in) {
  keys->first = with_kind(keys->kind, [&]<class K>() { return key_at<K>(*keys, in, 0); });
}

uint64_t differ(const SortKeys& keys, const void* in, int64_t n) {
  return with_kind(keys.kind, [&]<class K>() -> uint64_t {
    using T = typename K::Element;
    const T *p = static_cast<const T*>(in), flip = static_cast<T>(keys.flip), first = static_cast<T>(keys.first);
    T all = 0;
    for (int64_t i = 0; i < n; ++i) all |= K::key(p[i], flip) ^ first;
    return all;
  });
}

void narrow(SortKeys* keys, uint64_t differ) {
  keys->shift = keys->bits = keys->low = 0;
  if (differ == 0) return;
  const int top = 64 - __builtin_clzll(differ), bottom = __builtin_ctzll(differ);
  keys->bits = top - bottom < 32 ? top - bottom : 32;
  keys->shift = top - keys->bits;
  keys->low = top - bottom > 32 ? keys->shift : 0;
}

uint32_t mask_of(const SortKeys& keys) { return keys.bits == 32 ? ~0u : (1u << keys.bits) - 1; }

// What records hold of the keys of n elements from `in`.
template <class K>
[[gnu::noinline]] void make_keys(const SortKeys& keys, const void* in, int64_t n, uint32_t* out) {
  using T = typename K::Element;
  const T *p = static_cast<const T*>(in), flip = static_cast<T>(keys.flip);
  const uint32_t mask = mask_of(keys);
  const int shift = keys.shift;
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint32_t>(K::key(p[i], flip) >> shift) & mask;
}

// Calls f(position, made) for blocks of keys of [begin, end).
template <class F>
void each_block(const SortKeys& keys, const void* in, int64_t begin, int64_t end, F&& f) {
  const auto make = with_kind(keys.kind, []<class K>() { return &make_keys<K>; });
  const int64_t item = keys.kind < 4 ? int64_t{1} << keys.kind : keys.kind == 4 ? 4 : 8;
  alignas(64) uint32_t made[kBlock];
  for (int64_t i = begin; i < end; i += kBlock) {
    const int64_t n = end - i < kBlock ? end - i : kBlock;
    make(keys, static_cast<const char*>(in) + i * item, n, made);
    f(i, n, made);
  }
}

uint64_t record(uint32_t key, int64_t position) { return static_cast<uint64_t>(key) << 32 | static_cast<uint32_t>(position); }

void pack(const SortKeys& keys, const void* in, int64_t begin, int64_t end, uint64_t* records) {
  each_block(keys, in, begin, end, [&](int64_t at, int64_t n, const uint32_t* made) {
    for (int64_t i = 0; i < n; ++i) records[at - begin + i] = record(made[i], at + i);
  });
}

int cell_shift(const SortKeys& keys) { return keys.bits > kCellBits ? keys.bits - kCellBits : 0; }

void count(const SortKeys& keys, const void* in, int64_t begin, int64_t end, uint32_t* counts) {
  const int shift = cell_shift(keys);
  each_block(keys, in, begin, end, [&](int64_t, int64_t n, const uint32_t* made) {
    for (int64_t i = 0; i < n; ++i) ++counts[made[i] >> shift];
  });
}

void partition(const SortKeys& keys, const void* in, int64_t begin, int64_t end, const uint8_t* piece, uint32_t* places,
               uint64_t* records) {
  const int shift = cell_shift(keys);
  each_block(keys, in, begin, end, [&](int64_t at, int64_t n, const uint32_t* made) {
    for (int64_t i = 0; i < n; ++i) records[places[piece[made[i] >> shift]]++] = record(made[i], at + i);
  });
}

int64_t collect(const SortKeys& keys, const void* in, int64_t begin, int64_t end, uint32_t cell, uint64_t* records) {
  const int shift = cell_shift(keys);
  int64_t found = 0;
  each_block(keys, in, begin, end, [&](int64_t at, int64_t n, const uint32_t* made) {
    for (int64_t i = 0; i < n; ++i) {
      records[found] = record(made[i], at + i);
      found += made[i] >> shift == cell;
    }
  });
  return found;
}

void repack(const SortKeys& keys, const void* in, uint64_t* records, int64_t n) {
  const uint64_t mask = (uint64_t{1} << keys.low) - 1;
  const bool floats = keys.kind == 5;  // only 8-byte keys have low bits
  for (int64_t i = 0; i < n; ++i) {
    const auto position = static_cast<uint32_t>(records[i]);
    const uint64_t key = floats ? key_at<Key64>(keys, in, position) : key_at<IntegerKey<uint64_t>>(keys, in, position);
    records[i] = record(static_cast<uint32_t>(key & mask), position);
  }
}

// ---- the sorts of records

// Records up to this many are sorted by counting smaller ones: n^2 / 8 vector operations; then, with AVX-512, up to kQuickSort
// by partitions and networks (rows of 64 records in 1.7 ns each, of 256 in 3.2, where the radix sort takes 5).
#if WENGERT_AVX512
constexpr int64_t kRankSort = 24, kQuickSort = 512;
constexpr int kQuickDepth = 12;
#else
constexpr int64_t kRankSort = 64;
#endif

void rank_sort(uint64_t* records, int64_t n) {
  constexpr int kLanes = 8;
  alignas(64) uint64_t all[kRankSort + kLanes];
  for (int64_t i = 0; i < n; ++i) all[i] = records[i];
  const int64_t padded = (n + kLanes - 1) / kLanes * kLanes;
  for (int64_t i = n; i < padded; ++i) all[i] = ~uint64_t{0};
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t mine = all[i];
    int64_t smaller = 0;
    for (int64_t j = 0; j < padded; ++j) smaller += all[j] < mine;
    records[smaller] = mine;
  }
}

void insertion_sort(uint64_t* records, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const uint64_t mine = records[i];
    int64_t j = i;
    for (; j > 0 && records[j - 1] > mine; --j) records[j] = records[j - 1];
    records[j] = mine;
  }
}

// Least significant digit first, over the bits in which the records' keys differ. Returns where the result is.
uint64_t* radix_sort(uint64_t* from, uint64_t* to, int64_t n) {
  uint64_t differ = 0;
  for (int64_t i = 0; i < n; ++i) differ |= from[i] ^ from[0];
  differ >>= 32;
  if (differ == 0) return from;
  const int bottom = 32 + __builtin_ctzll(differ), span = 64 - __builtin_clzll(differ) - bottom + 32;
  // Digits of 11 bits, or 13 where that saves a pass, while both halves stay in L2, where a pass costs 0.9 ns a record; beyond,
  // so many places at once cost more (3.5 ns) than a further pass of 8 bits (1.2 ns). Few records do not pay for the counters.
  const int widest = n < 2048 || n > (1 << 18) ? 8 : n < (1 << 14) || span > 26 ? 11 : 13;
  const int passes = (span + widest - 1) / widest, digit = (span + passes - 1) / passes;
  const uint32_t radix = 1u << digit, mask = radix - 1;
  uint32_t counts[2 << 13];
  __builtin_memset(counts, 0, sizeof(uint32_t) * static_cast<size_t>(passes) * radix);
  const auto digits = [&](int64_t i, auto total) {
    const uint64_t key = from[i] >> bottom;
    for (int p = 0; p < total; ++p)
      ++counts[static_cast<uint32_t>(p) * radix + (static_cast<uint32_t>(key >> (p * digit)) & mask)];
  };
  switch (passes) {
    case 1:
      for (int64_t i = 0; i < n; ++i) digits(i, 1);
      break;
    case 2:
      for (int64_t i = 0; i < n; ++i) digits(i, 2);
      break;
    case 3:
      for (int64_t i = 0; i < n; ++i) digits(i, 3);
      break;
    default:
      for (int64_t i = 0; i < n; ++i) digits(i, 4);
  }
  for (int p = 0; p < passes; ++p) {
    uint32_t* const places = counts + static_cast<uint32_t>(p) * radix;
    const int shift = bottom + p * digit;
    if (places[static_cast<uint32_t>(from[0] >> shift) & mask] == n) continue;  // one digit for all
    uint32_t sum = 0;
    for (uint32_t d = 0; d < radix; ++d) {
      const uint32_t here = places[d];
      places[d] = sum;
      sum += here;
    }
    for (int64_t i = 0; i < n; ++i) to[places[static_cast<uint32_t>(from[i] >> shift) & mask]++] = from[i];
    uint64_t* const swapped = from;
    from = to;
    to = swapped;
  }
  return from;
}

uint64_t* sort_records(uint64_t* records, uint64_t* spare, int64_t n) {
  if (n <= 5) {
    insertion_sort(records, n);
    return records;
  }
  if (n <= kRankSort) {
    rank_sort(records, n);
    return records;
  }
#if WENGERT_AVX512
  if (n <= kQuickSort && quick_sort(records, spare, n, kQuickDepth)) return records;
#endif
  return radix_sort(records, spare, n);
}

// Sorts each run of records that hold the same by the low bits of their keys. `records` and `spare` are the two halves.
[[gnu::noinline]] void refine(const SortKeys& keys, const void* in, uint64_t* records, uint64_t* spare, int64_t n) {
  for (int64_t i = 0; i < n;) {
    const uint64_t upper = records[i] >> 32;
    int64_t end = i + 1;
    while (end < n && records[end] >> 32 == upper) ++end;
    if (end - i > 1) {
      repack(keys, in, records + i, end - i);
      const uint64_t* sorted = sort_records(records + i, spare + i, end - i);
      if (sorted != records + i) __builtin_memcpy(records + i, sorted, static_cast<size_t>(end - i) * 8);
    }
    i = end;
  }
}

// ---- results

void gather_values(const void* in, const uint64_t* records, int64_t n, void* values) {
  const auto* p = static_cast<const uint64_t*>(in);
  auto* out = static_cast<uint64_t*>(values);
  for (int64_t i = 0; i < n; ++i) out[i] = p[static_cast<uint32_t>(records[i])];
}

// Values from the records themselves, where these hold all that differs: reading them at random places would cost more.
template <class T>
void integer_values(const SortKeys& keys, const uint64_t* records, int64_t n, void* values) {
  T* out = static_cast<T*>(values);
  const uint64_t same = keys.first & ~(static_cast<uint64_t>(mask_of(keys)) << keys.shift), flip = keys.flip;
  const int shift = keys.shift;
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>((same | records[i] >> 32 << shift) ^ flip);
}

void float_values(const SortKeys& keys, const void* in, const uint64_t* records, int64_t n, void* values) {
  const auto* p = static_cast<const uint32_t*>(in);
  auto* out = static_cast<uint32_t*>(values);
  const auto same = static_cast<uint32_t>(keys.first) & ~(mask_of(keys) << keys.shift);
  const auto flip = static_cast<uint32_t>(keys.flip);
  const int shift = keys.shift;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = n - begin < kBlock ? n : begin + kBlock;
    uint32_t special = 0;  // zeros and NaNs have one key for several bit patterns
    for (int64_t i = begin; i < end; ++i) {
      const uint32_t key = (same | static_cast<uint32_t>(records[i] >> 32) << shift) ^ flip;
      special |= static_cast<uint32_t>(key == 0x80000000u) | static_cast<uint32_t>(key == ~0u);
      out[i] = key ^ (key >> 31 ? 0x80000000u : ~0u);
    }
    if (!special) continue;
    for (int64_t i = begin; i < end; ++i) out[i] = p[static_cast<uint32_t>(records[i])];
  }
}

void finish(const SortKeys& keys, const void* in, uint64_t* records, uint64_t* spare, int64_t n, void* values,
            int64_t* indices) {
  uint64_t* sorted = sort_records(records, spare, n);
  if (keys.low > 0) refine(keys, in, sorted, sorted == records ? spare : records, n);
  if (indices)
    for (int64_t i = 0; i < n; ++i) indices[i] = static_cast<uint32_t>(sorted[i]);
  if (!values) return;
  switch (keys.kind) {
    case 0:
      return integer_values<uint8_t>(keys, sorted, n, values);
    case 1:
      return integer_values<uint16_t>(keys, sorted, n, values);
    case 2:
      return integer_values<uint32_t>(keys, sorted, n, values);
    case 4:
      return float_values(keys, in, sorted, n, values);
    default:
      if (keys.kind == 3 && keys.low == 0) return integer_values<uint64_t>(keys, sorted, n, values);
      return gather_values(in, sorted, n, values);
  }
}

void row(SortKeys keys, const void* in, uint64_t* records, uint64_t* spare, int64_t n, void* values, int64_t* indices) {
  if (n == 0) return;
  if (keys.kind == 3 || keys.kind == 5) {
    start(&keys, in);
    narrow(&keys, differ(keys, in, n));
  } else {  // all 32 bits fit
    keys.first = 0;
    keys.shift = keys.low = 0;
    keys.bits = keys.kind == 4 ? 32 : 8 << keys.kind;
  }
  pack(keys, in, 0, n, records);
  finish(keys, in, records, spare, n, values, indices);
}

// ---- the smallest few

int64_t below(const SortKeys& keys, const void* in, int64_t begin, int64_t n, uint64_t limit, SortCandidate* candidates,
              int64_t capacity, int64_t* found) {
  return with_kind(keys.kind, [&]<class K>() -> int64_t {
    using T = typename K::Element;
    constexpr int64_t kStep = kSortStep / sizeof(T);
    const T *p = static_cast<const T*>(in), flip = static_cast<T>(keys.flip), top = static_cast<T>(limit);
    constexpr int64_t kFew = kStep / 4;
    int64_t count = 0, i = begin;
    const auto any = [&](int64_t steps) {
      T found = 0;
      for (int64_t j = 0; j < steps; ++j) found |= static_cast<T>(K::key(p[i + j], flip) <= top);
      return found != 0;
    };
    const auto look = [&](int64_t end) {
      for (; i < end; ++i) {
        const T key = K::key(p[i], flip);
        candidates[count] = {key, i};
        count += key <= top;
      }
    };
    while (i < n && count + kStep < capacity) {  // looked at lane by lane only where a key is small enough
      if (n - i < kStep) {
        look(n);
      } else if (!any(kStep)) {
        i += kStep;
      } else {
        for (const int64_t end = i + kStep; i < end;)
          if (any(kFew))
            look(i + kFew);
          else
            i += kFew;
      }
    }
    *found = count;
    return i;
  });
}

}  // namespace

extern const SortKernels kSort;
const SortKernels kSort = {start, differ, narrow, pack, count, partition, collect, repack, finish, row, below};

}  // namespace wengert::WENGERT_ISA
