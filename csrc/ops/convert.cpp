// The same elements in another dtype or layout: contiguous, clone, to and the casts.
#include "ops/convert.h"

#include <string_view>

#include "ops/copy.h"

namespace wengert {
namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

Result contiguous_op(const Call& call) { return contiguous(input_of(call)); }

// Copies keep a dense layout unless memory_format asks for row-major order.
Tensor copied(const Tensor& input, DType dtype, const Value& memory_format) {
  const bool row_major = memory_format.given() && memory_format.text == std::string_view("contiguous_format");
  if (dtype != input.dtype()) return row_major ? contiguous(to_dtype(input, dtype)) : to_dtype(input, dtype);
  return row_major && !input.is_contiguous() ? contiguous(input) : clone(input);
}

Result clone_op(const Call& call) { return copied(input_of(call), input_of(call).dtype(), call.args[1]); }

Tensor converted(const Tensor& input, DType dtype, bool copy, const Value& memory_format) {
  return copy || dtype != input.dtype() ? copied(input, dtype, memory_format) : input;
}

Result to_dtype_op(const Call& call) {
  const Value* a = call.args;
  return converted(input_of(call), a[1].dtype, a[3].truth(), a[4]);
}

Result to_other_op(const Call& call) {
  const Value* a = call.args;
  return converted(input_of(call), a[1].tensor->dtype(), a[3].truth(), a[4]);
}

Result to_device_op(const Call& call) {
  const Value* a = call.args;
  return converted(input_of(call), a[2].given() ? a[2].dtype : input_of(call).dtype(), a[4].truth(), a[5]);
}

template <DType D>
Result cast_op(const Call& call) {
  return converted(input_of(call), D, false, call.args[1]);
}

Result cpu_op(const Call& call) { return input_of(call); }

Result type_as_op(const Call& call) { return to_dtype(input_of(call), call.args[1].tensor->dtype()); }

#define WENGERT_CAST(name, dtype, text)                      \
  {name,                                                     \
   "",                                                       \
   "input: Tensor, *, memory_format: memory_format? = None", \
   kMethod | kSelf,                                          \
   cast_op<DType::dtype>,                                    \
   "The elements as " text "; input itself if they are.\n\n>>> wengert.tensor([1, 0])." name "().dtype\ntorch." text}

constexpr OpRow kRows[] = {
    {"contiguous", "", "input: Tensor, *, memory_format: memory_format? = None", kMethod | kSelf, contiguous_op,
     "The elements in row-major order: input itself if they are, else a copy.\n\n"
     ">>> wengert.arange(6).view(2, 3).t().contiguous().stride()\n(2, 1)"},
    {"clone", "", "input: Tensor, *, memory_format: memory_format? = None", kFunction | kMethod, clone_op,
     "A copy in memory of its own; a dense layout is kept.\n\n>>> wengert.arange(3).clone()\ntensor([0, 1, 2])"},
    {"to", "",
     "input: Tensor, dtype: dtype, non_blocking: bool = False, copy: bool = False, *, memory_format: memory_format? = None",
     kMethod | kSelf, to_dtype_op,
     "The elements as dtype; input itself if they are, unless copy. Floats are truncated towards zero to integers.\n\n"
     ">>> wengert.tensor([1.7, -1.7]).to(wengert.int32)\ntensor([ 1, -1], dtype=torch.int32)"},
    {"to.other", "",
     "input: Tensor, other: Tensor, non_blocking: bool = False, copy: bool = False, *, memory_format: memory_format? = None",
     kMethod | kSelf, to_other_op,
     "The elements in the dtype of other.\n\n>>> wengert.tensor([1]).to(wengert.tensor([0.5]))\ntensor([1.])"},
    {"to.device", "",
     "input: Tensor, device: device? = None, dtype: dtype? = None, non_blocking: bool = False, copy: bool = False, *, "
     "memory_format: memory_format? = None",
     kMethod | kSelf, to_device_op, "As to(dtype); the device is the CPU.\n\n>>> wengert.tensor([1]).to('cpu')\ntensor([1])"},
    {"type_as", "", "input: Tensor, other: Tensor", kMethod | kSelf, type_as_op,
     "The elements in the dtype of other.\n\n>>> wengert.tensor([1]).type_as(wengert.tensor([0.5]))\ntensor([1.])"},
    {"cpu", "", "input: Tensor, *, memory_format: memory_format? = None", kMethod | kSelf, cpu_op,
     "input itself.\n\n>>> wengert.tensor([1]).cpu()\ntensor([1])"},
    WENGERT_CAST("bool", boolean, "bool"),
    WENGERT_CAST("byte", uint8, "uint8"),
    WENGERT_CAST("char", int8, "int8"),
    WENGERT_CAST("short", int16, "int16"),
    WENGERT_CAST("int", int32, "int32"),
    WENGERT_CAST("long", int64, "int64"),
    WENGERT_CAST("float", float32, "float32"),
    WENGERT_CAST("double", float64, "float64"),
};

}  // namespace

constinit const std::span<const OpRow> kConvertOps = kRows;

}  // namespace wengert
