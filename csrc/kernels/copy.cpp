#include "kernels/copy.h"

#include "kernels/by_dtype.h"

#include "simd/unsigned.h"
#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

// ---- copies of one width

template <class T>
void copy_dense(T* out, const T* in, int64_t n, bool stream) {
  constexpr int W = Vec<T>::width;
  int64_t i = 0;
  if (stream && n >= 2 * W) {
    const int head = static_cast<int>(-reinterpret_cast<uintptr_t>(out) % kVectorBytes / sizeof(T));
    if (head) Vec<T>::load(in, head).store(out, head);
    for (i = head; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) Vec<T>::load(in + i + u * W).stream(out + i + u * W);
    }
    stream_fence();
  }
  __builtin_memcpy(out + i, in + i, (n - i) * sizeof(T));
}

template <class T>
void fill_dense(T* out, T value, int64_t n, bool stream) {
  constexpr int W = Vec<T>::width;
  const Vec<T> v(value);
  int64_t i = 0;
  if (stream && n >= 2 * W) {
    const int head = static_cast<int>(-reinterpret_cast<uintptr_t>(out) % kVectorBytes / sizeof(T));
    if (head) v.store(out, head);
    for (i = head; i + W <= n; i += W) v.stream(out + i);
    stream_fence();
  }
  for (; i + W <= n; i += W) v.store(out + i);
  if (i < n) v.store(out + i, static_cast<int>(n - i));
}

template <class T>
void copy_backwards(T* __restrict out, const T* __restrict in, int64_t n) {
  in -= n - 1;
  for (int64_t i = 0; i < n; ++i) out[i] = in[n - 1 - i];
}

template <class T>
void copy_loop(const CopyArgs& a) {
  constexpr int64_t size = sizeof(T);
  for (int64_t r = 0; r < a.rows; ++r) {
    T* out = reinterpret_cast<T*>(a.out + r * a.out_row_step);
    const T* in = reinterpret_cast<const T*>(a.in + r * a.in_row_step);
    const int64_t out_step = a.out_step / size, in_step = a.in_step / size;
    if (a.n == 1) {
      *out = *in;
    } else if (out_step == 1 && in_step == 1) {
      copy_dense(out, in, a.n, a.stream);
    } else if (out_step == 1 && in_step == 0) {
      fill_dense(out, *in, a.n, a.stream);
    } else if (out_step == 1 && in_step == -1) {
      copy_backwards(out, in, a.n);
    } else if (out_step == 1) {
      for (int64_t i = 0; i < a.n; ++i) out[i] = in[i * in_step];
    } else {
      for (int64_t i = 0; i < a.n; ++i) out[i * out_step] = in[i * in_step];
    }
  }
}

// ---- casts

template <class T>
inline constexpr bool kIsFloating = static_cast<T>(0.5) != T(0);

// Truncates to Wide where it fits, else gives Wide's smallest number.
template <class Wide, class From>
Wide truncate_to(From x) {
  constexpr Wide kLowest = sizeof(Wide) == 4 ? static_cast<Wide>(INT32_MIN) : static_cast<Wide>(INT64_MIN);
  const From bound = -static_cast<From>(kLowest);
  const bool fits = x >= -bound && x < bound;
  const Wide whole = static_cast<Wide>(fits ? x : From(0));
  return fits ? whole : kLowest;
}

// The upper half of the unsigned range by way of the lower: what x86 compilers make of the conversion.
template <class Wide, class From>
auto truncate_to_unsigned(From x) {
  using Unsigned = typename UnsignedOf<sizeof(Wide)>::type;
  constexpr Unsigned kTop = Unsigned{1} << (8 * sizeof(Wide) - 1);
  const bool upper = x >= static_cast<From>(kTop);
  const auto whole = static_cast<Unsigned>(truncate_to<Wide>(upper ? x - static_cast<From>(kTop) : x));
  return static_cast<Unsigned>(upper ? whole ^ kTop : whole);
}

struct Bool {};  // stored as uint8 0 or 1

template <class From, class To>
struct Cast {
  using Stored = To;
  static To of(From x) {
    if constexpr (kIsFloating<From> && !kIsFloating<To>) {
      constexpr bool kUnsigned = static_cast<To>(-1) > To(0);
      if constexpr (kUnsigned && sizeof(To) == 8)
        return truncate_to_unsigned<int64_t>(x);
      else if constexpr (kUnsigned && sizeof(To) == 4)
        return truncate_to_unsigned<int32_t>(x);
      else if constexpr (sizeof(To) == 8 || (kUnsigned && sizeof(To) == 1))
        return static_cast<To>(truncate_to<int64_t>(x));
      else
        return static_cast<To>(truncate_to<int32_t>(x));
    } else {
      return static_cast<To>(x);
    }
  }
};
template <class From>
struct Cast<From, Bool> {
  using Stored = uint8_t;
  static uint8_t of(From x) { return x != From(0); }
};

