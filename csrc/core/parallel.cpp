#include "core/parallel.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

namespace wengert {

Interpreter interpreter;

namespace {

// CPU quota of the cgroup this process sees as its root (v2, then v1); 0 where there is none.
double cgroup_quota() {
  if (std::ifstream file("/sys/fs/cgroup/cpu.max"); file) {
    std::string quota;
    double period = 0;
    if (file >> quota >> period && quota != "max" && period > 0) return std::atof(quota.c_str()) / period;
    return 0;
  }
  double quota = 0, period = 0;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  return quota > 0 && period > 0 ? quota / period : 0;
}

// After fork only the calling thread exists, and libgomp would wait for its pool for ever (GCC bug 60035).
std::atomic<bool> in_forked_child{false};

int initial_threads() {
  pthread_atfork(nullptr, nullptr, [] { in_forked_child = true; });
  if (const char* text = std::getenv("OMP_NUM_THREADS"))
    if (const int count = std::atoi(text); count > 0) return std::min(count, available_processors());
  return available_processors();
}

// A region waits for its slowest thread, which, where other programs have the processors, may not run for milliseconds. So what
// threads gain and lose is added up, and once they have lost this much their parts are done by the caller, one after another,
// for a while: the longer, the sooner it happens again.
constexpr std::int64_t kSurelyWorked = 300'000, kMostGained = 5'000'000, kMostLost = 20'000'000, kLeastPause = 20'000'000,
                       kMostPause = 500'000'000;  // ns

struct Contention {
  std::atomic<std::int64_t> balance{0}, pause{0}, until{0};

  // The caller's part took `worked`, in which it may itself have been kept from running; then it waited for `others`, which
  // took as many parts off it.
  void add(std::int64_t worked, std::int64_t others, std::int64_t waited, std::int64_t now) {
    const std::int64_t gained = std::min(worked, std::max(kSurelyWorked, worked / 4)) * others,
                       lost = std::max<std::int64_t>(waited - worked / 4, 0);
    const std::int64_t sum = std::min(balance.load(std::memory_order_relaxed) + gained - lost, kMostGained);
    if (sum > -kMostLost) return balance.store(sum, std::memory_order_relaxed);
    const std::int64_t last = pause.load(std::memory_order_relaxed);
    const bool again = now - until.load(std::memory_order_relaxed) < 10 * last;
    const std::int64_t next = again ? std::min(2 * last, kMostPause) : kLeastPause;
    balance.store(0, std::memory_order_relaxed);
    pause.store(next, std::memory_order_relaxed);
    until.store(now + next, std::memory_order_relaxed);
  }
};
Contention contention;

std::int64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{initial_threads()};
  return count;
}

}  // namespace

int available_processors() {
  static const int count = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : omp_get_num_procs();
    if (const double quota = cgroup_quota(); quota > 0) cpus = std::min(cpus, std::max(1, static_cast<int>(std::ceil(quota))));
    return std::max(1, cpus);
  }();
  return count;
}

int get_num_threads() {
  if (in_forked_child.load(std::memory_order_relaxed) || omp_in_parallel()) return 1;
  return thread_count().load(std::memory_order_relaxed);
}

void set_num_threads(int count) {
  check(count > 0, "set_num_threads expects a positive integer");
  thread_count() = count;
}

void detail::run_parallel(int threads, Body body, void* context) {
  const std::int64_t start = nanoseconds();
  if (start < contention.until.load(std::memory_order_relaxed)) {
    for (int thread = 0; thread < threads; ++thread) body(context, thread, threads);
    return;
  }
  std::int64_t begun = 0, done = 0;  // by the caller, which meets the others before and after
#pragma omp parallel num_threads(threads)
  {
    const int thread = omp_get_thread_num();
    if (thread == 0) begun = nanoseconds();
    body(context, thread, omp_get_num_threads());
    if (thread == 0) done = nanoseconds();
  }
  const std::int64_t end = nanoseconds();
  contention.add(done - begun, threads - 1, (begun - start) + (end - done), end);
}

}  // namespace wengert
