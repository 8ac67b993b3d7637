// Random integers and permutations.
#include <cmath>
#include <limits>
#include <mutex>
#include <type_traits>
#include <utility>

#include "core/parallel.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/draw.h"
#include "ops/promote.h"
#include "ops/random.h"

namespace wengert {
namespace {

constexpr double kIntegerNs = 2, kWideNs = 8;  // of an element from one word, and from two, with its division

// out, in the order of memory, from make(word): one word of the stream for each element, or two.
template <class T, class Word, class Make>
void fill_from_words(const Tensor& out, Generator& generator, Make make) {
  constexpr std::int64_t kWordsEach = sizeof(Word) / 4, kChunk = 4096 / sizeof(Word);
  constexpr double kNs = kWordsEach == 1 ? kIntegerNs : kWideNs;
  through_dense(in_memory_order(out), [&](const Tensor& dense) {
    T* data = dense.data<T>();
    LongWork work(kNs * static_cast<double>(dense.numel()));
    const std::scoped_lock lock(generator.mutex);
    draw_parts(generator.engine, dense.numel(), kWordsEach, kNs,
               [&](MersenneTwister& local, std::int64_t begin, std::int64_t end) {
                 std::uint32_t words[kChunk * kWordsEach];
                 for (std::int64_t i = begin; i < end; i += kChunk) {
                   const std::int64_t count = std::min(kChunk, end - i);
                   draw_words(local, words, count * kWordsEach);
                   for (std::int64_t j = 0; j < count; ++j) {
                     Word word = words[j * kWordsEach];
                     if constexpr (kWordsEach == 2) word = word << 32 | words[2 * j + 1];
                     data[i + j] = make(word);
                   }
                 }
               });
  });
  out.bump_version();
}

template <class T>
constexpr int kDigits = std::numeric_limits<T>::digits;

// In a float dtype the ends are moved to numbers that it holds, as PyTorch does: the next above `from`, the next below `to`.
template <class T>
std::int64_t rounded_from(std::int64_t from) {
  const auto above = static_cast<std::int64_t>(static_cast<T>(from + 1));
  if (above >= from) return from;
  const auto magnitude = static_cast<std::uint64_t>(std::abs(from + 1));
  return above + (std::int64_t{1} << (63 - __builtin_clzll(magnitude) - kDigits<T> + 1));
}

template <class T>
std::int64_t rounded_to(std::int64_t to) {
  const auto below = static_cast<std::int64_t>(static_cast<T>(to - 1));
  if (below < to) return to;
  const auto magnitude = static_cast<std::uint64_t>(std::abs(to - 1));
  return below - (std::int64_t{1} << (63 - __builtin_clzll(magnitude) - kDigits<T> + 1));
}

template <class T>
void check_holds(const char* name, std::int64_t value) {
  if constexpr (std::is_integral_v<T>)
    check(std::in_range<std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>>(value) &&
              (!std::is_same_v<T, bool> || value <= 1),
          name, " is out of bounds for ", cpp_name(dtype_of<T>::value));
}

// base + word % range. A range of 0 stands for 2^64.
template <class T>
void fill_range(const Tensor& out, std::uint64_t range, std::int64_t base, Generator& generator) {
  const auto offset = static_cast<std::uint64_t>(base);
  if (range == 0)
    return fill_from_words<T, std::uint64_t>(
        out, generator, [=](std::uint64_t word) { return static_cast<T>(static_cast<std::int64_t>(word + offset)); });
  // From 2^28 up the remainder of one word would be uneven.
  if (range >= (std::uint64_t{1} << 28))
    return fill_from_words<T, std::uint64_t>(
        out, generator, [=](std::uint64_t word) { return static_cast<T>(static_cast<std::int64_t>(word % range + offset)); });
  const auto narrow = static_cast<std::uint32_t>(range);
  fill_from_words<T, std::uint32_t>(
      out, generator, [=](std::uint32_t word) { return static_cast<T>(static_cast<std::int64_t>(word % narrow + offset)); });
}

}  // namespace

void integer_fill(const Tensor& out, std::int64_t from, std::int64_t to, Generator& generator) {
  check_writable(out);
  check(from < to, "random_ expects 'from' to be less than 'to', but got from=", from, " >= to=", to);
  dispatch(out.dtype(), [&]<class T>() {
    std::int64_t low = from, high = to;
    if constexpr (std::is_floating_point_v<T>) {
      low = rounded_from<T>(from);
      high = rounded_to<T>(to);
      check(low < high, "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=", low,
            " >= to=", high);
    }
    check_holds<T>("from", low);
    check_holds<T>("to - 1", high - 1);
    fill_range<T>(out, static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low), low, generator);
  });
}

