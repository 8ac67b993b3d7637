#include "ops/view.h"

#include <string_view>

#include "ops/copy.h"

namespace wengert {
namespace {

// size with its -1, if any, replaced so that the product is numel.
Dims infer_size(const Dims& size, std::int64_t numel) {
  Dims result = size;
  int inferred = -1;
  std::int64_t known = 1;
  bool overflow = false;
  for (int i = 0; i < size.size(); ++i) {
    if (size[i] == -1) {
      check(inferred < 0, "only one dimension can be inferred");
      inferred = i;
    } else {
      check(size[i] >= 0, "invalid shape dimension ", size[i], " at index ", i, " of shape ", size);
      overflow = overflow || __builtin_mul_overflow(known, size[i], &known);
    }
  }
  if (inferred >= 0) {
    check(overflow || known != 0 || numel != 0, "cannot reshape tensor of 0 elements into shape ", size,
          " because the unspecified dimension size -1 can be any value and is ambiguous");
    check(!overflow && known != 0 && numel % known == 0, "shape '", size, "' is invalid for input of size ", numel);
    result[inferred] = numel / known;
  } else {
    check(!overflow && known == numel, "shape '", size, "' is invalid for input of size ", numel);
  }
  return result;
}

// Strides that show input's elements, in their order, under `size` (same number of elements); false where none exist. The old
// dimensions are grouped into runs that are each evenly spaced, and the new ones must tile the runs.
bool view_strides(const Tensor& input, const Dims& size, Dims* strides) {
  *strides = contiguous_strides(size);
  if (input.numel() == 0 || input.is_contiguous()) return true;
  int j = size.size() - 1;
  std::int64_t run = 1;   // elements of the current run
  std::int64_t step = 0;  // stride of its last dimension
  bool open = false;
  for (int i = input.dim() - 1; i >= 0; --i) {
    if (input.size(i) == 1 && i > 0) continue;
    if (!open) step = input.size(i) == 1 ? 1 : input.stride(i);
    open = true;
    run *= input.size(i);
    int next = i - 1;
    while (next >= 0 && input.size(next) == 1) --next;
    if (next >= 0 && input.stride(next) == run * step) continue;
    std::int64_t covered = 1;
    while (j >= 0 && (covered < run || size[j] == 1)) {
      (*strides)[j] = covered * step;
      covered *= size[j--];
    }
    if (covered != run) return false;
    run = 1;
    open = false;
  }
  return j < 0;
}

Tensor view_as_dtype(const Tensor& input, DType dtype) {
  const auto from = input.itemsize(), to = static_cast<std::int64_t>(itemsize(dtype));
  Dims sizes = input.sizes(), strides = input.strides();
  if (from != to) {
    check(input.dim() > 0, "self.dim() cannot be 0 to view ", info(input.dtype()).scalar, " as ", info(dtype).scalar,
          " (different element sizes)");
    const int last = input.dim() - 1;
    check(strides[last] == 1, "self.stride(-1) must be 1 to view ", info(input.dtype()).scalar, " as ", info(dtype).scalar,
          " (different element sizes), but got ", strides[last]);
    check(sizes[last] * from % to == 0, "self.size(-1) must be divisible by ", to / from, " to view ",
          info(input.dtype()).scalar, " as ", info(dtype).scalar, " (different element sizes), but got ", sizes[last]);
    sizes[last] = sizes[last] * from / to;
    for (int i = 0; i < last; ++i) {
      check(strides[i] * from % to == 0, "self.stride(", i, ") must be divisible by ", to / from, " to view ",
            info(input.dtype()).scalar, " as ", info(dtype).scalar, " (different element sizes), but got ", strides[i]);
      strides[i] = strides[i] * from / to;
    }
    check((input.data() - static_cast<char*>(input.storage()->data)) % to == 0, "self.storage_offset() must be divisible by ",
          to / from, " to view ", info(input.dtype()).scalar, " as ", info(dtype).scalar, " (different element sizes)");
  }
  return Tensor(input.storage(), input.data(), dtype, sizes, strides);
}

Tensor squeeze(const Tensor& input, const bool* drop) {
  Dims sizes, strides;
  for (int i = 0; i < input.dim(); ++i) {
    if (drop[i] && input.size(i) == 1) continue;
    sizes.push_back(input.size(i));
    strides.push_back(input.stride(i));
  }
  return input.view_as(sizes, strides);
}

Tensor flatten(const Tensor& input, std::int64_t start_dim, std::int64_t end_dim) {
  const int start = wrap_dim(start_dim, input.dim()), end = wrap_dim(end_dim, input.dim());
  check(start <= end, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (input.dim() == 0) return reshape(input, {1});
  if (start == end) return input;
  Dims size;
  std::int64_t merged = 1;
  for (int i = 0; i < input.dim(); ++i) {
    if (i < start || i > end) size.push_back(input.size(i));
    if (i >= start && i <= end) merged *= input.size(i);
    if (i == end) size.push_back(merged);
  }
  return reshape(input, size);
}

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

// The in-place forms of views change the tensor object, not its memory: a new version all the same, since others hold the
// object.
Result finish(const Call& call, Tensor result) {
  if (call.inplace) {
    *call.out = result;
    call.out->bump_version();
  }
  return result;
}

Result view_dtype_op(const Call& call) { return view_as_dtype(input_of(call), call.args[1].dtype); }
Result view_op(const Call& call) { return view(input_of(call), call.args[1].ints); }
Result reshape_op(const Call& call) { return reshape(input_of(call), call.args[1].ints); }
Result permute_op(const Call& call) { return permute(input_of(call), call.args[1].ints); }
Result expand_op(const Call& call) { return expand(input_of(call), call.args[1].ints); }
Result unsqueeze_op(const Call& call) { return finish(call, unsqueeze(input_of(call), call.args[1].integer())); }
Result transpose_op(const Call& call) {
  return finish(call, transpose(input_of(call), call.args[1].integer(), call.args[2].integer()));
}
Result flatten_op(const Call& call) { return flatten(input_of(call), call.args[1].integer(), call.args[2].integer()); }

Result t_op(const Call& call) {
  const Tensor& input = input_of(call);
  check(input.dim() <= 2, call.inplace ? "t_()" : "t()", " expects a tensor with <= 2 dimensions, but self is ", input.dim(),
        "D [t: input ", tuple_of(input.sizes()), "]");
  return finish(call, input.dim() < 2 ? input : transpose(input, 0, 1));
}

Result squeeze_op(const Call& call) {
  const Tensor& input = input_of(call);
  bool drop[kMaxDims];
  const Value& dims = call.args[1];
  for (int i = 0; i < input.dim(); ++i) drop[i] = !dims.given();
  if (dims.given()) {
    for (std::int64_t dim : dims.ints) {
      const int i = wrap_dim(dim, input.dim());
      check(input.dim() == 0 || !drop[i], "dim ", i, " appears multiple times in the list of dims");
      if (input.dim() > 0) drop[i] = true;
    }
  }
  return finish(call, squeeze(input, drop));
}

Result view_as_op(const Call& call) { return view(input_of(call), call.args[1].tensor->sizes()); }
Result reshape_as_op(const Call& call) { return reshape(input_of(call), call.args[1].tensor->sizes()); }
Result ravel_op(const Call& call) { return reshape(contiguous(input_of(call)), {-1}); }
Result expand_as_op(const Call& call) { return expand(input_of(call), call.args[1].tensor->sizes()); }
Result adjoint_op(const Call& call) { return adjoint(input_of(call)); }

Result unflatten_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Dims& sizes = call.args[2].ints;
  check(!sizes.empty(), "unflatten: sizes must be non-empty");
  check_index(input.dim() > 0, "Dimension specified as ", call.args[1].integer(), " but tensor has no dimensions");
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  Dims parts;
  try {
    parts = infer_size(sizes, input.size(dim));
  } catch (const Error& error) {
    const bool counted = std::string_view(error.what()).starts_with("shape");
    check(!counted, "unflatten: Provided sizes ", sizes, " don't multiply up to the size of dim ", dim, " (", input.size(dim),
          ") in the input tensor");
    throw;
  }
  Dims size;
  for (int i = 0; i < input.dim(); ++i) {
    if (i != dim) {
      size.push_back(input.size(i));
    } else {
      for (std::int64_t part : parts) size.push_back(part);
    }
  }
  return view(input, size);
}

Result movedim_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Value *from = &call.args[1], *to = &call.args[2];
  const Dims sources = from->tag == Value::Tag::ints ? from->ints : Dims{from->integer()};
  const Dims destinations = to->tag == Value::Tag::ints ? to->ints : Dims{to->integer()};
  check(sources.size() == destinations.size(), "movedim: Invalid source or destination dims: source (", sources,
        " dims) should contain the same number of dims as destination (", destinations, " dims)");
  const int ndim = input.dim(), moved = sources.size();
  Dims order(ndim, -1);  // the input's dimension at each place of the result
  bool taken[kMaxDims] = {};
  Dims source_dims(moved), destination_dims(moved);
  for (int i = 0; i < moved; ++i) source_dims[i] = wrap_dim(sources[i], ndim);
  for (int i = 0; i < moved; ++i) destination_dims[i] = wrap_dim(destinations[i], ndim);
  for (int i = 0; i < moved; ++i) {
    for (int j = 0; j < i; ++j) check(source_dims[i] != source_dims[j], "movedim: repeated dim in `source` (", sources, ")");
  }
  for (int i = 0; i < moved; ++i) {
    for (int j = 0; j < i; ++j)
      check(destination_dims[i] != destination_dims[j], "movedim: repeated dim in `destination` (", destinations, ")");
  }
  if (ndim == 0) return input.view_as({}, {});
  for (int i = 0; i < moved; ++i) {
    order[static_cast<int>(destination_dims[i])] = source_dims[i];
    taken[source_dims[i]] = true;
  }
  for (int place = 0, next = 0; place < ndim; ++place) {
    if (order[place] >= 0) continue;
    while (taken[next]) ++next;
    order[place] = next++;
  }
  return permute(input, order);
}

constexpr OpRow kRows[] = {
    {"view", "", "input: Tensor, size: int[]", kMethod, view_op,
     "A view of the same elements under another shape; one size may be -1.\n\n"
     "RuntimeError where the strides allow no view; reshape copies then.\n\n"
     ">>> wengert.arange(6).view(2, -1).shape\ntorch.Size([2, 3])"},
    {"view.dtype", "", "input: Tensor, dtype: dtype", kMethod, view_dtype_op,
     "The same bytes read as another dtype; the last dimension is rescaled where the element sizes differ.\n\n"
     ">>> wengert.tensor([1.0]).view(wengert.int32)\ntensor([1065353216], dtype=torch.int32)"},
    {"reshape", "", "input: Tensor, shape: int[]", kFunction | kMethod, reshape_op,
     "The same elements under another shape: a view where the strides allow one, else a copy.\n\n"
     ">>> wengert.arange(6).reshape(3, 2).t().reshape(-1)\ntensor([0, 2, 4, 1, 3, 5])"},
    {"t", "", "input: Tensor", kFunction | kMethod | kInplace, t_op,
     "The transpose of a matrix as a view; vectors and 0-d tensors are returned as they are.\n\n"
     ">>> wengert.arange(6).view(2, 3).t().shape\ntorch.Size([3, 2])"},
    {"transpose", "swapaxes swapdims", "input: Tensor, dim0: int, dim1: int", kFunction | kMethod | kInplace, transpose_op,
     "A view with two dimensions exchanged.\n\n>>> wengert.zeros(2, 3, 4).transpose(0, -1).shape\ntorch.Size([4, 3, 2])"},
    {"permute", "", "input: Tensor, dims: int[]", kFunction | kMethod, permute_op,
     "A view with its dimensions in the order of dims.\n\n>>> wengert.zeros(2, 3, 4).permute(2, 0, 1).shape\n"
     "torch.Size([4, 2, 3])"},
    {"unsqueeze", "", "input: Tensor, dim: int", kFunction | kMethod | kInplace, unsqueeze_op,
     "A view with a dimension of size 1 inserted at dim, in [-input.dim() - 1, input.dim()].\n\n"
     ">>> wengert.zeros(3).unsqueeze(-1).shape\ntorch.Size([3, 1])"},
    {"squeeze", "", "input: Tensor, dim: int[]? = None", kFunction | kMethod | kInplace, squeeze_op,
     "A view without the dimensions of size 1: all of them, or those in dim.\n\n"
     ">>> wengert.zeros(1, 3, 1).squeeze().shape\ntorch.Size([3])"},
    {"flatten", "", "input: Tensor, start_dim: int = 0, end_dim: int = -1", kFunction | kMethod | kSelf, flatten_op,
     "The dimensions start_dim..end_dim as one: a view where the strides allow one, else a copy.\n\n"
     ">>> wengert.zeros(2, 3, 4).flatten(1).shape\ntorch.Size([2, 12])"},
    {"expand", "", "input: Tensor, size: int[]", kMethod, expand_op,
     "A view repeated along dimensions of size 1 and new leading ones, without memory (stride 0); -1 keeps a size.\n\n"
     ">>> wengert.tensor([[1], [2]]).expand(2, 3)\ntensor([[1, 1, 1],\n        [2, 2, 2]])"},
    {"expand_as", "", "input: Tensor, other: Tensor", kMethod, expand_as_op,
     "A view of input repeated, without memory, to the shape of other.\n\n"
     ">>> wengert.tensor([1, 2]).expand_as(wengert.zeros(2, 2))\ntensor([[1, 2],\n        [1, 2]])"},
    {"broadcast_to", "", "input: Tensor, size: int[]", kFunction | kMethod, expand_op,
     "A view of input repeated, without memory, to the shape size; as expand.\n\n"
     ">>> wengert.broadcast_to(wengert.tensor([1, 2]), (2, 2))\ntensor([[1, 2],\n        [1, 2]])"},
    {"view_as", "", "input: Tensor, other: Tensor", kMethod, view_as_op,
     "A view of input under the shape of other, which has as many elements.\n\n"
     ">>> wengert.arange(4).view_as(wengert.zeros(2, 2))\ntensor([[0, 1],\n        [2, 3]])"},
    {"reshape_as", "", "input: Tensor, other: Tensor", kMethod, reshape_as_op,
     "The elements of input under the shape of other: a view where the strides allow one, else a copy.\n\n"
     ">>> wengert.arange(4).reshape_as(wengert.zeros(2, 2))\ntensor([[0, 1],\n        [2, 3]])"},
    {"ravel", "", "input: Tensor", kFunction | kMethod, ravel_op,
     "The elements as a vector: a view of a contiguous tensor, else a copy.\n\n"
     ">>> wengert.ravel(wengert.tensor([[1, 2], [3, 4]]))\ntensor([1, 2, 3, 4])"},
    {"unflatten", "", "input: Tensor, dim: int, sizes: tuple", kFunction | kMethod, unflatten_op,
     "A view with dimension dim unfolded into several of the given sizes, one of which may be -1.\n\n"
     ">>> wengert.zeros(2, 6).unflatten(1, (3, -1)).shape\ntorch.Size([2, 3, 2])"},
    {"movedim", "moveaxis", "input: Tensor, source: int, destination: int", kFunction | kMethod, movedim_op,
     "A view with dimension source at place destination; the others keep their order.\n\n"
     ">>> wengert.zeros(2, 3, 4).movedim(0, -1).shape\ntorch.Size([3, 4, 2])"},
    {"movedim.dims", "moveaxis", "input: Tensor, source: tuple, destination: tuple", kFunction | kMethod, movedim_op,
     "A view with each dimension of source at its place in destination; the others keep their order.\n\n"
     ">>> wengert.zeros(2, 3, 4).movedim((0, 1), (2, 0)).shape\ntorch.Size([3, 4, 2])"},
    {"adjoint", "", "input: Tensor", kFunction | kMethod | kSelf, adjoint_op,
     "A view with the last two dimensions exchanged: the conjugate transpose of real matrices.\n\n"
     ">>> wengert.zeros(4, 2, 3).adjoint().shape\ntorch.Size([4, 3, 2])"},
};

}  // namespace

