#include "ops/indexed.h"

#include <algorithm>
#include <atomic>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/promote.h"
#include "ops/strided.h"
#include "ops/view.h"

namespace wengert {
namespace {

constexpr std::int64_t kBlock = 1024;            // offsets of one block, on the stack
constexpr std::int64_t kBlockBytes = 64 * 1024;  // moved per block, so that few long runs are still shared by threads
constexpr std::int64_t kSplitRun = 1024;         // runs from this many bytes up are split among threads that write
constexpr std::int64_t kFewPlaces = 16;          // fewer places than this are walked outside the other dimensions
// Adding single elements to places that stay in cache costs what each thread needs to find its own among them, 0.6 ns: 1e6 into
// 1e4 took 0.63 ms by one thread and 0.66 ms by two, of which each looked at all.
constexpr std::int64_t kCachedSpan = std::int64_t{4} << 20;
constexpr double kElementNs = 0.7, kByteNs = 0.03;  // an element at a place, a byte of a run, from L3 (measured)

enum class Direction : std::uint8_t { gather, scatter, accumulate };

// The part of a sweep that one thread does.
struct Part {
  std::int64_t first_block, last_block;  // of places
  std::int64_t first, last;              // combinations
  std::int64_t from, to;                 // bytes of each run
  std::int64_t low, high;                // offsets, where `chosen`
  bool chosen;
};

struct Work {
  const Sweep& sweep;
  Direction direction;
  AccumulateLoop accumulate = nullptr;
  std::int64_t run;    // bytes that are contiguous on both sides
  int outer;           // the first dimension outside the run
  std::int64_t block;  // places per block
  bool stream = false;
  std::atomic<bool> out_of_range{false};

  Work(const Sweep& sweep, Direction direction) : sweep(sweep), direction(direction) {
    const bool joined = sweep.dims > 0 && sweep.base_step[0] == sweep.item && sweep.side_step[0] == sweep.item;
    outer = joined ? 1 : 0;
    run = joined ? sweep.size[0] * sweep.item : sweep.item;
    block = std::clamp<std::int64_t>(kBlockBytes / run, 1, kBlock);
    stream = direction == Direction::gather && sweep.places.n * sweep.combinations() * sweep.item > stream_bytes();
  }

  std::int64_t blocks() const { return (sweep.places.n + block - 1) / block; }
  std::int64_t combinations() const {
    std::int64_t n = 1;
    for (int d = outer; d < sweep.dims; ++d) n *= sweep.size[d];
    return n;
  }
  double ns() const {
    return static_cast<double>(sweep.places.n * combinations()) * (kElementNs + kByteNs * static_cast<double>(run));
  }

  // One block of places, at one combination of the outer dimensions.
  void move(char* base, char* side, const std::int64_t* offsets, const std::int64_t* positions, std::int64_t n,
            const Part& part) const {
    base += part.from;
    side += part.from;
    const std::int64_t bytes = part.to - part.from;
    if (direction == Direction::accumulate) {
      accumulate({base, side, offsets, positions, sweep.step, n, bytes / sweep.item});
      return;
    }
    const IndexKernels& index = *kernels().index;
    const MoveLoop loop = run == sweep.item ? index.move[log2_of(sweep.item)] : index.move_runs;
    if (direction == Direction::gather)
      loop({side, base, nullptr, offsets, sweep.step, 0, n, bytes, stream});
    else
      loop({base, side, offsets, positions, 0, sweep.step, n, bytes, false});
  }

  void operator()(const Part& part) {
    const Places& places = sweep.places;
    const IndexKernels& index = *kernels().index;
    std::int64_t offsets[kBlock], kept[kBlock], positions[kBlock];
    for (std::int64_t b = part.first_block; b < part.last_block; ++b) {
      const std::int64_t begin = b * block;
      std::int64_t n = std::min(block, places.n - begin);
      const std::int64_t* at = places.offsets ? places.offsets + begin : offsets;
      if (!places.offsets) {
        const std::int64_t item = places.wide ? 8 : 4;
        const bool inside = index.offsets[places.wide](
            {offsets, places.index + begin * item, item, n, places.size, places.stride, 0, 0, places.wrap, false});
        if (!inside) {
          out_of_range.store(true, std::memory_order_relaxed);
          return;
        }
      }
      const std::int64_t* chosen = nullptr;
      if (part.chosen) {
        n = index.part(at, n, part.low, part.high, sweep.step, kept, positions);
        at = kept;
        chosen = positions;
      }
      each_combination(part, [&](char* base, char* side) { move(base, side + begin * sweep.step, at, chosen, n, part); });
    }
  }

  template <class F>
  void each_combination(const Part& part, F f) const {
    std::int64_t position[kMaxDims], rest = part.first;
    char *base = sweep.base, *side = sweep.side;
    for (int d = outer; d < sweep.dims; ++d) {
      position[d] = rest % sweep.size[d];
      rest /= sweep.size[d];
      base += position[d] * sweep.base_step[d];
      side += position[d] * sweep.side_step[d];
    }
    for (std::int64_t i = part.first; i < part.last; ++i) {
      f(base, side);
      for (int d = outer; d < sweep.dims; ++d) {
        base += sweep.base_step[d];
        side += sweep.side_step[d];
        if (++position[d] < sweep.size[d]) break;
        base -= sweep.size[d] * sweep.base_step[d];
        side -= sweep.size[d] * sweep.side_step[d];
        position[d] = 0;
      }
    }
  }

