// Operators that choose or mix: where, clamp, fmax and fmin, relu, heaviside, nan_to_num, lerp, addcmul, addcdiv, isclose.
#include "kernels/elementwise_loop.h"
#include "simd/extremes.h"

namespace wengert::WENGERT_ISA {
namespace {

// ---- where: operand 1 is a mask of bytes 0 and 1, the others are elements of any dtype of T's width

// Steps of 1, or 0 for one repeated element. A plain loop, which the compiler vectorises: 1e6 float32 in 115 us, as fast as
// memory, for every instruction set. SSE2 has no 64-bit mask and would branch.
template <int AStep, int BStep, class T>
void where_row(T* out, const uint8_t* mask, const T* a, const T* b, int64_t n) {
#if !defined(__clang__)
#pragma GCC ivdep  // the result is apart from an input or the input itself
#endif
  for (int64_t i = 0; i < n; ++i) {
    const T x = a[i * AStep], y = b[i * BStep];
    if constexpr (sizeof(T) < 8 || kVectorBytes > 16) {
      out[i] = mask[i] ? x : y;
    } else {
      const T chosen = -static_cast<T>(mask[i]);
      out[i] = (x & chosen) | (y & ~chosen);
    }
  }
}

// A row that takes one side as a whole.
template <class T>
void copy_row(T* out, const char* from, int64_t step, int64_t n) {
  if (step == sizeof(T)) {
    __builtin_memmove(out, from, static_cast<size_t>(n) * sizeof(T));
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = *reinterpret_cast<const T*>(from + i * step);
  }
}

template <class T>
void where_strided(char* const* p, const int64_t* step, int64_t n) {
#pragma GCC unroll 1
  for (int64_t i = 0; i < n; ++i) {
    const char* chosen = p[1][i * step[1]] ? p[2] + i * step[2] : p[3] + i * step[3];
    *reinterpret_cast<T*>(p[0] + i * step[0]) = *reinterpret_cast<const T*>(chosen);
  }
}

template <class T>
void where_loop(const ElementwiseArgs& args) {
  constexpr int64_t size = sizeof(T);
  const int64_t a_step = args.n == 1 ? 0 : args.step[2], b_step = args.n == 1 ? 0 : args.step[3];
  const bool dense = args.n == 1 || (args.step[0] == size && args.step[1] == 1);
  each_row<4>(args, [&](char* const* p) {
    T* out = reinterpret_cast<T*>(p[0]);
    const uint8_t* mask = reinterpret_cast<const uint8_t*>(p[1]);
    const T *a = reinterpret_cast<const T*>(p[2]), *b = reinterpret_cast<const T*>(p[3]);
    if (dense && a_step == size && b_step == size)
      where_row<1, 1>(out, mask, a, b, args.n);
    else if (dense && a_step == 0 && b_step == size)
      where_row<0, 1>(out, mask, a, b, args.n);
    else if (dense && a_step == size && b_step == 0)
      where_row<1, 0>(out, mask, a, b, args.n);
    else if (dense && a_step == 0 && b_step == 0)
      where_row<0, 0>(out, mask, a, b, args.n);
    else if (args.step[0] == size && args.step[1] == 0)
      *mask ? copy_row<T>(out, p[2], args.step[2], args.n) : copy_row<T>(out, p[3], args.step[3], args.n);
    else
      where_strided<T>(p, args.step, args.n);
  });
}

constexpr ElementwiseLoops kWhereLoops = {{where_loop<uint8_t>, where_loop<uint8_t>, where_loop<uint8_t>, where_loop<uint16_t>,
                                           where_loop<uint32_t>, where_loop<uint64_t>, where_loop<uint16_t>,
                                           where_loop<uint32_t>, where_loop<uint64_t>, where_loop<uint32_t>,
                                           where_loop<uint64_t>}};

// ---- larger and smaller. Of equal operands, zeros of both signs among them, a is the result. (larger() and smaller() of
// floats give the second operand there, and where either is NaN.)

template <class T>
inline constexpr bool kIsFloating = static_cast<T>(0.5) != T(0);

struct Maximum {  // NaN where either is
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    if constexpr (kIsFloating<T>)
      return blend(unordered(b, b), b, larger(b, a));
    else
      return larger(a, b);
  }
};
struct Minimum {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    if constexpr (kIsFloating<T>)
      return blend(unordered(b, b), b, smaller(b, a));
    else
      return smaller(a, b);
  }
};
struct Clamp {
  template <class V>
  V operator()(V a, V low, V high) const {
    return Minimum{}(Maximum{}(a, low), high);
  }
};
struct LargerNumber {  // NaN where both are
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    return blend(unordered(a, a), b, larger(b, a));
  }
};
struct SmallerNumber {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    return blend(unordered(a, a), b, smaller(b, a));
  }
};
struct Relu {
  template <class T>
  Vec<T> operator()(Vec<T> a) const {
    const Vec<T> zero(T(0));
    return select(a < zero, zero, a);
  }
};
struct Heaviside {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> values) const {
    return select(a.v == T(0), values, select(a.v > T(0), Vec<T>(T(1)), Vec<T>(T(0))));
  }
};
struct Or {
  template <class V>
  V operator()(V a, V b) const {
    return a.v | b.v;
  }
};
struct And {
  template <class V>
  V operator()(V a, V b) const {
    return a.v & b.v;
  }
};
struct NanToNum {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> nan, Vec<T> positive, Vec<T> negative) const {
    constexpr T kInfinity = sizeof(T) == 4 ? T(__builtin_inff()) : T(__builtin_inf());
    const Vec<T> finite = select(a.v == kInfinity, positive, select(a.v == -kInfinity, negative, a));
    return select(a.v != a.v, nan, finite);
  }
};

