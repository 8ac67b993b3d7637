// Contract of the elementwise family: a row per operator, a loop per compute dtype.
#pragma once

#include <stdint.h>

#include "core/dtype.h"

namespace wengert {

inline constexpr int kMaxOperands = 4;  // the result and up to three inputs

// `rows` rows of `n` elements. Operand 0 is the result. Steps in bytes; 0 repeats one element.
struct ElementwiseArgs {
  char* data[kMaxOperands];
  int64_t step[kMaxOperands];      // between elements of a row
  int64_t row_step[kMaxOperands];  // between rows
  int64_t n, rows;
  bool stream;  // the result is larger than the caches: write past them
};

using ElementwiseLoop = void (*)(const ElementwiseArgs&);

enum class DTypeRule : uint8_t {
  common,   // compute in the promoted dtype of the inputs, which is the result's too
  floating, // integers and bool become the default float dtype; the result's dtype is the compute dtype
  compare,  // compute in the promoted dtype, result bool
};

struct ElementwiseRow {
  const char* name;         // PyTorch's
  const char* aliases;      // further names, separated by spaces; "" for none
  const char* signature;    // see ops/op.h
  DTypeRule rule;
  uint8_t arity;            // inputs: 1, 2 or 3
  float ns;                 // rough serial nanoseconds per element in cache, for the choice of threads
  const char* unsupported;  // message for bool inputs where the bool loop is null, or null for the general one
  const char* doc;          // one sentence, then what a user must know
  ElementwiseLoop loops[kDTypes];  // by compute dtype; null: not defined for it
};

struct ElementwiseRows {
  const ElementwiseRow* rows;
  int count;
};

}  // namespace wengert
