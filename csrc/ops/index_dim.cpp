#include "ops/index_dim.h"

#include <algorithm>
#include <string_view>

#include "ops/copy.h"
#include "ops/create.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/indexed.h"
#include "ops/view.h"

namespace wengert {
namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

Dims without(const Dims& sizes, int dim) {
  Dims rest = sizes;
  if (dim < rest.size()) rest.erase(dim);
  return rest;
}

auto plain_list(const Dims& sizes) {  // "3 4", as a part of a message
  return [&sizes] {
    std::string text;
    for (std::int64_t size : sizes) text += str(text.empty() ? "" : " ", size);
    return text;
  };
}

// The list of places along dim of an input of at least one dimension, all of them inside.
Places checked_places(const Tensor& input, int dim, const Tensor& index, bool wrap, const char* prefix) {
  const Places places(input, dim, index, wrap);
  const std::int64_t bad = places.first_out_of_range();
  if (bad < places.n)
    fail(ErrorKind::index_out_of_range, prefix, "index ", places.at(bad), " is out of bounds for dimension ", dim,
         " with size ", places.size);
  return places;
}

void check_inside(bool inside) {
  if (!inside) fail(ErrorKind::index_out_of_range, "index out of range in self");
}

Result index_select_op(const Call& call) {
  const Tensor &input = input_of(call), &index = *call.args[2].tensor;
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  check_index(index.dim() <= 1, "index_select(): Index is supposed to be a vector");
  check(is_index_dtype(index.dtype()), "index_select(): Expected dtype int32 or int64 for index");
  check(!call.out || call.out->dtype() == input.dtype(), "index_select(): self and result must have the same scalar type");
  check(input.dim() > 0 || index.numel() == 1, "index_select(): Index to scalar can have only 1 value, got ", index.numel(),
        " value(s)");
  Dims sizes = input.sizes();
  if (input.dim() > 0) sizes[dim] = index.numel();
  if (call.out) {
    check_no_overlap(*call.out, input);
    check_no_overlap(*call.out, index);
    check_out("index_select", call.out, sizes, input.dtype());
  }
  Tensor made_list, made;
  if (!call.out) made = Tensor::empty(sizes, input.dtype());
  const Tensor &list = contiguous(index, &made_list), &result = call.out ? *call.out : made;
  const Places places(input, dim, list, false);
  if (call.out) check_inside(places.first_out_of_range() == places.n);
  const bool inside =
      result.numel() > 0 ? gather(sweep_along(input, dim, places, result)) : places.first_out_of_range() == places.n;
  check_inside(inside);
  if (!call.out) return made;
  result.bump_version();
  return result;
}

// What index_add and index_reduce ask of index and source.
void check_list_and_source(const char* op, const Tensor& input, int dim, const Tensor& index, const Tensor& source) {
  check_index(index.dim() <= 1, op, "(): Index is supposed to be a vector, but got dim: ", index.dim(),
              " with type: ", info(index.dtype()).scalar, " and size: ", index.sizes());
  check(is_index_dtype(index.dtype()), op, "(): Expected dtype int32/int64 for index but got: ", info(index.dtype()).scalar);
  check(input.dtype() == source.dtype(), op, "(): self (", info(input.dtype()).scalar, ") and source (",
        info(source.dtype()).scalar, ") must have the same scalar type");
  check(dim == 0 || dim < source.dim(), op, "(): Indexing dim ", dim, " is out of bounds of the source tensor with dim ",
        source.dim());
  const std::int64_t given = source.dim() == 0 ? 1 : source.size(dim);
  check(source.dim() == 0 || index.numel() == given, op, "(): Number of indices (", index.numel(),
        ") should be equal to source.size(dim): (", given, "), for dim: ", dim);
  const bool fits = source.dim() == input.dim() && without(source.sizes(), dim) == without(input.sizes(), dim);
  check(fits,
        "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = ", input.sizes(),
        " source.shape = ", source.sizes());
}

void check_apart(const Call& call, const Tensor& input, const Tensor& index, const Tensor* source) {
  const Tensor& written = call.out ? *call.out : input;
  if (!call.inplace && !call.out) return;
  if (call.inplace) check_writable(input);
  check_no_overlap(written, index);
  if (source) check_no_overlap(written, *source);
}

Result index_add_op(const Call& call) {
  const Tensor &input = input_of(call), &index = *call.args[2].tensor, &source = *call.args[3].tensor;
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  check_list_and_source("index_add_", input, dim, index, source);
  check_apart(call, input, index, &source);
  Tensor made_list, product;
  const Tensor& list = contiguous(index, &made_list);
  if (call.inplace) checked_places(input, dim, list, false, "");
  const Tensor* scaled = &source;
  if (!call.args[4].number.is(1)) {
    const Tensor alpha = Tensor::empty({}, input.dtype());
    call.args[4].number.store(alpha.dtype(), alpha.data());
    static const ElementwiseRow& multiply = *find_op("mul").row;
    const Operand operands[] = {Operand(source), Operand(alpha)};
    product = elementwise(multiply, operands);
    scaled = &product;
  }
  Target target(call, input, false);
  const Tensor& to = *target;
  const bool inside =
      source.numel() == 0 || accumulate(sweep_along(to, dim, {to, dim, list, false}, *scaled), Accumulate::add, input.dtype());
  if (!inside || source.numel() == 0) checked_places(input, dim, list, false, "");
  return target.finished();
}

Result index_reduce_op(const Call& call) {
  const Tensor &input = input_of(call), &index = *call.args[2].tensor, &source = *call.args[3].tensor;
  const std::string_view reduce = call.args[4].text;
  const bool include_self = call.args[5].truth(), mean = reduce == "mean";
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  check(mean || reduce == "prod" || reduce == "amax" || reduce == "amin",
        "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ", reduce, ".");
  check_list_and_source("index_reduce_", input, dim, index, source);
  check_apart(call, input, index, &source);
  if (mean && input.dtype() == DType::boolean) fail(ErrorKind::not_implemented, "\"div_floor_cpu\" not implemented for 'Bool'");
  Tensor made_list, made_to, made_values, made_work;
  const Tensor& list = contiguous(index, &made_list);
  const Places all(input, dim, list, false);
  check_inside(all.first_out_of_range() == all.n);
  Target target(call, input, false);
  if (source.numel() == 0) return target.finished();
  const Tensor &to = at_least_1d(*target, &made_to), &values = at_least_1d(source, &made_values),
               &work = mean ? contiguous(to, &made_work) : to;
  const auto sweep = [&](const Tensor& base, const Tensor& side) {
    return sweep_along(base, dim, {base, dim, list, false}, side);
  };
  const auto spread = [&](const Tensor& value) { return repeated(value, work, dim, values.sizes()); };
  if (!include_self) {
    const Tensor start = spread(reduction_identity(reduce, input.dtype()));
    scatter(sweep(work, start));
  }
  accumulate(sweep(work, values), reduction_kind(reduce), input.dtype());
  if (mean) {
    const Scalar one = Scalar::of(std::int64_t{1});
    const Tensor counts = full(to.sizes(), include_self ? one : Scalar::of(std::int64_t{0}), DType::int64);
    const Tensor ones = spread(full({}, one, DType::int64));
    accumulate(sweep(counts, ones), Accumulate::add, DType::int64);
    divide_by_counts(work, counts);
    if (work.data() != to.data()) copy_into(to, work);
  }
  return target.finished();
}

Result index_copy_op(const Call& call) {
  const Tensor &input = input_of(call), &index = *call.args[2].tensor, &source = *call.args[3].tensor;
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  check_index(index.dim() < 2, "index_copy_(): Index should have dimension 1 or 0 (got ", index.dim(), ")");
  check_index(source.dim() > 0 || index.numel() == 1,
              "index_copy_(): When source is scalar, index should have one element (got ", index.numel(), ")");
  check_index(source.dim() == input.dim() || source.dim() == 0 || input.dim() == 0,
              "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
              "dimensionality (",
              source.dim(), "), destination dimensionality (", input.dim(), ")");
  check(index.dtype() == DType::int64, "index_copy_(): Expected a long tensor for index, but got ", info(index.dtype()).scalar);
  check(input.dtype() == source.dtype(), "index_copy_(): self and source expected to have the same dtype, but got (self) ",
        info(input.dtype()).scalar, " and (source) ", info(source.dtype()).scalar);
  const Dims of_input = without(input.sizes(), dim), of_source = without(source.sizes(), dim);
  check(of_input == of_source,
        "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: ", plain_list(of_input),
        " at dimension ", dim, " and source slice shape: ", plain_list(of_source), " at dimension 0.");
  check_index(source.dim() == 0 || index.numel() == source.size(dim), "index_copy_(): Number of indices (", index.numel(),
              ") should be equal to source.size(dim) (", source.dim() == 0 ? 1 : source.size(dim), ")");
  check_apart(call, input, index, &source);
  Tensor made_list;
  const Tensor& list = contiguous(index, &made_list);
  checked_places(input, dim, list, false, "index_copy_(): ");
  Target target(call, input, false);
  if (source.numel() > 0) scatter(sweep_along(*target, dim, {*target, dim, list, false}, source));
  return target.finished();
}

Result index_fill_op(const Call& call) {
  const Tensor &input = input_of(call), &index = *call.args[2].tensor;
  const Value& value = call.args[3];
  check(!value.is_tensor() || value.tensor->dim() == 0,
        "index_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
        value.is_tensor() ? value.tensor->dim() : 0, " dimension(s).");
  check_index(index.dtype() == DType::int64, "index_fill_(): Expected dtype int64 for index.");
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  check(index.dim() <= 1, "Index has to be a vector/scalar");
  check_apart(call, input, index, nullptr);
  const Scalar number = value.is_tensor() ? Scalar::load(value.tensor->dtype(), value.tensor->data()) : value.number;
  Tensor made_list, made_to;
  const Tensor& list = contiguous(index, &made_list);
  const Tensor element = full({}, number, input.dtype());
  checked_places(input, dim, list, true, "");
  Target target(call, input, true);
  const Tensor& to = at_least_1d(*target, &made_to);
  Dims sizes = to.sizes();
  sizes[dim] = list.numel();
  const Tensor side = repeated(element, to, dim, sizes);
  if (side.numel() > 0) scatter(sweep_along(to, dim, {to, dim, list, true}, side));
  return target.finished();
}

constexpr unsigned kAllForms = kFunction | kMethod | kInplace | kOut;

constexpr OpRow kRows[] = {
    {"index_select", "", "input: Tensor, dim: int, index: Tensor", kFunction | kMethod | kOut, index_select_op,
     "The entries of input along dim that the vector index names, one after the other.\n\n"
     "index is int64 or int32; IndexError where it is negative or too large.\n\n"
     ">>> wengert.arange(6).view(3, 2).index_select(0, wengert.tensor([2, 0]))\ntensor([[4, 5],\n        [0, 1]])"},
    {"index_add", "", "input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1", kAllForms, index_add_op,
     "Input with alpha times the entries of source along dim added to those that index names.\n\n"
     "Entries for one place are added in the order of index, so that results do not depend on threads.\n\n"
     ">>> wengert.zeros(3).index_add(0, wengert.tensor([0, 0, 2]), wengert.ones(3))\ntensor([2., 0., 1.])"},
    {"index_copy", "", "input: Tensor, dim: int, index: Tensor, source: Tensor", kAllForms, index_copy_op,
     "Input with the entries along dim that index names replaced by those of source; of equal places the last stays.\n\n"
     ">>> wengert.zeros(3).index_copy(0, wengert.tensor([2, 0]), wengert.tensor([5., 6.]))\ntensor([6., 0., 5.])"},
    {"index_fill", "", "input: Tensor, dim: int, index: Tensor, value: Operand", kAllForms & ~static_cast<unsigned>(kOut),
     index_fill_op,
     "Input with the entries along dim that index names set to a number or 0-d tensor.\n\n"
     ">>> wengert.zeros(3).index_fill(0, wengert.tensor([0, -1]), 7)\ntensor([7., 0., 7.])"},
    {"index_reduce", "", "input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True",
     kAllForms, index_reduce_op,
     "Input with the entries of source along dim combined into those that index names: 'prod', 'mean', 'amax' or 'amin'.\n\n"
     "include_self=False leaves out the values that input had there.\n\n"
     ">>> i = wengert.tensor([0, 0, 1])\n"
     ">>> wengert.ones(2).index_reduce(0, i, wengert.tensor([2., 3., 4.]), 'prod')\ntensor([6., 4.])"},
};

}  // namespace

constinit const std::span<const OpRow> kIndexDimOps = kRows;

}  // namespace wengert
