#include "ops/join.h"

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/promote.h"
#include "ops/strided.h"
#include "ops/view.h"

namespace wengert {
namespace {

constexpr double kByteNs = 0.022;    // a byte read and written
constexpr std::int64_t kFew = 1024;  // elements up to this many are copied without a plan

// Writes tensors side by side along the dimensions from `dim` on: rows of the result are rows of each of them, in turn. Tensors
// of no elements are skipped. `part` gives the view of the result that a tensor fills, for those that are not simply rows.
template <class Part>
void write_rows(const Tensor& result, int dim, std::span<const Tensor> tensors, Part&& part) {
  const std::int64_t item = result.itemsize();
  std::int64_t rows = 1, row = 1;
  for (int i = 0; i < result.dim(); ++i) (i < dim ? rows : row) *= result.size(i);
  const CopyLoop copy = kernels().copy->cast[index_of(result.dtype())].to[index_of(result.dtype())];
  const bool stream = result.nbytes() > stream_bytes();
  char* at = result.data();
  std::int64_t index = 0;
  for (const Tensor& tensor : tensors) {
    const std::int64_t place = index++;
    if (tensor.numel() == 0) continue;
    const std::int64_t n = tensor.numel() / rows;
    if (!tensor.is_contiguous() || tensor.dtype() != result.dtype() || !result.is_contiguous()) {
      copy_unchecked(part(place), tensor, result.nbytes());
    } else if (tensor.numel() <= kFew) {
      copy({at, tensor.data(), item, item, row * item, n * item, n, rows, stream});
    } else {
      Walk walk;
      walk.dims = rows == 1 ? 1 : 2;
      walk.operands = 2;
      walk.size[0] = n, walk.size[1] = rows;
      walk.step[0][0] = walk.step[1][0] = item;
      walk.step[0][1] = row * item, walk.step[1][1] = n * item;
      walk.data[0] = at, walk.data[1] = tensor.data();
      const double ns = static_cast<double>(tensor.nbytes()) * kByteNs;
      LongWork work(ns);
      for_each_piece(walk, ns, 1, Walk::kElementUnit, [&](const WalkPiece& piece) {
        copy({piece.data[0], piece.data[1], item, item, row * item, n * item, piece.n, piece.rows, stream});
      });
    }
    at += n * item;
  }
}

DType common_dtype(std::span<const Tensor> tensors) {
  DType dtype = tensors[0].dtype();
  for (const Tensor& t : tensors) dtype = t.dtype() == dtype ? dtype : promote_types(dtype, t.dtype());
  return dtype;
}

Tensor result_for(const char* op, std::span<const Tensor> tensors, const Dims& sizes, Tensor* out) {
  const DType dtype = common_dtype(tensors);
  if (!out) return Tensor::empty(sizes, dtype);
  check_type(can_cast(dtype, out->dtype()), "torch.", op, "(): input types can't be cast to the desired output type ",
             info(out->dtype()).scalar);
  for (const Tensor& t : tensors) check_no_overlap(*out, t);
  check_out(op, out, sizes, dtype);
  out->bump_version();
  return *out;
}

// A vector of no elements, which cat passes over whatever the other shapes are.
bool skipped(const Tensor& tensor) { return tensor.dim() == 1 && tensor.size(0) == 0; }

Tensor stack(std::span<const Tensor> tensors, std::int64_t dim, Tensor* out) {
  check(!tensors.empty(), "stack expects a non-empty TensorList");
  const Tensor& first = tensors[0];
  const int at = wrap_dim(dim, first.dim() + 1);
  for (std::size_t i = 1; i < tensors.size(); ++i)
    check(tensors[i].sizes() == first.sizes(), "stack expects each tensor to be equal size, but got ", first.sizes(),
          " at entry 0 and ", tensors[i].sizes(), " at entry ", i);
  Dims sizes = first.sizes();
  sizes.insert(at, static_cast<std::int64_t>(tensors.size()));
  const Tensor result = result_for("stack", tensors, sizes, out);
  write_rows(result, at, tensors, [&](std::int64_t place) { return select(result, at, place); });
  return result;
}

Tensor at_least_1d(const Tensor& t) { return t.dim() == 0 ? reshape(t, {1}) : t; }
Tensor at_least_2d(const Tensor& t) { return t.dim() == 0 ? reshape(t, {1, 1}) : t.dim() == 1 ? unsqueeze(t, 0) : t; }
Tensor at_least_3d(const Tensor& t) {
  if (t.dim() == 0) return reshape(t, {1, 1, 1});
  if (t.dim() == 1) return unsqueeze(unsqueeze(t, 0), 2);
  return t.dim() == 2 ? unsqueeze(t, 2) : t;
}
Tensor as_columns(const Tensor& t) { return t.dim() <= 1 ? reshape(t, {t.numel(), 1}) : t; }

template <Tensor (*Shape)(const Tensor&)>
std::vector<Tensor> shaped(const Call& call) {
  const std::vector<Tensor>& tensors = call.args[0].tensors;
  check(!tensors.empty(), call.op.public_name, " expects a non-empty TensorList");
  std::vector<Tensor> result;
  result.reserve(tensors.size());
  for (const Tensor& t : tensors) result.push_back(Shape(t));
  return result;
}

Result cat_op(const Call& call) { return cat(call.args[0].tensors, call.args[1].integer(), call.out); }
Result stack_op(const Call& call) { return stack(call.args[0].tensors, call.args[1].integer(), call.out); }

Result hstack_op(const Call& call) {
  const std::vector<Tensor> tensors = shaped<at_least_1d>(call);
  return cat(tensors, tensors[0].dim() == 1 ? 0 : 1, call.out);
}
Result vstack_op(const Call& call) { return cat(shaped<at_least_2d>(call), 0, call.out); }
Result dstack_op(const Call& call) { return cat(shaped<at_least_3d>(call), 2, call.out); }
Result column_stack_op(const Call& call) { return cat(shaped<as_columns>(call), 1, call.out); }

constexpr OpRow kRows[] = {
    {"cat", "concat concatenate", "tensors: Tensor[], dim: int = 0", kFunction | kOut, cat_op,
     "The tensors one after the other along dim; their other sizes agree, and the result has their promoted dtype.\n\n"
     "Empty vectors are passed over.\n\n"
     ">>> wengert.cat([wengert.tensor([1, 2]), wengert.tensor([3])])\ntensor([1, 2, 3])"},
    {"stack", "", "tensors: Tensor[], dim: int = 0", kFunction | kOut, stack_op,
     "The tensors, all of one shape, along a new dimension dim.\n\n"
     ">>> wengert.stack([wengert.tensor([1, 2]), wengert.tensor([3, 4])])\ntensor([[1, 2],\n        [3, 4]])"},
    {"hstack", "", "tensors: Tensor[]", kFunction | kOut, hstack_op,
     "The tensors side by side: along dimension 1, vectors along dimension 0.\n\n"
     ">>> wengert.hstack([wengert.tensor([1, 2]), wengert.tensor([3])])\ntensor([1, 2, 3])"},
    {"vstack", "row_stack", "tensors: Tensor[]", kFunction | kOut, vstack_op,
     "The tensors below each other, along dimension 0; vectors are rows.\n\n"
     ">>> wengert.vstack([wengert.tensor([1, 2]), wengert.tensor([3, 4])])\ntensor([[1, 2],\n        [3, 4]])"},
    {"dstack", "", "tensors: Tensor[]", kFunction | kOut, dstack_op,
     "The tensors behind each other, along dimension 2.\n\n"
     ">>> wengert.dstack([wengert.tensor([1, 2]), wengert.tensor([3, 4])])\ntensor([[[1, 3],\n         [2, 4]]])"},
    {"column_stack", "", "tensors: Tensor[]", kFunction | kOut, column_stack_op,
     "The tensors side by side, along dimension 1; vectors are columns.\n\n"
     ">>> wengert.column_stack([wengert.tensor([1, 2]), wengert.tensor([3, 4])])\ntensor([[1, 3],\n        [2, 4]])"},
};

}  // namespace

constinit const std::span<const OpRow> kJoinOps = kRows;

Tensor cat(std::span<const Tensor> tensors, std::int64_t dim, Tensor* out) {
  check_value(!tensors.empty(), "torch.cat(): expected a non-empty list of Tensors");
  const Tensor* model = nullptr;  // the first that is not skipped
  std::size_t position = 0;
  for (const Tensor& t : tensors) {
    check(t.dim() > 0, "zero-dimensional tensor (at position ", position++, ") cannot be concatenated");
    if (!model && !skipped(t)) model = &t;
  }
  const int at = model ? wrap_dim(dim, model->dim()) : 0;
  Dims sizes = model ? model->sizes() : Dims{0};
  if (model) sizes[at] = 0;
  position = 0;
  for (const Tensor& t : tensors) {
    const std::size_t here = position++;
    if (skipped(t)) continue;
    check(t.dim() == model->dim(), "Tensors must have same number of dimensions: got ", model->dim(), " and ", t.dim());
    for (int i = 0; i < t.dim(); ++i)
      check(i == at || t.size(i) == model->size(i), "Sizes of tensors must match except in dimension ", at, ". Expected size ",
            model->size(i), " but got size ", t.size(i), " for tensor number ", here, " in the list.");
    sizes[at] += t.size(at);
  }
  const Tensor result = result_for("cat", tensors, sizes, out);
  if (result.numel() == 0) return result;
  std::int64_t start = 0, next = 0;
  const auto part = [&](std::int64_t place) {  // called for places in ascending order
    for (; next < place; ++next) start += skipped(tensors[next]) ? 0 : tensors[next].size(at);
    return slice(result, at, start, 1, tensors[place].size(at));
  };
  write_rows(result, at, tensors, part);
  return result;
}

}  // namespace wengert
