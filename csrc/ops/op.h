// The op table: every operator as data. The module's functions, Tensor methods, in-place forms, out=, signatures, docstrings,
// the stub, docs/ops.md, tests and benchmarks are made from it.
//
// A signature is a Python argument list with types, such as
//   "input: Tensor, dim: int[]? = None, keepdim: bool = False, *, dtype: dtype? = None"
//   Tensor          a tensor                       Operand     a tensor or a Python number
//   Tensor[]        a list or tuple of tensors
//   Number          a Python number                int, float, bool, str
//   int[]           ints, one tuple/list/Size of them, or (as the last positional) bare ints: view(2, 3); an int is [int]
//   float[]         a list or tuple of numbers, which arrives as one float64 tensor in `tensors`
//   tuple           int[] without the bare form    dtype       torch.float32 ...      Generator   a random generator
//   device, layout, memory_format   accepted where they mean this machine's memory, else an error
//   a trailing '?'  None is allowed
//   '*'             what follows is keyword-only
// " -> (values, indices)" at its end names the fields of a result that is a tuple; " -> Tensor[]" is a plain tuple, " -> bool"
// and " -> Number" are Python's. out= is not written: forms say it.
// Rows whose names share the part before a dot ("max", "max.dim") are overloads of one public name, tried in the order of
// the table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/scalar.h"
#include "core/tensor.h"
#include "kernels/elementwise.h"

namespace wengert {

class Generator;

enum class ArgKind : std::uint8_t {
  tensor,
  tensors,
  operand,
  number,
  integer,
  floating,
  boolean,
  text,
  ints,
  floats,
  tuple,
  list,
  dtype,
  generator,
  device,
  layout,
  memory_format
};

struct ArgSpec {
  std::string name;
  ArgKind kind;
  bool optional = false;  // None allowed
  bool keyword_only = false;
  bool has_default = false;
  std::string default_text;  // as in the signature
};

// One argument of one call, converted by the binding.
struct Value {
  enum class Tag : std::uint8_t { none, tensor, tensors, number, ints, dtype, generator, text };
  Tag tag = Tag::none;
  union {
    const Tensor* tensor;
    Scalar number;  // Number, int, float, bool
    DType dtype;
    Generator* generator;
    const char* text;
  };
  Dims ints;
  std::vector<Tensor> tensors;

  Value() : tensor(nullptr) {}
  bool given() const { return tag != Tag::none; }
  bool is_tensor() const { return tag == Tag::tensor; }
  bool truth() const { return number.integer != 0; }
  std::int64_t integer() const { return number.integer; }
  // As assignment, of what default values may be, to a value as constructed.
  void copy_default(Value* to) const {
    if (tag == Tag::none) return;
    to->tag = tag;
    if (tag == Tag::number)
      to->number = number;
    else if (tag == Tag::text)
      to->text = text;
    else
      to->ints = ints;
  }
};

struct Op;

struct Call {
  const Op& op;
  const Value* args;  // in the order of the signature
  // out= or, for the in-place form, the first argument: where the result goes; else null. Elementwise, reduction and matrix
  // frames honour it. Further out tensors for ops with several results.
  Tensor* out = nullptr;
  Tensor* out2 = nullptr;
  Tensor* out3 = nullptr;
  bool inplace = false;
};

// A vector becomes a Python tuple, with named fields where the signature names them; a Scalar a Python number.
using Result = std::variant<Tensor, std::pair<Tensor, Tensor>, bool, std::vector<Tensor>, Scalar>;
using Implementation = Result (*)(const Call&);

enum Forms : unsigned {
  kFunction = 1,      // wengert.name(input, ...)
  kMethod = 2,        // input.name(...)
  kInplace = 4,       // input.name_(...)
  kOut = 8,           // wengert.name(..., out=)
  kInplaceOnly = 16,  // the row itself is the in-place method and its name ends in '_': fill_
  kSelf = 32,         // may return its input unchanged: the caller gets the same object
  kNetwork = 64,      // wengert.nn.functional.name(input, ...): PyTorch has it there alone
};

// What an ops/*.cpp file writes down.
struct OpRow {
  const char* name;
  const char* aliases;  // further public names, separated by spaces
  const char* signature;
  unsigned forms;
  Implementation call;
  const char* doc;
};

// The parsed row, as the binding uses it.
struct Op {
  std::string name;         // "max.dim"
  std::string public_name;  // "max"
  std::vector<std::string> aliases;
  std::string signature;
  std::vector<ArgSpec> args;
  std::vector<std::string> fields;  // of a tuple result
  std::string returns = "Tensor";   // "Tensor[]", "Tensor | Tensor[]", "bool", "Number"
  unsigned forms;
  Implementation call;
  std::string doc;
  const char* family;                   // "elementwise", "matrix", ...: the heading in docs/ops.md
  const ElementwiseRow* row = nullptr;  // of the elementwise family
};

// All operators, in the order of the docs. Built on first use from the active kernel table and the rows of ops/*.cpp.
const std::vector<Op>& op_table();
const Op& find_op(const char* name);  // by full name; must exist

}  // namespace wengert
