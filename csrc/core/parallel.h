// Threads. The only file with OpenMP.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "core/error.h"

namespace wengert {

// Work below this many nanoseconds is done by the caller: waking the pool costs 0.6 us when it spins and 9 us when it sleeps.
inline constexpr double kParallelNs = 4000;
// Work above this many nanoseconds lets other Python threads run meanwhile (see LongWork).
inline constexpr double kUnlockNs = 50000;

int get_num_threads();            // what the next parallel region may use; 1 in a forked child and inside a region
void set_num_threads(int count);  // RuntimeError for count < 1
int available_processors();       // affinity mask and cgroup quota

namespace detail {
using Body = void (*)(void* context, int thread, int threads);
void run_parallel(int threads, Body body, void* context);
}  // namespace detail

// Calls f(thread, threads) once for each thread < threads and waits: on threads of their own, or one after another, so that
// none may wait for another. f must not throw.
template <class F>
void parallel_run(int threads, F&& f) {
  if (threads <= 1) {
    f(0, 1);
    return;
  }
  detail::run_parallel(
      threads,
      [](void* context, int thread, int count) { (*static_cast<std::remove_reference_t<F>*>(context))(thread, count); }, &f);
}

// How many threads `ns` nanoseconds of serial work in `pieces` indivisible pieces deserve.
inline int threads_for(double ns, std::int64_t pieces) {
  if (ns < kParallelNs || pieces < 2) return 1;
  const int all = get_num_threads();
  return static_cast<int>(pieces < all ? pieces : all);
}

// Splits [0, n) evenly, in multiples of `unit`, and calls f(begin, end) on each part. `ns` estimates the serial time of it all.
template <class F>
void parallel_for(std::int64_t n, std::int64_t unit, double ns, F&& f) {
  const std::int64_t pieces = (n + unit - 1) / unit;
  parallel_run(threads_for(ns, pieces), [&](int thread, int threads) {
    const std::int64_t begin = pieces * thread / threads * unit, end = pieces * (thread + 1) / threads * unit;
    if (begin < n && begin < end) f(begin, end < n ? end : n);
  });
}

// What the module installs; without Python the functions are null.
struct Interpreter {
  void* (*leave)() = nullptr;
  void (*enter)(void*) = nullptr;
  void (*warn)(const char* message) = nullptr;  // a UserWarning, which a filter may make an exception
};
extern Interpreter interpreter;

// While it lives, other Python threads may run, if the work is long enough to be worth it.
class LongWork {
 public:
  explicit LongWork(double ns) : state_(ns >= kUnlockNs && interpreter.leave ? interpreter.leave() : nullptr) {}
  ~LongWork() {
    if (state_) interpreter.enter(state_);
  }
  LongWork(const LongWork&) = delete;
  LongWork& operator=(const LongWork&) = delete;

 private:
  void* state_;
};

}  // namespace wengert
