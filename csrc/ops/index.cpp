#include "ops/index.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/indexed.h"
#include "ops/masked.h"
#include "ops/strided.h"
#include "ops/view.h"

namespace wengert {
namespace {

bool is_mask(const Tensor& key) { return key.dtype() == DType::boolean || key.dtype() == DType::uint8; }

void check_mask_shape(const Tensor& input, const Tensor& mask, int dim) {
  for (int j = 0; j < mask.dim(); ++j)
    check_index(mask.size(j) == input.size(dim + j), "The shape of the mask ", mask.sizes(), " at index ", j,
                " does not match the shape of the indexed tensor ", input.sizes(), " at index ", dim + j);
}

[[noreturn, gnu::cold, gnu::noinline]] void out_of_range(std::int64_t index, int dim, std::int64_t size) {
  fail(ErrorKind::index, "index ", index, " is out of bounds for dimension ", dim, " with size ", size);
}

void check_places(const Places& places, int dim) {
  const std::int64_t bad = places.first_out_of_range();
  if (bad < places.n) out_of_range(places.at(bad), dim, places.size);
}

// The key understood: which dimensions of the input are indexed, with what, and where the list stands in the result.
struct Plan {
  const Tensor& input;
  const Tensor* keys[kMaxDims];  // per dimension of the input; null: whole
  std::vector<Tensor> columns;   // what masks have become
  int indexed = 0;               // how many are not null
  int single = 0;                // the last of them
  int at = 0;                    // dimension of the result where the list begins
  Dims list;                     // shape of the indices, broadcast together
  Dims sizes;                    // of the result
  Tensor held;                   // the indices or offsets that places points to
  Places places;

  Plan(const Tensor& input, Keys given) : input(input) {
    spread(given);
    shape();
  }

  void spread(Keys given) {
    const auto too_many = [&](std::int64_t wanted) {
      check_index(wanted <= input.dim(), "too many indices for tensor of dimension ", input.dim(), " (got ", wanted, ")");
    };
    too_many(static_cast<std::int64_t>(given.size()));
    int dim = 0;
    std::int64_t wanted = 0;
    for (const Tensor* key : given) {  // mask by mask, then their number
      wanted += key && is_mask(*key) ? key->dim() : 1;
      if (key && is_mask(*key) && wanted <= input.dim()) check_mask_shape(input, *key, static_cast<int>(wanted) - key->dim());
    }
    too_many(wanted);
    for (const Tensor* key : given) {
      if (key && is_mask(*key)) {
        columns.reserve(kMaxDims);  // so that they stay where they are
        const Tensor rows = nonzero(*key);
        for (int j = 0; j < key->dim(); ++j) {
          columns.push_back(select(rows, 1, j));
          keys[dim++] = &columns.back();
        }
        continue;
      }
      check_index(!key || is_index_dtype(key->dtype()), "tensors used as indices must be long, int, byte or bool tensors");
      keys[dim++] = key;
    }
    for (; dim < input.dim(); ++dim) keys[dim] = nullptr;
  }

  void shape() {
    bool neighbours = true, mismatch = false;
    int first = -1;
    for (int d = 0; d < input.dim(); ++d) {
      if (!keys[d]) continue;
      if (indexed++ == 0) {
        first = d;
        list = keys[d]->sizes();
      } else {
        neighbours = neighbours && keys[d - 1];
        if (!(list == keys[d]->sizes())) mismatch = !broadcast_list(keys[d]->sizes()) || mismatch;
      }
      single = d;
    }
    if (mismatch) mismatched();
    check_index(indexed > 0, "at least one tensor is needed to index with");
    at = neighbours ? first : 0;
    if (list.size() == 1 && input.dim() <= kInlineDims && indexed == 1) {
      sizes = input.sizes();
      sizes[first] = list[0];
    } else {
      for (int d = 0; d < at; ++d) sizes.push_back(input.size(d));
      for (std::int64_t size : list) sizes.push_back(size);
      for (int d = at; d < input.dim(); ++d)
        if (!keys[d]) sizes.push_back(input.size(d));
    }
    bool empty = false;
    for (std::int64_t size : list) empty = empty || size == 0;
    for (int d = 0; d < input.dim(); ++d)
      check_index(!keys[d] || input.size(d) > 0 || empty, "index is out of bounds for dimension with size 0");
  }

