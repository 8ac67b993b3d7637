#include "core/parallel.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
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
#pragma omp parallel num_threads(threads)
  body(context, omp_get_thread_num(), omp_get_num_threads());
}

}  // namespace wengert