// ---- mixes

struct Lerp {  // from the nearer end, so that a weight of 1 gives b
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b, Vec<T> weight) const {
    const Vec<T> way = b - a, half(T(0.5)), one(T(1));
    const Vec<T> magnitude = select(weight < Vec<T>(T(0)), -weight, weight);
    return select(magnitude < half, fma(weight, way, a), b - way * (one - weight));
  }
};
struct AddProduct {
  template <class V>
  V operator()(V a, V b, V c, V value) const {
    return a + value * b * c;
  }
};
struct AddQuotient {
  template <class V>
  V operator()(V a, V b, V c, V value) const {
    return a + value * b / c;
  }
};

// 0 <= x - y < infinity or equal, within atol + rtol |y|; EqualNan: or both NaN.
template <bool EqualNan, class T>
bool is_close(T a, T b, T rtol, T atol) {
  constexpr T kMax = sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__);
  const T difference = a < b ? b - a : a - b, bound = rtol * b, allowed = atol + (bound < 0 ? -bound : bound);
  const bool close = (a == b) | ((difference <= allowed) & (difference <= kMax));
  return EqualNan ? close | ((a != a) & (b != b)) : close;
}
template <class T, bool EqualNan>
void close_dense(uint8_t* out, const T* a, const T* b, T rtol, T atol, int64_t n) {
#if !defined(__clang__)
#pragma GCC ivdep
#endif
  for (int64_t i = 0; i < n; ++i) out[i] = is_close<EqualNan>(a[i], b[i], rtol, atol);
}
template <class T, bool EqualNan>
void close_loop(const ElementwiseArgs& args) {
  const bool dense = args.n == 1 || (args.step[0] == 1 && args.step[1] == sizeof(T) && args.step[2] == sizeof(T));
  each_row<5>(args, [&](char* const* p) {
    const T rtol = *reinterpret_cast<const T*>(p[3]), atol = *reinterpret_cast<const T*>(p[4]);
    const auto at = [&](int k, int64_t i) { return *reinterpret_cast<const T*>(p[k] + i * args.step[k]); };
    if (dense)
      return close_dense<T, EqualNan>(reinterpret_cast<uint8_t*>(p[0]), reinterpret_cast<const T*>(p[1]),
                                      reinterpret_cast<const T*>(p[2]), rtol, atol, args.n);
#pragma GCC unroll 1
    for (int64_t i = 0; i < args.n; ++i) p[0][i * args.step[0]] = is_close<EqualNan>(at(1, i), at(2, i), rtol, atol);
  });
}

template <bool EqualNan>
constexpr ElementwiseLoops close_loops() {
  ElementwiseLoops loops{};
  loops.by_dtype[index_of(DType::float32)] = close_loop<float, EqualNan>;
  loops.by_dtype[index_of(DType::float64)] = close_loop<double, EqualNan>;
  return loops;
}

constexpr ElementwiseLoop kOr = elementwise_loop<Or, uint8_t, 2>, kAnd = elementwise_loop<And, uint8_t, 2>;
constexpr ElementwiseLoops kMaximum = signed_loops<Maximum, 2>(kOr), kMinimum = signed_loops<Minimum, 2>(kAnd);

// Those of integers with other loops for floats.
template <class F>
constexpr ElementwiseLoops number_loops(ElementwiseLoops loops) {
  loops.by_dtype[index_of(DType::float32)] = elementwise_loop<F, float, 2>;
  loops.by_dtype[index_of(DType::float64)] = elementwise_loop<F, double, 2>;
  return loops;
}