namespace {

Result random_to_op(const Call& call) {
  const Value* a = call.args;
  integer_fill(*a[0].tensor, 0, a[1].integer(), generator_of(a[2]));
  return *a[0].tensor;
}

Result random_from_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& out = *a[0].tensor;
  if (a[2].given()) {
    integer_fill(out, a[1].integer(), a[2].integer(), generator_of(a[3]));
    return out;
  }
  check_writable(out);
  dispatch(out.dtype(), [&]<class T>() {
    std::int64_t from = a[1].integer(), last = std::numeric_limits<std::int64_t>::max();
    if (from == std::numeric_limits<std::int64_t>::min()) return fill_range<T>(out, 0, 0, generator_of(a[3]));
    if constexpr (std::is_floating_point_v<T>) {
      last = std::int64_t{1} << kDigits<T>;
      from = rounded_from<T>(from);
      check(from < last,
            "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got ",
            "from=", from, " > to_inc=", last);
    } else if constexpr (sizeof(T) < 8) {
      last = std::is_same_v<T, bool> ? 1 : static_cast<std::int64_t>(std::numeric_limits<T>::max());
    }
    check_holds<T>("from", from);
    fill_range<T>(out, static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(from) + 1, from, generator_of(a[3]));
  });
  return out;
}

// Every number of an integer dtype from 0 up, or those up to 2^24 and 2^53 of a float dtype.
Result random_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& out = *a[0].tensor;
  check_writable(out);
  dispatch(out.dtype(), [&]<class T>() {
    using Word = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    constexpr std::uint64_t kRange =
        std::is_floating_point_v<T> ? (std::uint64_t{1} << kDigits<T>)+1 : std::uint64_t{1} << (kDigits<T> & 63);
    constexpr bool kWhole = !std::is_floating_point_v<T> && kDigits<T> == 64;
    fill_from_words<T, Word>(out, generator_of(a[1]), [](Word word) { return static_cast<T>(kWhole ? word : word % kRange); });
  });
  return out;
}

// a[first ...]: generator, dtype, layout, device, pin_memory, requires_grad.
Result randint(const Call& call, std::int64_t low, std::int64_t high, const Dims& sizes, int first) {
  const Value* a = call.args;
  const DType dtype = dtype_or(a[first + 1], call.out ? call.out->dtype() : DType::int64);
  check_sizes(sizes);
  const Tensor result = result_of(call, sizes, dtype);
  integer_fill(result, low, high, generator_of(a[first]));
  return written(call, result);
}

Result randint_op(const Call& call) {
  const Value* a = call.args;
  return randint(call, 0, a[0].integer(), a[1].ints, 2);
}
Result randint_low_op(const Call& call) {
  const Value* a = call.args;
  return randint(call, a[0].integer(), a[1].integer(), a[2].ints, 3);
}

// a[first ...]: generator, dtype, layout, device, pin_memory, requires_grad, memory_format.
Result randint_like(const Call& call, std::int64_t low, std::int64_t high, int first) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const Tensor result = empty_like(input, dtype_or(a[first + 1], input.dtype()), a[first + 6]);
  integer_fill(result, low, high, generator_of(a[first]));
  return written(call, result);
}

Result randint_like_op(const Call& call) { return randint_like(call, 0, call.args[1].integer(), 2); }
Result randint_like_low_op(const Call& call) { return randint_like(call, call.args[1].integer(), call.args[2].integer(), 3); }

// Fisher-Yates as PyTorch draws it: forwards from words, from 2^32 / 20 elements up inside-out from pairs of words.
Result randperm_op(const Call& call) {
  const Value* a = call.args;
  const std::int64_t n = a[0].integer();
  const DType dtype = dtype_or(a[2], call.out ? call.out->dtype() : DType::int64);
  check_sizes({n});
  if (dtype == DType::boolean) fail(ErrorKind::not_implemented, "\"randperm\" not implemented for 'Bool'");
  dispatch(dtype, [&]<class T>() {
    if constexpr (std::is_integral_v<T>)
      check(n <= 0 || std::in_range<std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>>(n),
            "value cannot be converted to type ", info(dtype).name, sizeof(T) < 4 || !std::is_signed_v<T> ? "_t" : "",
            " without overflow");
  });
  const Tensor result = result_of(call, {n}, dtype);
  Generator& generator = generator_of(a[1]);
  through_dense(result, [&](const Tensor& dense) {
    dispatch(dtype, [&]<class T>() {
      T* p = dense.data<T>();
      LongWork work(10 * static_cast<double>(n));
      const std::scoped_lock lock(generator.mutex);
      if (n < std::numeric_limits<std::uint32_t>::max() / 20) {
        for (std::int64_t i = 0; i < n; ++i) p[i] = static_cast<T>(i);
        constexpr std::int64_t kChunk = 512;
        std::uint32_t words[kChunk];
        for (std::int64_t i = 0; i < n - 1; i += kChunk) {
          const std::int64_t count = std::min(kChunk, n - 1 - i);
          draw_words(generator.engine, words, count);
          for (std::int64_t j = i; j < i + count; ++j)
            std::swap(p[j], p[j + static_cast<std::int64_t>(words[j - i] % static_cast<std::uint32_t>(n - j))]);
        }
        return;
      }
      for (std::int64_t i = 0; i < n; ++i) {
        const auto at = static_cast<std::int64_t>(draw64(generator) % static_cast<std::uint64_t>(i + 1));
        p[i] = static_cast<T>(i);
        p[i] = p[at];
        p[at] = static_cast<T>(i);
      }
    });
  });
  result.bump_version();
  return written(call, result);
}

