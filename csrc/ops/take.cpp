#include "ops/take.h"

#include <algorithm>
#include <atomic>

#include "core/parallel.h"
#include "ops/copy.h"
#include "ops/indexed.h"
#include "ops/view.h"

namespace wengert {
namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

// The elements of a tensor in row-major order as places: by one stride where they lie so, else by offsets of their own.
struct Flat {
  Tensor made, offsets;
  Places places;

  Flat(const Tensor& input, const Tensor& given) {
    const Tensor& index = contiguous(given, &made);
    places.n = index.numel();
    places.index = index.data();
    places.size = input.numel();
    places.stride = input.itemsize();
    places.high = input.nbytes();
  }

  void check_bounds() const {
    const std::int64_t bad = places.first_out_of_range();
    check_index(bad == places.n, "out of range: tried to access index ", bad < places.n ? places.at(bad) : 0,
                " on a tensor of ", places.size, " elements.");
  }

  // After check_bounds.
  void locate(const Tensor& input) {
    if (input.is_contiguous()) return;
    offsets = Tensor::empty({places.n}, DType::int64);
    std::int64_t* out = offsets.data<std::int64_t>();
    const double ns = 8.0 * static_cast<double>(places.n);
    LongWork work(ns);
    parallel_for(places.n, 256, ns, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::int64_t rest = places.at(i), offset = 0;
        if (rest < 0) rest += places.size;
        for (int d = input.dim() - 1; d >= 0; --d) {
          offset += rest % input.size(d) * input.stride(d);
          rest /= input.size(d);
        }
        out[i] = offset * input.itemsize();
      }
    });
    places.offsets = out;
    places.low = 0, places.high = 1;
    for (int d = 0; d < input.dim(); ++d) {
      const std::int64_t reach = (input.size(d) - 1) * input.stride(d) * input.itemsize();
      (reach < 0 ? places.low : places.high) += reach;
    }
  }

  Sweep sweep(const Tensor& input, const Tensor& side) const {
    Sweep result;
    result.places = places;
    result.base = input.data();
    result.side = side.data();
    result.step = result.item = input.itemsize();
    result.exclusive = surely_apart(input);
    return result;
  }
};

Result take_op(const Call& call) {
  const Tensor &input = input_of(call), &index = *call.args[1].tensor;
  check(index.dtype() == DType::int64, "take(): Expected a long tensor for index, but got ", info(index.dtype()).scalar);
  check(!call.out || call.out->dtype() == input.dtype(),
        "take(): self and out expected to have the same dtype, but got self.dtype = ", info(input.dtype()).scalar,
        " and out.dtype = ", call.out ? info(call.out->dtype()).scalar : "");
  check_index(index.numel() == 0 || input.numel() > 0, "take(): tried to take from an empty tensor");
  if (call.out) {
    check_no_overlap(*call.out, input);
    check_no_overlap(*call.out, index);
  }
  Tensor result = Tensor::empty(index.sizes(), input.dtype());
  Flat flat(input, index);
  if (!input.is_contiguous()) {
    flat.check_bounds();
    flat.locate(input);
  }
  if (!gather(flat.sweep(input, result))) flat.check_bounds();
  return given_to(call, std::move(result));
}

Result put_op(const Call& call) {
  const Tensor &input = input_of(call), &index = *call.args[1].tensor, &source = *call.args[2].tensor;
  check(index.dtype() == DType::int64, "put_(): Expected a long tensor for index, but got ", info(index.dtype()).scalar);
  check(input.dtype() == source.dtype(),
        "put_(): self and source expected to have the same dtype, but got self.dtype = ", info(input.dtype()).scalar,
        " and source.dtype = ", info(source.dtype()).scalar);
  check_index(source.numel() == index.numel(),
              "put_(): Expected source and index to have the same number of elements, but got source.numel() = ",
              source.numel(), ", index.numel() = ", index.numel());
  check_index(input.numel() > 0 || index.numel() == 0, "put_(): Tried to put elements into an empty tensor");
  if (call.inplace) check_writable(input);
  Tensor made[3];
  Flat flat(input, call.inplace ? separated(input, index, &made[0]) : index);
  flat.check_bounds();
  const Tensor& values = contiguous(call.inplace ? separated(input, source, &made[1]) : source, &made[2]);
  Target target(call, input, true);
  flat.locate(*target);
  if (call.args[3].truth())
    accumulate(flat.sweep(*target, values), Accumulate::add, input.dtype());
  else
    scatter(flat.sweep(*target, values));
  return target.finished();
}

constexpr OpRow kRows[] = {
    {"take", "", "input: Tensor, index: Tensor", kFunction | kMethod | kOut, take_op,
     "The elements at positions in input's row-major order, in the shape of index; negative ones count from the end.\n\n"
     ">>> wengert.tensor([[4, 5], [6, 7]]).take(wengert.tensor([0, -1]))\ntensor([4, 7])"},
    {"put", "", "input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False", kFunction | kMethod | kInplace | kOut,
     put_op,
     "Input with the elements at positions in its row-major order replaced by source's, or source's added (accumulate).\n\n"
     ">>> wengert.zeros(2, 2).put(wengert.tensor([0, -1]), wengert.tensor([4., 7.]))\ntensor([[4., 0.],\n        [0., 7.]])"},
};

}  // namespace

constinit const std::span<const OpRow> kTakeOps = kRows;

}  // namespace wengert
