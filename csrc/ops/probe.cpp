#include "ops/probe.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/allocator.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"

namespace wengert {
namespace {

constexpr double kRoundSeconds = 1e-3;  // long against the 1 us of a parallel region, short against the gaps others leave
constexpr std::size_t kGrain = 1024;    // ProbeKernels

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check_arguments(const char* probe, int threads, double seconds) {
  check_value(threads >= 1 && threads <= get_num_threads(), probe,
              ": threads must be from 1 to get_num_threads() = ", get_num_threads(), ", got ", threads);
  check_value(seconds > 0, probe, ": seconds must be positive, got ", seconds);
}

// The best rate of pass(thread, repetitions), which does `amount` per thread and repetition.
template <class Pass>
double best_rate(double amount, int threads, double seconds, Pass pass) {
  const auto round = [&](std::int64_t repetitions) {
    const auto start = Clock::now();
    parallel_run(threads, [&](int thread, int) { pass(thread, repetitions); });
    return seconds_since(start);
  };
  std::int64_t repetitions = 1;
  while (round(repetitions) < kRoundSeconds / 2) repetitions *= 2;
  const auto start = Clock::now();
  double best = 0;
  do {
    best = std::max(best, amount * static_cast<double>(repetitions * threads) / round(repetitions));
  } while (seconds_since(start) < seconds);
  return best;
}

// `operands` arrays of equal length for each thread, touched by it.
class Arrays {
 public:
  Arrays(const char* probe, std::size_t bytes, int operands, int threads)
      : each_(bytes / static_cast<std::size_t>(operands * threads) / kGrain * kGrain), operands_(operands) {
    check_value(each_ > 0, probe, ": bytes must be at least ", kGrain * static_cast<std::size_t>(operands * threads), ", got ",
                bytes);
    block_ = static_cast<char*>(allocate(stride() * static_cast<std::size_t>(operands * threads), &capacity_));
  }
  ~Arrays() { deallocate(block_, capacity_); }
  Arrays(const Arrays&) = delete;
  Arrays& operator=(const Arrays&) = delete;

  void touch(int threads) {
    parallel_run(threads, [&](int thread, int) {
      for (int operand = 0; operand < operands_; ++operand) std::memset(at(thread, operand), 0, each_);
    });
  }
  std::int64_t each() const { return static_cast<std::int64_t>(each_); }
  char* at(int thread, int operand) const { return block_ + stride() * static_cast<std::size_t>(thread * operands_ + operand); }

 private:
  // Not a multiple of 4096: a store and a load that agree in their low 12 address bits wait for each other.
  std::size_t stride() const { return each_ + kGrain + 64; }

  std::size_t each_, capacity_;
  int operands_;
  char* block_;
};

template <class Pass>
double bandwidth(const char* probe, std::size_t bytes, int operands, int threads, double seconds, Pass pass) {
  check_arguments(probe, threads, seconds);
  Arrays arrays(probe, bytes, operands, threads);
  LongWork work(seconds * 1e9);
  arrays.touch(threads);
  const double amount = static_cast<double>(arrays.each()) * operands;
  return 1e-9 * best_rate(amount, threads, seconds, [&](int thread, std::int64_t repetitions) {
           for (std::int64_t r = 0; r < repetitions; ++r) pass(arrays, thread);
         });
}

}  // namespace

double fma_peak_gflops(DType dtype, int threads, double seconds) {
  check_arguments("fma_peak_gflops", threads, seconds);
  check_type(is_floating(dtype), "fma_peak_gflops: dtype must be torch.float32 or torch.float64, got torch.", info(dtype).name);
  const ProbeKernels& probe = *kernels().probe;
  const auto loop = dtype == DType::float32 ? probe.fma_f32 : probe.fma_f64;
  constexpr std::int64_t kSteps = 1000;
  LongWork work(seconds * 1e9);
  const auto amount = static_cast<double>(loop(kSteps));
  return 1e-9 * best_rate(amount, threads, seconds, [&](int, std::int64_t repetitions) { loop(kSteps * repetitions); });
}

double read_bandwidth_gbs(std::size_t bytes, int threads, double seconds) {
  return bandwidth("read_bandwidth_gbs", bytes, 1, threads, seconds, [](const Arrays& arrays, int thread) {
    volatile std::uint64_t keep = kernels().probe->read(arrays.at(thread, 0), arrays.each());
    (void)keep;
  });
}

double copy_bandwidth_gbs(std::size_t bytes, int threads, double seconds) {
  return bandwidth("copy_bandwidth_gbs", bytes, 2, threads, seconds, [](const Arrays& arrays, int thread) {
    kernels().probe->copy(arrays.at(thread, 0), arrays.at(thread, 1), arrays.each());
  });
}

double add_bandwidth_gbs(std::size_t bytes, int threads, double seconds, bool stream) {
  const auto add = stream ? kernels().probe->add_f32_nt : kernels().probe->add_f32;
  return bandwidth("add_bandwidth_gbs", bytes, 3, threads, seconds, [add](const Arrays& arrays, int thread) {
    const auto array = [&](int operand) { return reinterpret_cast<float*>(arrays.at(thread, operand)); };
    add(array(0), array(1), array(2), arrays.each());
  });
}

}  // namespace wengert