constinit const std::span<const OpRow> kViewOps = kRows;

Tensor view(const Tensor& input, const Dims& size) {
  const Dims inferred = infer_size(size, input.numel());
  Dims strides;
  check(view_strides(input, inferred, &strides),
        "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous "
        "subspaces). Use .reshape(...) instead. [view: input ",
        tuple_of(input.sizes()), " with strides ", tuple_of(input.strides()), ", size ", tuple_of(inferred), "]");
  return input.view_as(inferred, strides);
}

Tensor reshape(const Tensor& input, const Dims& size) {
  const Dims inferred = infer_size(size, input.numel());
  Dims strides;
  if (view_strides(input, inferred, &strides)) return input.view_as(inferred, strides);
  const Tensor copy = contiguous(input);
  return copy.view_as(inferred, contiguous_strides(inferred));
}

Tensor transpose(const Tensor& input, std::int64_t dim0, std::int64_t dim1) {
  const int a = wrap_dim(dim0, input.dim()), b = wrap_dim(dim1, input.dim());
  if (a == b) return input;
  Dims sizes = input.sizes(), strides = input.strides();
  std::swap(sizes[a], sizes[b]);
  std::swap(strides[a], strides[b]);
  return input.view_as(sizes, strides);
}

Tensor permute(const Tensor& input, const Dims& dims) {
  check(dims.size() == input.dim(),
        "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of "
        "dimensions i.e. input.dim() = ",
        input.dim(), " is not equal to len(dims) = ", dims.size());
  Dims sizes(input.dim()), strides(input.dim());
  bool seen[kMaxDims] = {};
  for (int i = 0; i < dims.size(); ++i) {
    const int from = wrap_dim(dims[i], input.dim());
    check(!seen[from], "permute(): duplicate dims are not allowed.");
    seen[from] = true;
    sizes[i] = input.size(from);
    strides[i] = input.stride(from);
  }
  return input.view_as(sizes, strides);
}

