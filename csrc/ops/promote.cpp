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
  if (a == b || b == DType::boolean) return a;
  if (a == DType::boolean) return b;
  if (is_floating(a) || is_floating(b)) {
    if (is_floating(a) && is_floating(b)) return itemsize(a) > itemsize(b) ? a : b;
    return is_floating(a) ? a : b;
  }
  if (info(a).is_signed == info(b).is_signed) return itemsize(a) > itemsize(b) ? a : b;
  const DType with_sign = info(a).is_signed ? a : b, without = info(a).is_signed ? b : a;
  if (itemsize(with_sign) > itemsize(without)) return with_sign;
  check(without != DType::uint64, "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote ",
        info(a).scalar, " and ", info(b).scalar);
  return without == DType::uint8 ? DType::int16 : without == DType::uint16 ? DType::int32 : DType::int64;
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

const char* cpp_name(DType dtype) {
  constexpr const char* kNames[kDTypes] = {"bool",     "unsigned char",      "signed char",  "short int",         "int",
                                           "long int", "short unsigned int", "unsigned int", "long unsigned int", "float",
                                           "double"};
  return kNames[index_of(dtype)];
}

bool can_cast(DType from, DType to) {
  if (is_floating(from)) return is_floating(to);
  return from == DType::boolean || to != DType::boolean;
}

}  // namespace wengert
