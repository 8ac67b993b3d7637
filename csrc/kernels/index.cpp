#include "kernels/index.h"

#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

// ---- offsets

// The sign bit of `bad` is set where an index lay outside [0, size).
template <class Index, bool Add>
int64_t dense_offsets(int64_t* __restrict out, const Index* __restrict index, const OffsetArgs& a) {
  const uint64_t wrap = a.wrap ? a.size : 0, last = a.size - 1, stride = a.stride, start = a.start, step = a.step;
  uint64_t bad = 0;
  for (int64_t i = 0; i < a.n; ++i) {
    const int64_t given = index[i];
    const uint64_t v = given + (given < 0 ? wrap : 0);
    bad |= v | (last - v);
    out[i] = static_cast<int64_t>((Add ? static_cast<uint64_t>(out[i]) : start) + i * step + v * stride);
  }
  return static_cast<int64_t>(bad);
}

template <class Index>
bool offsets(const OffsetArgs& a) {
  if (a.index_step == sizeof(Index)) {
    const Index* index = reinterpret_cast<const Index*>(a.index);
    return (a.add ? dense_offsets<Index, true>(a.out, index, a) : dense_offsets<Index, false>(a.out, index, a)) >= 0;
  }
  uint64_t bad = 0;
  const char* p = a.index;
#pragma GCC unroll 1
  for (int64_t i = 0; i < a.n; ++i, p += a.index_step) {
    const int64_t given = *reinterpret_cast<const Index*>(p);
    const uint64_t v = given + static_cast<uint64_t>(given < 0 && a.wrap ? a.size : 0);
    bad |= v | (a.size - 1 - v);
    a.out[i] = static_cast<int64_t>(static_cast<uint64_t>(a.add ? a.out[i] : a.start) + i * a.step + v * a.stride);
  }
  return static_cast<int64_t>(bad) >= 0;
}

template <class Index>
int64_t bounds(const BoundsArgs& a) {
  constexpr int64_t kBlock = 1024;
  const int64_t low = a.wrap ? -a.size : 0;
  const uint64_t span = a.size - low;
  for (int64_t i = 0; i < a.n; i += kBlock) {
    const int64_t end = i + kBlock < a.n ? i + kBlock : a.n;
    uint64_t bad = 0;  // in the sign bit
    if (a.index_step == sizeof(Index)) {
      const Index* index = reinterpret_cast<const Index*>(a.index);
      for (int64_t k = i; k < end; ++k) {
        const uint64_t v = index[k] - static_cast<uint64_t>(low);
        bad |= v | (span - 1 - v);
      }
    } else {
#pragma GCC unroll 1
      for (int64_t k = i; k < end; ++k) {
        const uint64_t v = *reinterpret_cast<const Index*>(a.index + k * a.index_step) - static_cast<uint64_t>(low);
        bad |= v | (span - 1 - v);
      }
    }
    if (static_cast<int64_t>(bad) >= 0) continue;
    for (int64_t k = i; k < end; ++k) {
      const int64_t v = *reinterpret_cast<const Index*>(a.index + k * a.index_step);
      if (v < low || v >= a.size) return k;
    }
  }
  return a.n;
}

// One branchless pass: what is not kept is overwritten by the next.
int64_t part(const int64_t* offsets, int64_t n, int64_t low, int64_t high, int64_t step, int64_t* kept, int64_t* positions) {
  int64_t count = 0;
  const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
#pragma GCC unroll 4
  for (int64_t i = 0; i < n; ++i) {
    const int64_t offset = offsets[i];
    kept[count] = offset;
    positions[count] = i * step;
    count += static_cast<uint64_t>(offset) - static_cast<uint64_t>(low) < span;
  }
  return count;
}

// ---- moves

template <class T>
void move_elements(const MoveArgs& a) {
  const int64_t *to = a.out_offsets, *from = a.in_offsets;
  if (!to && a.out_step == sizeof(T)) {
    T* out = reinterpret_cast<T*>(a.out);
#pragma GCC unroll 8
    for (int64_t i = 0; i < a.n; ++i) out[i] = *reinterpret_cast<const T*>(a.in + from[i]);
  } else if (!to) {
#pragma GCC unroll 4
    for (int64_t i = 0; i < a.n; ++i)
      *reinterpret_cast<T*>(a.out + i * a.out_step) = *reinterpret_cast<const T*>(a.in + from[i]);
  } else if (!from) {
#pragma GCC unroll 4
    for (int64_t i = 0; i < a.n; ++i) *reinterpret_cast<T*>(a.out + to[i]) = *reinterpret_cast<const T*>(a.in + i * a.in_step);
  } else {
#pragma GCC unroll 4
    for (int64_t i = 0; i < a.n; ++i) *reinterpret_cast<T*>(a.out + to[i]) = *reinterpret_cast<const T*>(a.in + from[i]);
  }
}