  // Few places of single elements, and many combinations: one strided copy per place.
  bool by_place() const {
    return direction != Direction::accumulate && run == sweep.item && sweep.places.n < kFewPlaces && sweep.dims > 0 &&
           sweep.size[0] >= 4 * kFewPlaces;
  }
  void copy_places() {
    const Places& places = sweep.places;
    constexpr DType kWidths[] = {DType::uint8, DType::int16, DType::int32, DType::int64};
    const int width = index_of(kWidths[log2_of(sweep.item)]);
    const CopyLoop loop = kernels().copy->cast[width].to[width];
    std::int64_t offsets[kFewPlaces];
    if (places.offsets) {
      std::copy_n(places.offsets, places.n, offsets);
    } else if (!kernels().index->offsets[places.wide]({offsets, places.index, places.wide ? 8 : 4, places.n, places.size,
                                                       places.stride, 0, 0, places.wrap, false})) {
      out_of_range = true;
      return;
    }
    const bool rows = sweep.dims > 1;
    Walk walk;
    walk.operands = 2;
    walk.dims = sweep.dims;
    walk.data[0] = sweep.base;
    walk.data[1] = sweep.side;
    for (int d = 0; d < sweep.dims; ++d) {
      walk.size[d] = sweep.size[d];
      walk.step[0][d] = sweep.base_step[d];
      walk.step[1][d] = sweep.side_step[d];
    }
    const double time = ns();
    LongWork work(time);
    for_each_piece(
        walk, direction == Direction::gather || sweep.exclusive ? time : 0, 1, Walk::kElementUnit, [&](const WalkPiece& piece) {
          for (std::int64_t i = 0; i < places.n; ++i) {
            char *base = piece.data[0] + offsets[i], *side = piece.data[1] + i * sweep.step;
            const std::int64_t base_row = rows ? sweep.base_step[1] : 0, side_row = rows ? sweep.side_step[1] : 0;
            if (direction == Direction::gather)
              loop({side, base, sweep.side_step[0], sweep.base_step[0], side_row, base_row, piece.n, piece.rows, false});
            else
              loop({base, side, sweep.base_step[0], sweep.side_step[0], base_row, side_row, piece.n, piece.rows, false});
          }
        });
  }
};

// Whole tasks of threads: what they read may be shared, what they write may not.
void share(Work& work) {
  const Sweep& sweep = work.sweep;
  const std::int64_t blocks = work.blocks(), combinations = work.combinations();
  if (blocks == 0 || combinations == 0 || work.run == 0) return;
  if (work.by_place()) return work.copy_places();
  const Part whole{0, blocks, 0, combinations, 0, work.run, sweep.places.low, sweep.places.high, false};
  const double ns = work.ns();
  const bool reads = work.direction == Direction::gather;
  int threads = reads || sweep.exclusive ? threads_for(ns, sweep.places.n * combinations) : 1;
  const bool cached = work.run == sweep.item && sweep.places.high - sweep.places.low <= kCachedSpan;
  if (work.direction == Direction::accumulate && cached && combinations < 2 * threads) threads = 1;
  LongWork unlocked(ns);
  if (threads == 1) return work(whole);
  if (reads && (blocks >= 2 * threads || blocks > combinations)) {
    parallel_for(blocks, 1, ns, [&](std::int64_t begin, std::int64_t end) {
      Part part = whole;
      part.first_block = begin, part.last_block = end;
      work(part);
    });
  } else if (reads || combinations >= 2 * threads) {
    parallel_for(combinations, 1, ns, [&](std::int64_t begin, std::int64_t end) {
      Part part = whole;
      part.first = begin, part.last = end;
      work(part);
    });
  } else if (work.run >= kSplitRun) {
    parallel_for(work.run, 256, ns, [&](std::int64_t from, std::int64_t to) {
      Part part = whole;
      part.from = from, part.to = to;
      work(part);
    });
  } else {  // each thread takes the places of its part of the tensor, in the order of the list
    parallel_run(threads, [&](int thread, int count) {
      Part part = whole;
      const std::int64_t span = sweep.places.high - sweep.places.low;
      part.chosen = true;
      part.low = sweep.places.low + span / count * thread;
      part.high = thread + 1 == count ? sweep.places.high : sweep.places.low + span / count * (thread + 1);
      work(part);
    });
  }
}

}  // namespace

bool is_index_dtype(DType dtype) { return dtype == DType::int64 || dtype == DType::int32; }

Places::Places(const Tensor& tensor, int dim, const Tensor& index, bool wrap)
    : n(index.numel()), index(index.data()), wide(index.dtype() == DType::int64), wrap(wrap) {
  size = tensor.dim() > 0 ? tensor.size(dim) : 1;
  stride = tensor.dim() > 0 ? tensor.stride(dim) * tensor.itemsize() : 0;
  const std::int64_t reach = (size - 1) * stride;
  low = std::min<std::int64_t>(0, reach);
  high = std::max<std::int64_t>(0, reach) + 1;
}

std::int64_t Places::first_out_of_range() const {
  if (offsets || n == 0) return n;
  const std::int64_t item = wide ? 8 : 4;
  const BoundsLoop loop = kernels().index->bounds[wide];
  if (n <= kBlock) return loop({index, item, n, size, wrap});
  std::atomic<std::int64_t> first{n};
  const double ns = 0.3 * static_cast<double>(n);
  LongWork work(ns);
  parallel_for(n, kBlock, ns, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t found = begin + loop({index + begin * item, item, end - begin, size, wrap});
    if (found == end) return;
    std::int64_t known = first.load();
    while (found < known && !first.compare_exchange_weak(known, found)) {
    }
  });
  return first;
}

