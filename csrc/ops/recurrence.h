// The frame of recurrent layers: which rows a step of a batch of sequences has, products with one weight at every step, and
// threads. Rows are those of matrices with one row an element of a sequence, step after step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "core/scratch.h"
#include "core/tensor.h"
#include "kernels/gemm.h"

namespace wengert {

// The elements of a batch of sequences in the order of one direction. Sequences are sorted by length, the longest first: those
// that have an element at a time are the first ones of the batch.
class Steps {
 public:
  // batch_sizes: how many sequences have an element at each time; null: all `batch` of them at each of `count` times.
  Steps(std::int64_t count, std::int64_t batch, const std::int64_t* batch_sizes, bool reverse);

  std::int64_t count() const { return count_; }
  std::int64_t batch() const { return batch_; }
  std::int64_t rows() const { return count_ == 0 ? 0 : first(count_ - 1) + size(count_ - 1); }
  bool uniform() const { return !batch_sizes_; }
  bool reverse() const { return reverse_; }

  // Of a time: how many sequences have an element, and its first row.
  std::int64_t size(std::int64_t time) const { return batch_sizes_ ? batch_sizes_[time] : batch_; }
  std::int64_t first(std::int64_t time) const { return batch_sizes_ ? first_[static_cast<std::size_t>(time)] : time * batch_; }
  // The time of a step: steps count in the order of the direction.
  std::int64_t time(std::int64_t step) const { return reverse_ ? count_ - 1 - step : step; }
  // The sequences of a step that go on from the one before: [0, carried). The others begin.
  std::int64_t carried(std::int64_t step) const { return step == 0 ? 0 : std::min(size(time(step)), size(time(step - 1))); }

  // f(begin, end, row) for the sequences of a step among [begin, end): those that go on, whose row of the step before is given,
  // and those that begin, with row -1.
  template <class F>
  void each_source(std::int64_t step, std::int64_t begin, std::int64_t end, F&& f) const {
    end = std::min(end, size(time(step)));
    const std::int64_t middle = std::clamp(carried(step), begin, std::max(begin, end));
    if (begin < middle) f(begin, middle, first(time(step - 1)) + begin);
    if (middle < end) f(middle, end, std::int64_t{-1});
  }

  // f(begin, end, row) for the sequences whose last step this is, the first of which has that row.
  template <class F>
  void each_end(std::int64_t step, F&& f) const {
    const std::int64_t begin = step + 1 < count_ ? carried(step + 1) : 0, end = size(time(step));
    if (begin < end) f(begin, end, first(time(step)) + begin);
  }

 private:
  std::int64_t count_, batch_;
  const std::int64_t* batch_sizes_;
  bool reverse_;
  std::vector<std::int64_t> first_;
};

// Columns cut into groups of whole vectors, one a thread.
struct Groups {
  std::int64_t columns;
  int count, vector;

  std::int64_t begin(int group) const { return std::min(columns, (columns + vector - 1) / vector * group / count * vector); }
  std::int64_t width(int group) const { return begin(group + 1) - begin(group); }
};

// How the steps of a layer are shared. Sequences do not meet: each thread takes some of them through all steps. Where the
// weight is too large for that, since every thread reads all of it at every step, a thread takes some of the hidden units of a
// step. What is cut never changes a bit.
struct Sharing {
  // Of a weight of `hidden` by `gates` times `hidden` elements.
  Sharing(DType dtype, const Steps& steps, std::int64_t gates, std::int64_t hidden);

  DType dtype;
  double ns;       // all steps' serial time
  bool packed;     // there are enough rows to pack the weight for
  int groups = 1;  // of hidden units; 1: sequences are shared

  Groups cut(std::int64_t columns) const;

  // f(phase, step, begin, end, group) of every step, the last one first if `backward`, with the phases of a step one after the
  // other. Sequences [begin, end) may be more than the step has.
  template <class F>
  void run(const Steps& steps, int phases, bool backward, F&& f) const {
    const std::int64_t count = steps.count();
    const LongWork work(packed ? ns : 0);  // else the products see to it
    if (groups == 1) {
      const std::int64_t unit = packed ? kUnit : std::max<std::int64_t>(steps.batch(), 1);
      parallel_for(steps.batch(), unit, ns, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t s = 0; s < count; ++s)
          for (int phase = 0; phase < phases; ++phase) f(phase, backward ? count - 1 - s : s, begin, end, 0);
      });
      return;
    }
    for (std::int64_t s = 0; s < count; ++s)
      for (int phase = 0; phase < phases; ++phase)
        parallel_run(groups, [&](int thread, int threads) {
          for (int group = thread; group < groups; group += threads)
            f(phase, backward ? count - 1 - s : s, 0, steps.batch(), group);
        });
  }

 private:
  static constexpr std::int64_t kUnit = 4;  // sequences; fewer take a product as long
};

// A weight of `blocks` blocks of `columns` columns, packed once for products at every step.
class StepWeight {
 public:
  // Element (k, n) of B is at b + k b_row + n b_col.
  StepWeight(const Sharing& sharing, const char* b, std::int64_t b_row, std::int64_t b_col, std::int64_t K, int blocks,
             std::int64_t columns);

  // C (+)= A B for M rows and the group's columns of every block. Rows of A and C are contiguous.
  void multiply(int group, std::int64_t M, const char* a, std::int64_t a_row, char* c, std::int64_t c_row,
                bool accumulate) const;

 private:
  struct Panel {
    std::int64_t begin, width;  // columns
  };
  template <class F>
  void each_panel(int group, F&& f) const;
  std::int64_t panel_bytes(std::int64_t width) const;

  DType dtype_;
  const GemmKernel& kernel_;
  std::int64_t size_;  // of an element
  const char* b_;
  std::int64_t b_row_, b_col_, K_, depth_;
  int blocks_;
  Groups groups_;
  bool packed_;
  std::vector<std::int64_t> offsets_;  // of each group's first panel
  Scratch<64> memory_;
};

// C = A B or, accumulating, C + A B, of any sizes.
void product(DType dtype, std::int64_t M, std::int64_t N, std::int64_t K, const char* a, std::int64_t a_row, std::int64_t a_col,
             const char* b, std::int64_t b_row, std::int64_t b_col, char* c, std::int64_t c_row, bool accumulate = false);

}  // namespace wengert