#define WENGERT_DRAW_ARGS                                                                                                     \
  "*, generator: Generator? = None, dtype: dtype? = None, layout: layout? = None, device: device? = None, pin_memory: bool? " \
  "= False, requires_grad: bool? = False"
#define WENGERT_INTEGER_DOC " For a seed they are PyTorch's own.\n\n>>> g = wengert.Generator().manual_seed(0)\n"

constexpr OpRow kRows[] = {
    {"randint", "", "high: int, size: tuple, " WENGERT_DRAW_ARGS, kFunction | kOut, randint_op,
     "Integers drawn evenly from [0, high), int64 unless dtype is given." WENGERT_INTEGER_DOC
     ">>> wengert.randint(10, (3,), generator=g)\ntensor([4, 9, 3])"},
    {"randint.low", "", "low: int, high: int, size: tuple, " WENGERT_DRAW_ARGS, kFunction | kOut, randint_low_op,
     "Integers drawn evenly from [low, high)." WENGERT_INTEGER_DOC
     ">>> wengert.randint(5, 10, (3,), generator=g)\ntensor([9, 9, 8])"},
    {"randint_like", "", "input: Tensor, high: int, " WENGERT_DRAW_ARGS ", memory_format: memory_format? = None", kFunction,
     randint_like_op,
     "Integers drawn evenly from [0, high), in input's shape and, unless given, dtype." WENGERT_INTEGER_DOC
     ">>> wengert.randint_like(wengert.zeros(3), 10, generator=g)\ntensor([4., 9., 3.])"},
    {"randint_like.low", "", "input: Tensor, low: int, high: int, " WENGERT_DRAW_ARGS ", memory_format: memory_format? = None",
     kFunction, randint_like_low_op,
     "Integers drawn evenly from [low, high), in input's shape and, unless given, dtype." WENGERT_INTEGER_DOC
     ">>> wengert.randint_like(wengert.zeros(3), 5, 10, generator=g)\ntensor([9., 9., 8.])"},
    {"randperm", "", "n: int, " WENGERT_DRAW_ARGS, kFunction | kOut, randperm_op,
     "The numbers 0, 1, ... n - 1 in random order, int64 unless dtype is given." WENGERT_INTEGER_DOC
     ">>> wengert.randperm(4, generator=g)\ntensor([0, 1, 3, 2])"},
    {"random_", "", "input: Tensor, *, generator: Generator? = None", kMethod | kInplaceOnly, random_op,
     "Fills the tensor with integers drawn evenly from 0 up to the largest that the dtype holds, for floats up to 2^24 or "
     "2^53." WENGERT_INTEGER_DOC ">>> wengert.zeros(2, dtype=wengert.uint8).random_(generator=g)\ntensor([172,  47], "
     "dtype=torch.uint8)"},
    {"random_.to", "", "input: Tensor, to: int, *, generator: Generator? = None", kMethod | kInplaceOnly, random_to_op,
     "Fills the tensor with integers drawn evenly from [0, to)." WENGERT_INTEGER_DOC
     ">>> wengert.zeros(3).random_(10, generator=g)\ntensor([4., 9., 3.])"},
    {"random_.from", "", "input: Tensor, from_: int, to: int?, *, generator: Generator? = None", kMethod | kInplaceOnly,
     random_from_op,
     "Fills the tensor with integers drawn evenly from [from_, to), without end for to=None." WENGERT_INTEGER_DOC
     ">>> wengert.zeros(3).random_(5, 10, generator=g)\ntensor([9., 9., 8.])"},
};

}  // namespace

constinit const std::span<const OpRow> kIntegerOps = kRows;

}  // namespace wengert