using Bytes = Vec<uint8_t>;
constexpr int64_t kAhead = 12;      // runs whose source is asked for before it is read
constexpr int64_t kAheadLines = 8;  // of one run; the processor's own prefetcher follows from there

struct Sixteen {
  uint64_t low, high;
};

// The first and the last sizeof(T) of at least as many and at most twice as many bytes.
template <class T>
void copy_ends(char* out, const char* in, int64_t bytes) {
  T first, last;
  __builtin_memcpy(&first, in, sizeof(T));
  __builtin_memcpy(&last, in + bytes - sizeof(T), sizeof(T));
  __builtin_memcpy(out, &first, sizeof(T));
  __builtin_memcpy(out + bytes - sizeof(T), &last, sizeof(T));
}

// Fewer bytes than a vector.
inline void copy_short(char* out, const char* in, int64_t bytes) {
#if WENGERT_AVX512
  const int count = static_cast<int>(bytes);
  Bytes::load(reinterpret_cast<const uint8_t*>(in), count).store(reinterpret_cast<uint8_t*>(out), count);
#else
  if (bytes >= 16)
    copy_ends<Sixteen>(out, in, bytes);
  else if (bytes >= 8)
    copy_ends<uint64_t>(out, in, bytes);
  else if (bytes >= 4)
    copy_ends<uint32_t>(out, in, bytes);
  else if (bytes >= 2)
    copy_ends<uint16_t>(out, in, bytes);
  else if (bytes == 1)
    *out = *in;
#endif
}

inline Bytes load_bytes(const char* p) { return Bytes::load(reinterpret_cast<const uint8_t*>(p)); }

template <bool Stream>
void copy_run(char* out, const char* in, int64_t bytes) {
  int64_t i = 0;
  for (; i + 4 * kVectorBytes <= bytes; i += 4 * kVectorBytes) {
    Bytes v[4];
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) v[u] = load_bytes(in + i + u * kVectorBytes);
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      uint8_t* to = reinterpret_cast<uint8_t*>(out + i + u * kVectorBytes);
      if constexpr (Stream)
        v[u].stream(to);
      else
        v[u].store(to);
    }
  }
  for (; i + kVectorBytes <= bytes; i += kVectorBytes) {
    uint8_t* to = reinterpret_cast<uint8_t*>(out + i);
    if constexpr (Stream)
      load_bytes(in + i).stream(to);
    else
      load_bytes(in + i).store(to);
  }
  if (i == bytes) return;
  if (bytes >= kVectorBytes)  // the last whole vector, over what is there already
    load_bytes(in + bytes - kVectorBytes).store(reinterpret_cast<uint8_t*>(out + bytes - kVectorBytes));
  else
    copy_short(out, in, bytes);
}

template <bool Stream>
void copy_runs(const MoveArgs& a) {
  const int64_t lines = (a.bytes + 63) / 64 < kAheadLines ? (a.bytes + 63) / 64 : kAheadLines;
  for (int64_t i = 0; i < a.n; ++i) {
    // What lies in no order is asked for early: the offsets of the scattered side are known.
    if (i + kAhead < a.n) {
      const int64_t* ahead = a.in_offsets ? a.in_offsets : a.out_offsets;
      const char* p = (a.in_offsets ? a.in : a.out) + ahead[i + kAhead];
      for (int64_t k = 0; k < lines; ++k) __builtin_prefetch(p + 64 * k);
    }
    copy_run<Stream>(a.out + (a.out_offsets ? a.out_offsets[i] : i * a.out_step),
                     a.in + (a.in_offsets ? a.in_offsets[i] : i * a.in_step), a.bytes);
  }
}

void move_runs(const MoveArgs& a) {
  const bool whole = a.bytes % kVectorBytes == 0 && reinterpret_cast<uintptr_t>(a.out) % kVectorBytes == 0 && !a.out_offsets &&
                     a.out_step % kVectorBytes == 0;
  if (!a.stream || !whole) return copy_runs<false>(a);
  copy_runs<true>(a);
  stream_fence();
}