Tensor reversed_dims(const Tensor& input) {
  Dims dims(input.dim());
  for (int i = 0; i < input.dim(); ++i) dims[i] = input.dim() - 1 - i;
  return permute(input, dims);
}

Tensor matrix_transpose(const Tensor& input) {
  check(input.dim() >= 2, "tensor.mT is only supported on matrices or batches of matrices. Got ", input.dim(), "-D tensor.");
  return transpose(input, -2, -1);
}

Tensor adjoint(const Tensor& input, const char* name) {
  check(input.dim() != 1, "tensor.", name, " is only supported on matrices or batches of matrices. Got 1-D tensor.");
  return input.dim() == 0 ? input.view_as({}, {}) : transpose(input, -2, -1);
}

Tensor unsqueeze(const Tensor& input, std::int64_t dim) {
  const int at = wrap_dim(dim, input.dim() + 1);
  Dims sizes = input.sizes(), strides = input.strides();
  strides.insert(at, at < input.dim() ? input.size(at) * input.stride(at) : 1);
  sizes.insert(at, 1);
  return input.view_as(sizes, strides);
}

// As PyTorch's message has it: the dtypes without a legacy tensor type have another form.
static std::string type_name(DType dtype) {
  const bool modern = dtype == DType::boolean || dtype == DType::uint16 || dtype == DType::uint32 || dtype == DType::uint64;
  return modern ? str("CPU", info(dtype).scalar, "Type") : str("torch.", info(dtype).scalar, "Tensor");
}