const ElementwiseRow kRows[] = {
    {.name = "maximum",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .doc = "The larger of input and other, element by element; NaN where either is.\n\n"
            ">>> wengert.maximum(wengert.tensor([1, 5]), wengert.tensor([3, 2]))\ntensor([3, 5])",
     .loops = kMaximum,
     .has_inplace = false},
    {.name = "minimum",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .doc = "The smaller of input and other, element by element; NaN where either is.\n\n"
            ">>> wengert.minimum(wengert.tensor([1, 5]), wengert.tensor([3, 2]))\ntensor([1, 2])",
     .loops = kMinimum,
     .has_inplace = false},
    {.name = "fmax",
     .kernel = "maximum_cpu",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .doc = "The larger of input and other, element by element; where one is NaN, the other.\n\n"
            ">>> wengert.fmax(wengert.tensor([1, wengert.nan]), wengert.tensor([3., 2]))\ntensor([3., 2.])",
     .loops = number_loops<LargerNumber>(kMaximum),
     .has_inplace = false},
    {.name = "fmin",
     .kernel = "minimum_cpu",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .doc = "The smaller of input and other, element by element; where one is NaN, the other.\n\n"
            ">>> wengert.fmin(wengert.tensor([1, wengert.nan]), wengert.tensor([3., 2]))\ntensor([1., 2.])",
     .loops = number_loops<SmallerNumber>(kMinimum),
     .has_inplace = false},
    {.name = "relu",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "input, but 0 where it is negative, element by element.\n\n"
            ">>> wengert.tensor([-1.5, 2]).relu()\ntensor([0., 2.])",
     .loops = signed_loops<Relu, 1>(nullptr),
     .exact_out = true,
     .bool_error = "Boolean inputs not supported for relu"},
    {.name = "heaviside",
     .signature = "input: Tensor, values: Tensor",
     .arity = 2,
     .doc = "0 where input is negative or NaN, values where it is zero, 1 where it is positive. Both have one dtype.\n\n"
            ">>> wengert.heaviside(wengert.tensor([-2., 0, 3]), wengert.tensor([0.5]))\ntensor([0.0000, 0.5000, 1.0000])",
     .loops = signed_loops<Heaviside, 2>(kOr),
     .dtype_error = "heaviside is not yet implemented for tensors with different dtypes."},
    // Behind ops/choice.cpp.
    {.name = "where",
     .signature = "condition: , input: , other: ",
     .arity = 3,
     .loops = kWhereLoops,
     .hidden = true,
     .has_mask = true,
     .checked_numbers = true},
    {.name = "masked_fill",
     .signature = "mask: , value: , input: ",
     .arity = 3,
     .loops = kWhereLoops,
     .hidden = true,
     .has_mask = true},
    {.name = "clamp_min",
     .kernel = "clamp_min_scalar_cpu",
     .signature = "input: , min: ",
     .arity = 2,
     .loops = kMaximum,
     .hidden = true,
     .checked_numbers = true},
    {.name = "clamp_max",
     .kernel = "clamp_max_scalar_cpu",
     .signature = "input: , max: ",
     .arity = 2,
     .loops = kMinimum,
     .hidden = true,
     .checked_numbers = true},
    {.name = "clamp",
     .signature = "input: , min: , max: ",
     .arity = 3,
     .ns = 0.03f,
     .loops = signed_loops<Clamp, 3>(nullptr),
     .hidden = true,
     .checked_numbers = true},
    {.name = "nan_to_num",
     .signature = "input: , nan: , posinf: , neginf: ",
     .arity = 4,
     .ns = 0.05f,
     .loops = floating_loops<NanToNum, 4>(),
     .hidden = true},
    {.name = "lerp",
     .kernel = "lerp_kernel_tensor",
     .signature = "input: , end: , weight: ",
     .arity = 3,
     .ns = 0.05f,
     .loops = floating_loops<Lerp, 3>(),
     .hidden = true,
     .exact_out = true,
     .checked_numbers = true},
    {.name = "addcmul",
     .kernel = "addcmul_cpu_out",
     .signature = "input: , tensor1: , tensor2: , value: ",
     .arity = 4,
     .ns = 0.03f,
     .loops = wrapping_loops<AddProduct, 4>(nullptr),
     .hidden = true,
     .checked_numbers = true},
    {.name = "addcdiv",
     .kernel = "addcdiv_cpu_out",
     .signature = "input: , tensor1: , tensor2: , value: ",
     .arity = 4,
     .ns = 0.1f,
     .loops = floating_loops<AddQuotient, 4>(),
     .hidden = true,
     .checked_numbers = true},
    {.name = "isclose",
     .signature = "input: , other: , rtol: , atol: ",
     .rule = DTypeRule::compare,
     .arity = 4,
     .ns = 0.5f,
     .loops = close_loops<false>(),
     .hidden = true},
    {.name = "isclose_nan",
     .signature = "input: , other: , rtol: , atol: ",
     .rule = DTypeRule::compare,
     .arity = 4,
     .ns = 0.5f,
     .loops = close_loops<true>(),
     .hidden = true},
};

}  // namespace

extern const ElementwiseRows kChoice;
const ElementwiseRows kChoice = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