template <class From, class To>
void cast_dense(typename Cast<From, To>::Stored* __restrict out, const From* __restrict in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = Cast<From, To>::of(in[i]);
}

template <class From, class To>
void cast_loop(const CopyArgs& a) {
  using Stored = typename Cast<From, To>::Stored;
  for (int64_t r = 0; r < a.rows; ++r) {
    char* out = a.out + r * a.out_row_step;
    const char* in = a.in + r * a.in_row_step;
    if (a.out_step == sizeof(Stored) && a.in_step == sizeof(From)) {
      cast_dense<From, To>(reinterpret_cast<Stored*>(out), reinterpret_cast<const From*>(in), a.n);
    } else {
#pragma GCC unroll 1
      for (int64_t i = 0; i < a.n; ++i, out += a.out_step, in += a.in_step)
        *reinterpret_cast<Stored*>(out) = Cast<From, To>::of(*reinterpret_cast<const From*>(in));
    }
  }
}

// ---- transposing copies

// Vectors of at most 16 bytes for elements of 1 and 2 bytes: a square of wider ones would not fit the registers.
template <class T>
struct TransposeVector;
#define WENGERT_TRANSPOSE(T, bytes)                                                         \
  template <>                                                                               \
  struct TransposeVector<T> {                                                               \
    typedef T Raw __attribute__((vector_size(bytes)));                                      \
    typedef T Unaligned __attribute__((vector_size(bytes), aligned(sizeof(T)), may_alias)); \
    static constexpr int kBytes = bytes;                                                    \
  };
WENGERT_TRANSPOSE(uint8_t, 16)
WENGERT_TRANSPOSE(uint16_t, 16)
WENGERT_TRANSPOSE(uint32_t, WENGERT_VECTOR_BYTES)
WENGERT_TRANSPOSE(uint64_t, WENGERT_VECTOR_BYTES)
#undef WENGERT_TRANSPOSE

template <int... I>
struct Lanes {};
template <int N, int... I>
struct CountLanes : CountLanes<N - 1, N - 1, I...> {};
template <int... I>
struct CountLanes<0, I...> {
  using type = Lanes<I...>;
};

// Exchanges the off-diagonal Step x Step blocks of rows a and b = a + Step.
template <int Step, class T, int... I>
void exchange(typename TransposeVector<T>::Raw& a, typename TransposeVector<T>::Raw& b, Lanes<I...>) {
  using Raw = typename TransposeVector<T>::Raw;
  constexpr int W = sizeof...(I);
#if defined(__clang__)
  const Raw low = __builtin_shufflevector(a, b, (I & Step ? W + I - Step : I)...);
  const Raw high = __builtin_shufflevector(a, b, (I & Step ? W + I : I + Step)...);
#else
  const Raw low = __builtin_shuffle(a, b, Raw{static_cast<T>(I & Step ? W + I - Step : I)...});
  const Raw high = __builtin_shuffle(a, b, Raw{static_cast<T>(I & Step ? W + I : I + Step)...});
#endif
  a = low, b = high;
}

template <int Step, class T, int W>
void transpose_steps(typename TransposeVector<T>::Raw (&v)[W]) {
  if constexpr (Step >= 1) {
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i)
      if ((i & Step) == 0) exchange<Step, T>(v[i], v[i + Step], typename CountLanes<W>::type{});
    transpose_steps<Step / 2, T, W>(v);
  }
}

template <class T>
void transpose_plain(const CopyArgs& a, int64_t row_begin, int64_t row_end, int64_t begin, int64_t end) {
  for (int64_t r = row_begin; r < row_end; ++r) {
    T* out = reinterpret_cast<T*>(a.out + r * a.out_row_step);
    const char* in = a.in + r * static_cast<int64_t>(sizeof(T));
#pragma GCC unroll 1
    for (int64_t i = begin; i < end; ++i) out[i] = *reinterpret_cast<const T*>(in + i * a.in_step);
  }
}

