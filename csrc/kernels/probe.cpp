#include "kernels/probe.h"

#include "simd/vec.h"

namespace wengert::WENGERT_ISA {

namespace {

// Two units with a latency of 4 or 5 cycles want 10 independent sums; more than registers would spill.
constexpr int kSums = kVectorBytes == 64 ? 24 : 12;

template <class T>
int64_t fma_loop(int64_t n) {
  typename Vec<T>::Raw sums[kSums];
  const typename Vec<T>::Raw factor = Vec<T>(T(0.5)).v, term = Vec<T>(T(1)).v;
  for (int i = 0; i < kSums; ++i) sums[i] = term * static_cast<T>(i);
  for (int64_t k = 0; k < n; ++k) {
#pragma GCC unroll 24
    for (int i = 0; i < kSums; ++i) sums[i] = sums[i] * factor + term;  // stays below 24
  }
  typename Vec<T>::Raw all = sums[0];
  for (int i = 1; i < kSums; ++i) all = all + sums[i];
  volatile T keep = all[0];
  (void)keep;
  return n * kSums * Vec<T>::width * 2;
}

constexpr int kStreams = 4, kLines = 4;  // places read at a time, and vectors at each

uint64_t read(const void* p, int64_t bytes) {
  using U64 = Vec<uint64_t>::Raw;
  constexpr int64_t kStep = kLines * Vec<uint64_t>::width;
  const int64_t each = bytes / (8 * kStreams);
  const auto* first = static_cast<const uint64_t*>(p);
  U64 seen[kStreams][kLines] = {};
  for (int64_t i = 0; i < each; i += kStep) {
#pragma GCC unroll 4
    for (int s = 0; s < kStreams; ++s) {
#pragma GCC unroll 4
      for (int l = 0; l < kLines; ++l) seen[s][l] |= Vec<uint64_t>::load(first + s * each + i + l * Vec<uint64_t>::width).v;
    }
  }
  U64 all{};
  for (auto& stream : seen)
    for (const U64& lanes : stream) all |= lanes;
  uint64_t result = 0;
  for (int i = 0; i < Vec<uint64_t>::width; ++i) result |= all[i];
  return result;
}

constexpr int kUnroll = 4;

template <bool kStream>
void add(float* out, const float* a, const float* b, int64_t bytes) {
  constexpr int kWidth = Vec<float>::width;
  const int64_t n = bytes / 4;
  for (int64_t i = 0; i < n; i += kUnroll * kWidth) {
#pragma GCC unroll 4
    for (int u = 0; u < kUnroll; ++u) {
      const Vec<float> sum = Vec<float>::load(a + i + u * kWidth) + Vec<float>::load(b + i + u * kWidth);
      if constexpr (kStream)
        sum.stream(out + i + u * kWidth);
      else
        sum.store(out + i + u * kWidth);
    }
  }
  if constexpr (kStream) stream_fence();
}

void copy(void* out, const void* in, int64_t bytes) {
  constexpr int kWidth = Vec<uint64_t>::width;
  auto* to = static_cast<uint64_t*>(out);
  const auto* from = static_cast<const uint64_t*>(in);
  for (int64_t i = 0; i < bytes / 8; i += kUnroll * kWidth) {
#pragma GCC unroll 4
    for (int u = 0; u < kUnroll; ++u) Vec<uint64_t>::load(from + i + u * kWidth).store(to + i + u * kWidth);
  }
}

}  // namespace

extern const ProbeKernels kProbe;
const ProbeKernels kProbe = {fma_loop<float>, fma_loop<double>, read, add<false>, add<true>, copy};

}  // namespace wengert::WENGERT_ISA
