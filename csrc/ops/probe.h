// The limits of this machine, measured with the kernels in use: what `wengert bench` states its figures as a share of.
//
// Each probe repeats rounds of about a millisecond for `seconds` and returns the best one, since other programs can only slow
// a round down. `threads` must not exceed get_num_threads(). `bytes` is the working set of all threads and operands together;
// where it says whether a cache or the memory is measured, leave a factor of two to the cache's size. Every thread touches
// its own part first. The interpreter is free meanwhile.
#pragma once

#include <cstddef>

#include "core/dtype.h"

namespace wengert {

// 1e9 operations a second, a multiply-add being two, of float32 or float64 in registers.
double fma_peak_gflops(DType dtype, int threads, double seconds);

// 1e9 bytes a second, each operand counted once (a write's fetch of the line is not).
double read_bandwidth_gbs(std::size_t bytes, int threads, double seconds);
double copy_bandwidth_gbs(std::size_t bytes, int threads, double seconds);
double add_bandwidth_gbs(std::size_t bytes, int threads, double seconds,
                         bool stream);  // a + b; stream: written past the caches

}  // namespace wengert
