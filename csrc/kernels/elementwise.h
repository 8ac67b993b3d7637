// Contract of the elementwise family: a row per operator, a loop per compute dtype.
#pragma once

#include <stdint.h>

#include "core/dtype.h"

namespace wengert {

inline constexpr int kMaxOperands = 5;  // the result and up to four inputs

// `rows` rows of `n` elements. Operand 0 is the result; it may be one of the inputs, but may not overlap one otherwise.
struct ElementwiseArgs {
  char* data[kMaxOperands];
  int64_t step[kMaxOperands];      // bytes between elements of a row; 0 repeats one element
  int64_t row_step[kMaxOperands];  // bytes between rows
  int64_t n, rows;
  bool stream;  // the result is larger than the caches: write past them
};

using ElementwiseLoop = void (*)(const ElementwiseArgs&);

// By compute dtype; null: not defined for it.
struct ElementwiseLoops {
  ElementwiseLoop by_dtype[kDTypes];
};

enum class DTypeRule : uint8_t {
  common,    // compute in the promoted dtype of the inputs, which is the result's too
  floating,  // integers and bool become the default float dtype; the result's dtype is the compute dtype
  compare,   // compute in the promoted dtype, result bool
  number,    // as common, but bool becomes int64
};

struct ElementwiseRow;

// The argument after the inputs, where there is one, chooses another row when it is not at its default.
struct ElementwiseVariant {
  const char* value;          // the text it must equal; null: it is a number, and the variant's last input (alpha)
  const ElementwiseRow* row;  // the variant: the same inputs, and that number
};

// Rows of the same inputs for a last input that is a Python number.
struct ElementwiseNumber {
  double value;
  const ElementwiseRow* row;
};
struct ElementwiseNumbers {
  const ElementwiseNumber* values = nullptr;
  int count = 0;
  const ElementwiseRow* other = nullptr;  // for any other number; null: numbers have no rows of their own
};

struct ElementwiseRow {
  const char* name;              // PyTorch's
  const char* aliases = "";      // further names, separated by spaces
  const char* kernel = nullptr;  // PyTorch's name in the message for a dtype without a loop; null: name + "_cpu"
  const char* signature = "";    // see ops/op.h; the first `arity` arguments are the inputs. A variant has none
  DTypeRule rule = DTypeRule::common;
  uint8_t arity;         // inputs: 1 to 4
  float ns = 0.02f;      // serial nanoseconds of arithmetic per element, beyond moving the bytes, for the choice of threads
  const char* doc = "";  // one sentence, then what a user must know
  ElementwiseLoops loops;
  ElementwiseVariant variants[2] = {};
  ElementwiseNumbers numbers = {};
  bool has_inplace = true;
  bool has_method = true;
  bool has_scale = false;                  // a variant whose last input is alpha, with PyTorch's rules for it
  bool hidden = false;                     // no operator of its own: behind one of ops/*.cpp
  bool has_mask = false;                   // the first input is bool, and has no say in the dtype of the computation
  bool exact_out = false;                  // out= has the very dtype of the result
  bool plain_after_number = false;         // where the first input is a number, new results are contiguous
  bool checked_numbers = false;            // numbers that the dtype cannot hold are an error; else they wrap
  const char* bool_error = nullptr;        // message for a bool computation; null: the general one
  const char* mixed_bool_error = nullptr;  // message for any other computation with a bool among the inputs; null: allowed
  const char* zero_error = nullptr;        // message for a zero in the last input of an integer computation; null: allowed
  const char* negative_error = nullptr;    // message for a negative number as the last input of an integer computation
  const char* dtype_error = nullptr;       // message for inputs of different dtypes; null: allowed
};

struct ElementwiseRows {
  const ElementwiseRow* rows;
  int count;
};

}  // namespace wengert
