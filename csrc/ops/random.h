// Random numbers: PyTorch's CPU stream for a seed, the same for any number of threads.
#pragma once

#include <cstdint>
#include <span>

#include "core/random.h"
#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

Generator& generator_of(const Value& value);  // the one given, or the default one

// Fills a tensor of any dtype and layout with integers drawn evenly from [from, to).
void integer_fill(const Tensor& out, std::int64_t from, std::int64_t to, Generator& generator);

// Fill float tensors of any layout; elements are drawn in memory order, as PyTorch does.
// low + u (high - low): bit-equal to PyTorch's where there is FMA, and everywhere for low = 0.
void uniform_fill(Tensor& out, double low, double high, Generator& generator);
// From 16 contiguous elements up in blocks of 16 in the tensor's precision: for mean = 0 within 3 ULP of PyTorch's (most equal;
// largest difference seen 4.8e-7 std in float32, 8.9e-16 std in float64). Else one by one in double with the cached second
// value of each pair, by the C library as PyTorch.
void normal_fill(Tensor& out, double mean, double std, Generator& generator);

extern const std::span<const OpRow> kRandomOps;
extern const std::span<const OpRow> kDistributionOps;  // distributions.cpp: in-place draws, normal, bernoulli, multinomial
extern const std::span<const OpRow> kIntegerOps;       // random_integers.cpp: randint, randperm, random_

}  // namespace wengert
