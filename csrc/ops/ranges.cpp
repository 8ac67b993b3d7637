// Numbers evenly apart on a line or a logarithmic scale, and the positions of a matrix's triangles.
#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

#include "core/parallel.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/promote.h"

namespace wengert {
namespace {

// The ends as numbers; a tensor has to be 0-d.
Scalar end_of(const Value& value) {
  return value.is_tensor() ? Scalar::load(value.tensor->dtype(), value.tensor->data()) : value.number;
}

void check_ends(const char* op, const Value& start, const Value& end) {
  const auto dims = [](const Value& value) { return value.is_tensor() ? value.tensor->dim() : 0; };
  if (dims(start) == 0 && dims(end) == 0) return;
  const auto text = [&](const char* which, const Value& value) {
    return value.is_tensor() ? str(which, " with ", dims(value), " dimension(s)") : std::string();
  };
  fail(ErrorKind::runtime, op, " only supports 0-dimensional start and end tensors, but got ", text("start", start),
       start.is_tensor() && end.is_tensor() ? " and " : "", text("end", end), ".");
}

// Calls f(i, t) with t the i-th of `steps` > 1 numbers from start to end, in the precision of Step: counted from the nearer
// end, so that both are met exactly and the two halves mirror one another.
template <class Step, class End, class F>
void each_step(End start, End end, std::int64_t steps, double ns, F&& f) {
  const Step low = static_cast<Step>(start), high = static_cast<Step>(end), step = (high - low) / static_cast<Step>(steps - 1);
  const std::int64_t half = steps / 2, last = steps - 1;
  parallel_for(steps, 1024, ns, [=, &f](std::int64_t begin, std::int64_t stop) {
    for (std::int64_t i = begin; i < std::min(half, stop); ++i) f(i, low + step * static_cast<Step>(i));
    for (std::int64_t i = std::max(half, begin); i < stop; ++i) f(i, high - step * static_cast<Step>(last - i));
  });
}

struct Line {
  Scalar start, end;
  std::int64_t steps;
  DType dtype;
};

// a[0], a[1]: the ends; a[2]: steps; a[first ...]: the creation arguments.
Line line_of(const Call& call, const char* kernel, int first) {
  const Value* a = call.args;
  const char* op = call.op.public_name.c_str();
  check_ends(op, a[0], a[1]);
  const Line line{end_of(a[0]), end_of(a[1]), a[2].integer(),
                  dtype_or(a[first], call.out ? call.out->dtype() : default_dtype())};
  check(line.steps >= 0, "number of steps must be non-negative");
  if (line.dtype == DType::boolean && line.steps > 1)
    fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for 'Bool'");
  return line;
}

// Fewer than two: nothing, or one number, which has to fit the dtype.
Result few(const Call& call, const Line& line, Scalar first) {
  const Tensor result = result_of(call, {line.steps}, line.dtype);
  if (line.steps == 1) fill(result, first);
  return written(call, result);
}

Result linspace_op(const Call& call) {
  const Line line = line_of(call, "linspace_cpu", 3);
  if (line.steps < 2) return few(call, line, line.start);
  const Tensor start = full({}, line.start, line.dtype), end = full({}, line.end, line.dtype);  // which have to fit
  const Tensor result = result_of(call, {line.steps}, line.dtype);
  const double ns = static_cast<double>(line.steps);
  const std::int64_t stride = result.dim() ? result.stride(0) : 1;
  LongWork work(ns);
  dispatch(line.dtype, [&]<class T>() {
    using Step = std::conditional_t<std::is_same_v<T, float>, float, double>;
    T* out = result.data<T>();
    const auto write = [=](std::int64_t i, Step t) { out[i * stride] = static_cast<T>(t); };
    each_step<Step>(*start.data<T>(), *end.data<T>(), line.steps, ns, write);
  });
  if (call.out) result.bump_version();
  return result;
}

Result logspace_op(const Call& call) {
  const Line line = line_of(call, "logspace_cpu", 4);
  const double base = call.args[3].number.floating;
  if (line.steps < 2) return few(call, line, Scalar::of(std::pow(base, line.start.to<double>())));
  const Tensor start = full({}, line.start, line.dtype), end = full({}, line.end, line.dtype);
  const Tensor result = result_of(call, {line.steps}, line.dtype);
  const double ns = 20 * static_cast<double>(line.steps);
  const std::int64_t stride = result.dim() ? result.stride(0) : 1;
  LongWork work(ns);
  dispatch(line.dtype, [&]<class T>() {
    using Step = std::conditional_t<std::is_same_v<T, double>, double, float>;
    T* out = result.data<T>();
    each_step<Step>(*start.data<T>(), *end.data<T>(), line.steps, ns,
                    [&](std::int64_t i, Step t) { out[i * stride] = static_cast<T>(std::pow(static_cast<Step>(base), t)); });
  });
  if (call.out) result.bump_version();
  return result;
}

// The positions (row, column) of a rows x columns matrix in which column - row is at most, or at least, offset; row by row.
Tensor triangle(const Call& call, bool lower) {
  const Value* a = call.args;
  const std::int64_t rows = a[0].integer(), columns = a[1].integer(), offset = a[2].integer();
  check(rows >= 0, "row must be non-negative, got", rows);
  check(columns >= 0, "col must be non-negative, got", columns);
  const DType dtype = dtype_or(a[3], DType::int64);
  if (dtype != DType::int64 && dtype != DType::int32)
    fail(ErrorKind::not_implemented, '"', call.op.public_name, "\" not implemented for '", info(dtype).scalar, "'");
  // Of row i: columns [first, last). The diagonal's column is clamped before it is added to, so that no offset overflows.
  const std::int64_t shift = std::clamp(offset, -rows - 1, columns + 1);
  const auto span = [&](std::int64_t i) {
    const std::int64_t at = std::clamp<std::int64_t>(i + shift + (lower ? 1 : 0), 0, columns);
    return lower ? std::pair<std::int64_t, std::int64_t>(0, at) : std::pair<std::int64_t, std::int64_t>(at, columns);
  };
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < rows; ++i) count += span(i).second - span(i).first;
  Tensor result = Tensor::empty({2, count}, dtype);
  dispatch(dtype, [&]<class T>() {
    T *row = result.data<T>(), *column = row + count;
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto [first, last] = span(i);
      for (std::int64_t j = first; j < last; ++j) {
        *row++ = static_cast<T>(i);
        *column++ = static_cast<T>(j);
      }
    }
  });
  return result;
}

