// Random numbers: PyTorch's CPU stream for a seed, the same for any number of threads.
#pragma once

#include <cstdint>
#include <span>

#include "core/random.h"
#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

// The next word, or two of them (the first is the upper half), of the generator's stream. The caller holds its mutex.
std::uint32_t draw32(Generator& generator);
std::uint64_t draw64(Generator& generator);

// Fill float tensors of any layout; elements are drawn in memory order, as PyTorch does.
// low + u (high - low): bit-equal to PyTorch's where there is FMA, and everywhere for low = 0.
void uniform_fill(Tensor& out, double low, double high, Generator& generator);
// From 16 contiguous elements up in blocks of 16 in the tensor's precision: for mean = 0 within 3 ULP of PyTorch's (most equal;
// largest difference seen 4.8e-7 std in float32, 8.9e-16 std in float64). Else one by one in double with the cached second
// value of each pair, by the C library as PyTorch.
void normal_fill(Tensor& out, double mean, double std, Generator& generator);

extern const std::span<const OpRow> kRandomOps;

}  // namespace wengert