Tensor expand(const Tensor& input, const Dims& size) {
  const int added = size.size() - input.dim();
  if (added < 0)
    fail(ErrorKind::runtime, "expand(", type_name(input.dtype()), "{", input.sizes(), "}, size=", size,
         "): the number of sizes provided (", size.size(),
         ") must be greater or equal to the number of dimensions in the tensor (", input.dim(), ")");
  Dims sizes = size, strides(size.size());
  for (int i = size.size() - 1; i >= 0; --i) {
    if (i < added) {
      check(size[i] >= 0, "The expanded size of the tensor (", size[i], ") isn't allowed in a leading, non-existing dimension ",
            i);
      continue;
    }
    const std::int64_t have = input.size(i - added);
    if (size[i] == -1) sizes[i] = have;
    check(sizes[i] == have || have == 1, "The expanded size of the tensor (", sizes[i], ") must match the existing size (",
          have, ") at non-singleton dimension ", i, ".  Target sizes: ", size, ".  Tensor sizes: ", input.sizes());
    check(sizes[i] >= 0, "Trying to create tensor with negative dimension ", sizes[i], ": ", size);
    strides[i] = sizes[i] == have ? input.stride(i - added) : 0;
  }
  checked_numel(sizes, input.itemsize());
  return input.view_as(sizes, strides);
}

void check_in_bounds(std::int64_t index, std::int64_t size, int dim) {
  check_index(index >= -size && index < size, "index ", index, " is out of bounds for dimension ", dim, " with size ", size);
}

Tensor select(const Tensor& input, int dim, std::int64_t index) {
  const std::int64_t size = input.size(dim);
  check_in_bounds(index, size, dim);
  if (index < 0) index += size;
  Dims sizes = input.sizes(), strides = input.strides();
  sizes.erase(dim);
  strides.erase(dim);
  return input.view_as(std::move(sizes), std::move(strides), index * input.stride(dim));
}

Tensor slice(const Tensor& input, int dim, std::int64_t start, std::int64_t step, std::int64_t length) {
  Dims sizes = input.sizes(), strides = input.strides();
  sizes[dim] = length;
  strides[dim] *= step;
  return input.view_as(std::move(sizes), std::move(strides), length > 0 ? start * input.stride(dim) : 0);
}

}  // namespace wengert
