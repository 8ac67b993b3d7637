#include "ops/promote.h"

#include <atomic>

namespace wengert {
namespace {

std::atomic<DType> default_floating{DType::float32};

// The highest-priority dtype so far of one category of operands; nothing yet: present is false.
struct Category {
  bool present = false;
  DType dtype = DType::boolean;

  void add(DType d) {
    dtype = present ? promote_types(dtype, d) : d;
    present = true;
  }
};

// A lower category changes the dtype only where it brings a higher kind: bool < integers < floats.
Category combine(const Category& higher, const Category& lower) {
  if (!higher.present) return lower;
  if (!lower.present || is_floating(higher.dtype)) return higher;
  if (higher.dtype == DType::boolean || is_floating(lower.dtype)) return {true, promote_types(higher.dtype, lower.dtype)};
  return higher;
}

}  // namespace

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  const DType low = a < b ? a : b, high = a < b ? b : a;
  // uint8 and int8 fit together in int16 only; otherwise the list of dtypes is in order.
  return low == DType::uint8 && high == DType::int8 ? DType::int16 : high;
}

DType result_type(std::span<const Operand> operands) {
  Category dimensioned, zero_dim, number;
  for (const Operand& operand : operands) {
    if (operand.tensor)
      (operand.tensor->dim() > 0 ? dimensioned : zero_dim).add(operand.tensor->dtype());
    else if (operand.number.kind == Scalar::Kind::boolean)
      number.add(DType::boolean);
    else
      number.add(operand.number.is_floating() ? default_dtype() : DType::int64);
  }
  return combine(dimensioned, combine(zero_dim, number)).dtype;
}

DType default_dtype() { return default_floating.load(std::memory_order_relaxed); }

void set_default_dtype(DType dtype) {
  check_type(is_floating(dtype), "only floating-point types are supported as the default type");
  default_floating.store(dtype, std::memory_order_relaxed);
}

bool can_cast(DType from, DType to) {
  if (is_floating(from)) return is_floating(to);
  return from == DType::boolean || to != DType::boolean;
}

}  // namespace wengert