Result tril_indices_op(const Call& call) { return triangle(call, true); }
Result triu_indices_op(const Call& call) { return triangle(call, false); }

constexpr unsigned kForms = kFunction | kOut;

constexpr OpRow kRows[] = {
    {"linspace", "", "start: Operand, end: Operand, steps: int, " WENGERT_CREATION_ARGS, kForms, linspace_op,
     "Numbers evenly apart from start to end, both included; the ends may be 0-d tensors.\n\n"
     ">>> wengert.linspace(0, 1, 5)\ntensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])"},
    {"logspace", "", "start: Operand, end: Operand, steps: int, base: float = 10.0, " WENGERT_CREATION_ARGS, kForms,
     logspace_op,
     "base to the power of numbers evenly apart from start to end, both included.\n\n"
     ">>> wengert.logspace(0, 3, 4, base=2)\ntensor([1., 2., 4., 8.])"},
    {"tril_indices", "", "row: int, col: int, offset: int = 0, " WENGERT_CREATION_ARGS, kFunction, tril_indices_op,
     "The positions in the lower triangle of a row by col matrix, up to the diagonal `offset` above the main one: row numbers, "
     "then column numbers; int64 or int32.\n\n"
     ">>> wengert.tril_indices(2, 2)\ntensor([[0, 1, 1],\n        [0, 0, 1]])"},
    {"triu_indices", "", "row: int, col: int, offset: int = 0, " WENGERT_CREATION_ARGS, kFunction, triu_indices_op,
     "The positions in the upper triangle of a row by col matrix, from the diagonal `offset` above the main one.\n\n"
     ">>> wengert.triu_indices(2, 2)\ntensor([[0, 0, 1],\n        [0, 1, 1]])"},
};

}  // namespace

constinit const std::span<const OpRow> kRangeOps = kRows;

}  // namespace wengert