  bool broadcast_list(const Dims& other) {
    try {
      list = broadcast(list, other);
      return true;
    } catch (const Error&) {
      return false;
    }
  }
  [[noreturn, gnu::cold, gnu::noinline]] void mismatched() const {
    std::string shapes;
    for (int d = 0; d < input.dim(); ++d)
      if (keys[d]) shapes += str(shapes.empty() ? "" : ", ", keys[d]->sizes());
    fail(ErrorKind::index, "shape mismatch: indexing tensors could not be broadcast together with shapes ", shapes);
  }

  // Fills places. With `checked`, every index has been looked at.
  void locate(bool checked) {
    if (indexed == 1) {
      places = Places(input, single, contiguous(*keys[single], &held), true);
      if (checked) check_places(places, single);
      return;
    }
    held = Tensor::empty(list, DType::int64);
    std::int64_t low = 0, high = 1;
    bool first = true;
    for (int d = 0; d < input.dim(); ++d) {
      if (!keys[d]) continue;
      add_offsets(d, first);
      const std::int64_t reach = (input.size(d) - 1) * input.stride(d) * input.itemsize();
      (reach < 0 ? low : high) += reach;
      first = false;
    }
    places.n = held.numel();
    places.offsets = held.data<std::int64_t>();
    places.low = low;
    places.high = high;
  }

  void add_offsets(int dim, bool first) const {
    const Tensor& key = *keys[dim];
    const OffsetLoop loop = kernels().index->offsets[key.dtype() == DType::int64];
    const std::int64_t size = input.size(dim), stride = input.stride(dim) * input.itemsize();
    std::atomic<bool> inside{true};
    const auto run = [&](char* out, const char* index, std::int64_t step, std::int64_t n) {
      if (!loop({reinterpret_cast<std::int64_t*>(out), index, step, n, size, stride, 0, 0, true, !first}))
        inside.store(false, std::memory_order_relaxed);
    };
    if (key.is_contiguous() && key.numel() == held.numel() && held.numel() <= Walk::kElementUnit) {
      run(held.data(), key.data(), key.itemsize(), held.numel());
    } else {
      Walk walk;
      int order[kMaxDims];
      for (int i = 0; i < list.size(); ++i) order[i] = list.size() - 1 - i;
      walk.start(list, order);
      walk.add(held, order);
      walk.add(key, order);
      walk.merge();
      for_each_piece(walk, static_cast<double>(held.numel()), 1, Walk::kElementUnit, [&](const WalkPiece& piece) {
        for (std::int64_t r = 0; r < piece.rows; ++r)
          run(piece.data[0] + (walk.dims > 1 ? r * walk.step[0][1] : 0),
              piece.data[1] + (walk.dims > 1 ? r * walk.step[1][1] : 0), walk.dims > 0 ? walk.step[1][0] : 0, piece.n);
      });
    }
    if (!inside) check_places(Places(input, dim, contiguous(key), true), dim);
  }

  // The step between the list's entries in a tensor of the result's shape; false where no single step walks them.
  bool list_step(const Tensor& side, std::int64_t* step) const {
    std::int64_t count = 1;
    *step = 0;
    for (int k = list.size() - 1; k >= 0; --k) {
      if (list[k] == 1) continue;
      const std::int64_t stride = side.stride(at + k) * side.itemsize();
      if (count == 1)
        *step = stride;
      else if (stride != *step * count)
        return false;
      count *= list[k];
    }
    return true;
  }

  Sweep sweep(const Tensor& side) const {
    Sweep result;
    result.places = places;
    result.base = input.data();
    result.side = side.data();
    result.item = input.itemsize();
    result.exclusive = surely_apart(input);
    list_step(side, &result.step);
    int position = side.dim();
    for (int d = input.dim() - 1; d >= 0; --d) {
      if (keys[d]) continue;
      --position;
      if (position < at + list.size() && position >= at) position = at - 1;
      result.add(input.size(d), input.stride(d) * result.item, side.stride(position) * result.item);
    }
    return result;
  }