// ---- accumulation

// Signed integers wrap as unsigned ones; narrow ones are not promoted to int, whose product could overflow.
struct Add {
  template <class T>
  static T of(T a, T b) {
    if constexpr (sizeof(T) < 4)
      return static_cast<T>(uint32_t{a} + b);
    else
      return a + b;
  }
};
struct Multiply {
  template <class T>
  static T of(T a, T b) {
    if constexpr (sizeof(T) < 4)
      return static_cast<T>(uint32_t{a} * b);
    else
      return a * b;
  }
};
struct Maximum {
  template <class T>
  static T of(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct Minimum {
  template <class T>
  static T of(T a, T b) {
    return a < b || a != a ? a : b;
  }
};

template <class Op, class T>
void accumulate_run(T* __restrict out, const T* __restrict in, int64_t run) {
  for (int64_t j = 0; j < run; ++j) out[j] = Op::of(out[j], in[j]);
}

template <class Op, class T>
void accumulate(const AccumulateArgs& a) {
  const int64_t *to = a.out_offsets, *from = a.in_offsets;
  if (a.run == 1 && !from) {
    const char* in = a.in;
#pragma GCC unroll 4
    for (int64_t i = 0; i < a.n; ++i, in += a.in_step) {
      T* out = reinterpret_cast<T*>(a.out + to[i]);
      *out = Op::of(*out, *reinterpret_cast<const T*>(in));
    }
    return;
  }
  for (int64_t i = 0; i < a.n; ++i)
    accumulate_run<Op>(reinterpret_cast<T*>(a.out + to[i]), reinterpret_cast<const T*>(a.in + (from ? from[i] : i * a.in_step)),
                       a.run);
}

// What a dtype is computed as: bool as 0 and 1 by the integer operators that keep them so, and sums and products of signed
// integers in the unsigned type of their width.
template <class Op, class T>
struct Computed {
  using type = T;
  using op = Op;
};
template <>
struct Computed<Add, bool> {
  using type = uint8_t;
  using op = Maximum;
};
template <>
struct Computed<Multiply, bool> {
  using type = uint8_t;
  using op = Minimum;
};
template <>
struct Computed<Maximum, bool> : Computed<Add, bool> {};
template <>
struct Computed<Minimum, bool> : Computed<Multiply, bool> {};
#define WENGERT_UNSIGNED(op_, from, to) \
  template <>                           \
  struct Computed<op_, from> {          \
    using type = to;                    \
    using op = op_;                     \
  };
WENGERT_UNSIGNED(Add, int8_t, uint8_t)
WENGERT_UNSIGNED(Add, int16_t, uint16_t)
WENGERT_UNSIGNED(Add, int32_t, uint32_t)
WENGERT_UNSIGNED(Add, int64_t, uint64_t)
WENGERT_UNSIGNED(Multiply, int8_t, uint8_t)
WENGERT_UNSIGNED(Multiply, int16_t, uint16_t)
WENGERT_UNSIGNED(Multiply, int32_t, uint32_t)
WENGERT_UNSIGNED(Multiply, int64_t, uint64_t)
#undef WENGERT_UNSIGNED

template <class Op, class T>
constexpr AccumulateLoop kLoop = accumulate<typename Computed<Op, T>::op, typename Computed<Op, T>::type>;

}  // namespace

#define WENGERT_LOOP(name, type, text, scalar, format) kLoop<WENGERT_OP, type>,
extern const IndexKernels kIndex;
const IndexKernels kIndex = {
    {offsets<int32_t>, offsets<int64_t>},
    {bounds<int32_t>, bounds<int64_t>},
    part,
    {move_elements<uint8_t>, move_elements<uint16_t>, move_elements<uint32_t>, move_elements<uint64_t>},
    move_runs,
    {
#define WENGERT_OP Add
        {WENGERT_DTYPES(WENGERT_LOOP)},
#undef WENGERT_OP
#define WENGERT_OP Multiply
        {WENGERT_DTYPES(WENGERT_LOOP)},
#undef WENGERT_OP
#define WENGERT_OP Maximum
        {WENGERT_DTYPES(WENGERT_LOOP)},
#undef WENGERT_OP
#define WENGERT_OP Minimum
        {WENGERT_DTYPES(WENGERT_LOOP)},
#undef WENGERT_OP
    },
};

}  // namespace wengert::WENGERT_ISA