std::int64_t Places::at(std::int64_t i) const {
  return wide ? reinterpret_cast<const std::int64_t*>(index)[i] : reinterpret_cast<const std::int32_t*>(index)[i];
}

void Sweep::add(std::int64_t length, std::int64_t of_base, std::int64_t of_side) {
  if (length == 1) return;
  if (dims > 0 && of_base == base_step[dims - 1] * size[dims - 1] && of_side == side_step[dims - 1] * size[dims - 1]) {
    size[dims - 1] *= length;
    return;
  }
  size[dims] = length;
  base_step[dims] = of_base;
  side_step[dims] = of_side;
  ++dims;
}

std::int64_t Sweep::combinations() const {
  std::int64_t n = 1;
  for (int d = 0; d < dims; ++d) n *= size[d];
  return n;
}

Sweep sweep_along(const Tensor& base, int dim, const Places& places, const Tensor& side) {
  Sweep sweep;
  sweep.places = places;
  sweep.base = base.data();
  sweep.side = side.data();
  sweep.item = base.itemsize();
  sweep.step = side.dim() > 0 ? side.stride(dim) * sweep.item : 0;
  sweep.exclusive = surely_apart(base);
  for (int d = base.dim() - 1; d >= 0; --d)
    if (d != dim) sweep.add(side.size(d), base.stride(d) * sweep.item, side.stride(d) * sweep.item);
  return sweep;
}

Tensor repeated(const Tensor& value, const Tensor& base, int dim, const Dims& sizes) {
  const int last = sizes.size() - 1;
  if (last < 0 || last == dim || sizes[last] < 4 || base.stride(last) != 1) return expand(value, sizes);
  return expand(contiguous(expand(value, {sizes[last]})), sizes);
}

const Tensor& at_least_1d(const Tensor& tensor, Tensor* made) {
  return tensor.dim() > 0 ? tensor : *made = tensor.view_as({1}, {1});
}

const Tensor& separated(const Tensor& written, const Tensor& read, Tensor* made) {
  if (!may_overlap(written, read)) return read;
  if (is_dense(written) && is_dense(read)) check_no_overlap(written, read);
  return *made = clone(read);
}

void check_same_out_dtype(const Call& call, const Tensor& input) {
  check(!call.out || call.out->dtype() == input.dtype(), "Expected out tensor to have dtype ", cpp_name(input.dtype()),
        ", but got ", call.out ? cpp_name(call.out->dtype()) : "", " instead");
}

Target::Target(const Call& call, const Tensor& input, bool keep_layout) : call_(call), tensor_(&input) {
  if (call.inplace) {
    check_writable(input);
    return;
  }
  if (call.out) {
    check_same_out_dtype(call, input);
    check_out(call.op.public_name.c_str(), call.out, input.sizes(), input.dtype());
  }
  made_ = keep_layout ? empty_alike(input, input.dtype()) : Tensor::empty(input.sizes(), input.dtype());
  copy_unchecked(made_, input);
  tensor_ = &made_;
}

Result Target::finished() {
  if (call_.inplace) {
    tensor_->bump_version();
    return *tensor_;
  }
  made_.storage()->version = 0;
  if (!call_.out) return std::move(made_);
  copy_into(*call_.out, made_);
  return *call_.out;
}

Tensor given_to(const Call& call, Tensor result) {
  if (!call.out) return result;
  check_out(call.op.public_name.c_str(), call.out, result.sizes(), result.dtype());
  copy_into(*call.out, result);
  return *call.out;
}

bool gather(const Sweep& sweep) {
  Work work(sweep, Direction::gather);
  share(work);
  return !work.out_of_range;
}

bool scatter(const Sweep& sweep) {
  Work work(sweep, Direction::scatter);
  share(work);
  return !work.out_of_range;
}

bool accumulate(const Sweep& sweep, Accumulate op, DType dtype) {
  Work work(sweep, Direction::accumulate);
  work.accumulate = kernels().index->accumulate[static_cast<int>(op)][index_of(dtype)];
  share(work);
  return !work.out_of_range;
}

}  // namespace wengert
