#include "ops/view_copy.h"

#include <map>

#include "ops/copy.h"
#include "ops/create.h"

namespace wengert {
namespace {

// The view that "permute_copy" is made of: the row "permute".
const Op& view_of(const Op& op) {
  static std::map<const Op*, const Op*> views;  // guarded by the GIL
  const Op*& view = views[&op];
  if (!view) {
    const auto copy = op.name.find("_copy");
    view = &find_op((op.name.substr(0, copy) + op.name.substr(copy + 5)).c_str());
  }
  return *view;
}

Tensor row_major(const Tensor& view) {
  Tensor result = Tensor::empty(view.sizes(), view.dtype());
  copy_unchecked(result, view);
  return result;
}

Result copied(const Call& call) {
  const Op& op = view_of(call.op);
  Result result = op.call({op, call.args});
  if (auto* tensors = std::get_if<std::vector<Tensor>>(&result)) {
    for (Tensor& tensor : *tensors) tensor = row_major(tensor);
    return result;
  }
  const Tensor& view = std::get<Tensor>(result);
  if (!call.out) return row_major(view);
  const Tensor out = result_of(call, view.sizes(), view.dtype());
  copy_into(out, view);
  return out;
}

Result alias_copy_op(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  if (!call.out) return row_major(input);
  const Tensor out = result_of(call, input.sizes(), input.dtype());
  copy_into(out, input);
  return out;
}

#define WENGERT_VIEW_COPY(name, signature, example) \
  {name, "", signature, kFunction | kOut, copied, "As the view of that name, with memory of its own.\n\n" example}
#define WENGERT_VIEWS_COPY(name, signature, example) \
  {name, "", signature, kFunction, copied, "As the views of that name, with memory of their own.\n\n" example}

constexpr OpRow kRows[] = {
    {"alias_copy", "", "input: Tensor", kFunction | kOut, alias_copy_op,
     "A copy of input.\n\n>>> wengert.alias_copy(wengert.tensor([1, 2]))\ntensor([1, 2])"},
    WENGERT_VIEW_COPY("as_strided_copy", "input: Tensor, size: tuple, stride: tuple, storage_offset: int? = None",
                      ">>> wengert.as_strided_copy(wengert.arange(6), (2, 2), (1, 3))\ntensor([[0, 3],\n        [1, 4]])"),
    WENGERT_VIEW_COPY("diagonal_copy", "input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1",
                      ">>> wengert.diagonal_copy(wengert.tensor([[1, 2], [3, 4]]))\ntensor([1, 4])"),
    WENGERT_VIEW_COPY("expand_copy", "input: Tensor, size: int[]",
                      ">>> wengert.expand_copy(wengert.tensor([1]), (3,))\ntensor([1, 1, 1])"),
    WENGERT_VIEW_COPY("narrow_copy", "input: Tensor, dim: int, start: int, length: int",
                      ">>> wengert.narrow_copy(wengert.arange(5), 0, 1, 2)\ntensor([1, 2])"),
    WENGERT_VIEW_COPY("permute_copy", "input: Tensor, dims: int[]",
                      ">>> wengert.permute_copy(wengert.zeros(2, 3), (1, 0)).stride()\n(2, 1)"),
    WENGERT_VIEW_COPY("select_copy", "input: Tensor, dim: int, index: int",
                      ">>> wengert.select_copy(wengert.tensor([[1, 2], [3, 4]]), 0, 1)\ntensor([3, 4])"),
    WENGERT_VIEW_COPY("squeeze_copy", "input: Tensor, dim: int[]? = None",
                      ">>> wengert.squeeze_copy(wengert.zeros(1, 2))\ntensor([0., 0.])"),
    WENGERT_VIEW_COPY("t_copy", "input: Tensor", ">>> wengert.t_copy(wengert.zeros(2, 3)).stride()\n(2, 1)"),
    WENGERT_VIEW_COPY("transpose_copy", "input: Tensor, dim0: int, dim1: int",
                      ">>> wengert.transpose_copy(wengert.zeros(2, 3), 0, 1).stride()\n(2, 1)"),
    WENGERT_VIEW_COPY("unfold_copy", "input: Tensor, dimension: int, size: int, step: int",
                      ">>> wengert.unfold_copy(wengert.arange(3), 0, 2, 1)\ntensor([[0, 1],\n        [1, 2]])"),
    WENGERT_VIEW_COPY("unsqueeze_copy", "input: Tensor, dim: int",
                      ">>> wengert.unsqueeze_copy(wengert.zeros(2), 0)\ntensor([[0., 0.]])"),
    WENGERT_VIEW_COPY("view_copy", "input: Tensor, size: int[]",
                      ">>> wengert.view_copy(wengert.arange(4), (2, 2))\ntensor([[0, 1],\n        [2, 3]])"),
    WENGERT_VIEW_COPY("view_copy.dtype", "input: Tensor, dtype: dtype",
                      ">>> wengert.view_copy(wengert.tensor([1.0]), wengert.int32)\ntensor([1065353216], dtype=torch.int32)"),
    WENGERT_VIEWS_COPY("split_with_sizes_copy", "input: Tensor, split_sizes: list, dim: int = 0 -> Tensor[]",
                       ">>> wengert.split_with_sizes_copy(wengert.arange(3), [1, 2])\n(tensor([0]), tensor([1, 2]))"),
    WENGERT_VIEWS_COPY("unbind_copy", "input: Tensor, dim: int = 0 -> Tensor[]",
                       ">>> wengert.unbind_copy(wengert.arange(2))\n(tensor(0), tensor(1))"),
};

}  // namespace

constinit const std::span<const OpRow> kViewCopyOps = kRows;

}  // namespace wengert