// One W x W square in registers.
template <class T, bool Stream>
void transpose_square(const CopyArgs& a, int64_t r, int64_t i) {
  using Vector = TransposeVector<T>;
  using Raw = typename Vector::Raw;
  constexpr int W = Vector::kBytes / sizeof(T);
  Raw v[W];
  const char* in = a.in + r * static_cast<int64_t>(sizeof(T)) + i * a.in_step;
#pragma GCC unroll 16
  for (int k = 0; k < W; ++k) v[k] = Raw(*reinterpret_cast<const typename Vector::Unaligned*>(in + k * a.in_step));
  transpose_steps<W / 2, T, W>(v);
  char* out = a.out + r * a.out_row_step + i * static_cast<int64_t>(sizeof(T));
#pragma GCC unroll 16
  for (int k = 0; k < W; ++k) {
    T* p = reinterpret_cast<T*>(out + k * a.out_row_step);
    if constexpr (Stream)
      Vec<T>(v[k]).stream(p);
    else
      *reinterpret_cast<typename Vector::Unaligned*>(p) = v[k];
  }
}

// Squares of rows [0, rows) and elements [0, n), in blocks of block_rows x block_n.
template <class T, bool Stream>
void transpose_squares(const CopyArgs& a, int64_t rows, int64_t n, int64_t block_rows, int64_t block_n) {
  constexpr int W = TransposeVector<T>::kBytes / sizeof(T);
  for (int64_t r0 = 0; r0 < rows; r0 += block_rows) {
    const int64_t r1 = r0 + block_rows < rows ? r0 + block_rows : rows;
    for (int64_t i0 = 0; i0 < n; i0 += block_n) {
      const int64_t i1 = i0 + block_n < n ? i0 + block_n : n;
      for (int64_t r = r0; r < r1; r += W)
        for (int64_t i = i0; i < i1; i += W) transpose_square<T, Stream>(a, r, i);
    }
  }
}

// Blocks that read whole lines and keep them in L1 until they are used up. 2000 x 2000 float32, best of many on a shared
// machine: streaming 64 x 16 590 us, 64 x 64 710 us; not streaming 16 x 256 710 us, 64 x 64 1820 us.
template <class T>
void transpose_loop(const CopyArgs& a) {
  constexpr int W = TransposeVector<T>::kBytes / sizeof(T);
  constexpr int64_t kLine = 64 / sizeof(T);
  const int64_t rows = a.rows / W * W, n = a.n / W * W;
  // Streaming pays by whole lines: squares whose rows are lines, at the line's start.
  bool stream = TransposeVector<T>::kBytes == 64 && a.stream;
  stream = stream && reinterpret_cast<uintptr_t>(a.out) % kVectorBytes == 0 && a.out_row_step % kVectorBytes == 0;
  if constexpr (TransposeVector<T>::kBytes == 64) {
    if (stream) {
      transpose_squares<T, true>(a, rows, n, 4 * kLine, kLine);
      stream_fence();
    }
  }
  if (!stream) transpose_squares<T, false>(a, rows, n, kLine, 256);
  transpose_plain<T>(a, 0, rows, n, a.n);
  transpose_plain<T>(a, rows, a.rows, 0, a.n);
}

// Integers that only lose or keep bits share the loops of their width.
template <class From, class To>
constexpr CopyLoop cast() {
  using To1 = typename UnsignedOf<sizeof(To)>::type;
  using From1 = typename UnsignedOf<sizeof(From)>::type;
  if constexpr (kIsFloating<From> == kIsFloating<To> && sizeof(From) == sizeof(To))
    return copy_loop<From1>;
  else if constexpr (kIsFloating<From> || kIsFloating<To>)
    return cast_loop<From, To>;
  else if constexpr (sizeof(To) < sizeof(From))
    return cast_loop<From1, To1>;
  else
    return cast_loop<From, To1>;
}
template <class From>
constexpr CopyLoop cast_to_bool() {
  if constexpr (kIsFloating<From>)
    return cast_loop<From, Bool>;
  else
    return cast_loop<typename UnsignedOf<sizeof(From)>::type, Bool>;
}

#define TO(To) cast<From, To>()
template <class From>
constexpr CopyCasts casts_from(CopyLoop boolean) {
  return {{boolean, WENGERT_BY_DTYPE(TO)}};
}
#undef TO

}  // namespace

#define FROM(From) casts_from<From>(cast_to_bool<From>())
extern const CopyKernels kCopy;
const CopyKernels kCopy = {
    {casts_from<uint8_t>(copy_loop<uint8_t>), WENGERT_BY_DTYPE(FROM)},
    {transpose_loop<uint8_t>, transpose_loop<uint16_t>, transpose_loop<uint32_t>, transpose_loop<uint64_t>},
};
#undef FROM

}  // namespace wengert::WENGERT_ISA