  // Laid out as PyTorch's iterator would: by the strides of the input's whole dimensions, then those of the indices.
  Tensor empty_result() const {
    bool usual = input.is_contiguous();
    for (int d = 0; usual && d < input.dim(); ++d) usual = !keys[d] || keys[d]->is_contiguous();
    if (usual) return Tensor::empty(sizes, input.dtype());
    Dims strides(sizes.size());
    for (int d = 0, position = 0; d < input.dim(); ++d) {
      if (keys[d]) continue;
      if (position == at) position += list.size();
      strides[position++] = input.stride(d);
    }
    std::vector<Tensor> views;
    views.push_back(input.view_as(sizes, strides));
    for (int d = 0; d < input.dim(); ++d) {
      if (!keys[d]) continue;
      const Tensor& key = *keys[d];
      Dims shape(sizes.size(), 1), steps(sizes.size());
      for (int k = 0; k < key.dim(); ++k) {
        const int position = at + list.size() - key.dim() + k;
        shape[position] = key.size(k);
        steps[position] = key.size(k) == 1 ? 0 : key.stride(k);
      }
      views.push_back(key.view_as(shape, steps));
    }
    const Tensor* tensors[kMaxDims + 1];
    for (std::size_t i = 0; i < views.size(); ++i) tensors[i] = &views[i];
    int order[kMaxDims];
    Walk::order(sizes, tensors, static_cast<int>(views.size()), order);
    return Tensor::empty_strided(sizes, Walk::result_strides(sizes, order), input.dtype());
  }
};

// A mask alone, of all the input's dimensions or of its first ones that lie evenly spaced: one list of positions serves.
bool evenly_spaced(const Tensor& input, int dims) {
  for (int d = 0; d + 1 < dims; ++d)
    if (input.stride(d) != input.stride(d + 1) * input.size(d + 1)) return false;
  return true;
}

Tensor merged_dims(const Tensor& input, int dims) {
  Dims sizes, strides;
  std::int64_t size = 1;
  for (int d = 0; d < dims; ++d) size *= input.size(d);
  sizes.push_back(size);
  strides.push_back(input.stride(dims - 1));
  for (int d = dims; d < input.dim(); ++d) {
    sizes.push_back(input.size(d));
    strides.push_back(input.stride(d));
  }
  return input.view_as(sizes, strides);
}

// values as a tensor of the result's shape.
const Tensor& spread_values(const Plan& plan, const Tensor& values, Tensor* made) {
  bool fits = values.dim() <= plan.sizes.size();
  for (int i = 1; fits && i <= values.dim(); ++i)
    fits = values.size(values.dim() - i) == 1 || values.size(values.dim() - i) == plan.sizes[plan.sizes.size() - i];
  check(fits, "shape mismatch: value tensor of shape ", values.sizes(), " cannot be broadcast to indexing result of shape ",
        plan.sizes);
  return values.sizes() == plan.sizes ? values : *made = expand(values, plan.sizes);
}

// One value for whole rows of memory: a row of it, so that rows are moved as runs.
const Tensor& with_row(const Plan& plan, const Tensor& values, const Tensor& spread, Tensor* made) {
  const int last = plan.sizes.size() - 1;
  const bool rows = values.numel() == 1 && !plan.keys[plan.input.dim() - 1] && plan.input.stride(plan.input.dim() - 1) == 1;
  if (!rows || plan.sizes[last] < 4 || plan.at + plan.list.size() > last) return spread;
  const Tensor row = contiguous(expand(reshape(values, {1}), {plan.sizes[last]}));
  return *made = expand(row, plan.sizes);
}

void check_dtypes(const Tensor& input, const Tensor& values) {
  check(values.dtype() == input.dtype(), "Index put requires the source and destination dtypes match, got ",
        info(input.dtype()).scalar, " for the destination and ", info(values.dtype()).scalar, " for the source.");
}

void put(const Tensor& input, Keys keys, const Tensor& values, bool add) {
  Plan plan(input, keys);
  Tensor made[3];
  const Tensor& spread = spread_values(plan, values, &made[0]);
  check_dtypes(input, values);
  const Tensor& rows = with_row(plan, values, spread, &made[1]);
  if (rows.numel() == 0) return;
  plan.locate(true);
  std::int64_t step;
  const Tensor& side = plan.list_step(rows, &step) ? rows : contiguous(rows, &made[2]);
  input.bump_version();
  const Sweep sweep = plan.sweep(side);
  if (add)
    accumulate(sweep, Accumulate::add, input.dtype());
  else
    scatter(sweep);
}

}  // namespace

Tensor index(const Tensor& input, Keys keys) {
  if (keys.size() == 1 && keys[0] && is_mask(*keys[0]) && keys[0]->dim() > 0 && keys[0]->dim() <= input.dim()) {
    const Tensor& mask = *keys[0];
    check_mask_shape(input, mask, 0);
    if (mask.dim() == input.dim()) return compress(input, mask);
    if (mask.dim() > 1 && evenly_spaced(input, mask.dim())) {
      const Tensor positions = nonzero_positions(mask);
      const Tensor* key[] = {&positions};
      return index(merged_dims(input, mask.dim()), key);
    }
  }
  Plan plan(input, keys);
  Tensor result = plan.empty_result();
  if (result.numel() == 0) return result;
  plan.locate(false);
  std::int64_t step;
  const bool direct = plan.list_step(result, &step);
  Tensor made;
  const Tensor& side = direct ? result : made = Tensor::empty(plan.sizes, input.dtype());
  if (!gather(plan.sweep(side))) check_places(plan.places, plan.single);
  if (!direct) {
    copy_into(result, side);
    result.storage()->version = 0;
  }
  return result;
}

// One mask and whole dimensions: as masked_fill, which takes a value of any dtype.
static bool one_mask(Keys keys) {
  int masks = 0;
  for (const Tensor* key : keys) {
    if (!key) continue;
    if (!is_mask(*key)) return false;
    ++masks;
  }
  return masks == 1;
}

void index_put(const Tensor& input, Keys keys, const Tensor& given, bool accumulate) {
  const bool fills = given.numel() == 1 && !accumulate && one_mask(keys);
  Tensor made[3];
  if (fills && (given.dtype() != input.dtype() || given.dim() != 0))
    made[0] = full({}, Scalar::load(given.dtype(), given.data()), input.dtype());
  const Tensor& values = made[0].defined() ? made[0] : given;
  check_not_read_only(input);
  const Tensor& source = separated(input, values, &made[1]);
  std::vector<Tensor> copies;
  const Tensor* apart[kMaxDims];
  check_index(keys.size() <= kMaxDims, "too many indices for tensor of dimension ", input.dim());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    apart[i] = keys[i];
    if (!keys[i] || !may_overlap(input, *keys[i])) continue;
    copies.reserve(keys.size());  // so that they stay where they are
    if (is_mask(*keys[i]))
      copies.push_back(clone(*keys[i]));
    else if (&separated(input, *keys[i], &made[2]) != keys[i])
      copies.push_back(made[2]);
    else
      continue;
    apart[i] = &copies.back();
  }
  keys = {apart, keys.size()};
  if (keys.size() == 1 && keys[0] && is_mask(*keys[0]) && keys[0]->dim() > 0 && keys[0]->dim() <= input.dim()) {
    const Tensor& mask = *keys[0];
    check_mask_shape(input, mask, 0);
    const bool whole = mask.dim() == input.dim() && input.is_contiguous() && !accumulate && source.dim() <= 1;
    if (whole && fills) {
      input.bump_version();
      return fill_selected(input, mask, source);
    }
    if (whole && count_selected(mask) == source.numel()) {
      check_dtypes(input, source);
      input.bump_version();
      return expand_into(input, mask, contiguous(source, &made[2]));
    }
    if (mask.dim() > 1 && evenly_spaced(input, mask.dim())) {
      const Tensor positions = nonzero_positions(mask);
      const Tensor* key[] = {&positions};
      return put(merged_dims(input, mask.dim()), key, source, accumulate);
    }
  }
  put(input, keys, source, accumulate);
}

namespace {

Result index_put_op(const Call& call) {
  const Value* a = call.args;
  std::vector<const Tensor*> keys;
  for (const Tensor& key : a[1].tensors) keys.push_back(&key);
  const Tensor target = call.inplace ? *call.out : clone(*a[0].tensor);
  index_put(target, keys, *a[2].tensor, a[3].truth());
  if (!call.inplace) target.storage()->version = 0;
  return target;
}

constexpr OpRow kRows[] = {
    {"index_put", "", "input: Tensor, indices: Tensor[], values: Tensor, accumulate: bool = False",
     kFunction | kMethod | kInplace, index_put_op,
     "A copy of input with input[indices] = values, or with values added there (accumulate).\n\n"
     "Values broadcast to the shape of input[indices] and have input's dtype. Of equal places the last value stays; added\n"
     "values are added in order. IndexError for what is out of range, before anything is written.\n\n"
     ">>> i = wengert.tensor([0, 0, 2])\n"
     ">>> wengert.zeros(3).index_put((i,), wengert.ones(3), accumulate=True)\ntensor([2., 0., 1.])"},
};

}  // namespace

constinit const std::span<const OpRow> kIndexOps = kRows;

}  // namespace wengert
