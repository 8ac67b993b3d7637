#include "kernels/mask.h"

#include "simd/compress.h"

namespace wengert::WENGERT_ISA {
namespace {

// Calls f(bits, i) for the blocks of a mask, i being their first position.
template <class F>
void each_block(const uint8_t* mask, int64_t n, F f) {
  int64_t i = 0;
  for (; i + kMaskBlock <= n; i += kMaskBlock) f(mask_bits(mask + i), i);
  if (i < n) f(mask_bits(mask + i, static_cast<int>(n - i)), i);
}

int64_t count(const uint8_t* mask, int64_t n) {
  int64_t total = 0;
  each_block(mask, n, [&](uint64_t bits, int64_t) { total += count_bits(bits); });
  return total;
}

int64_t positions(const uint8_t* mask, int64_t n, int64_t first, int64_t* out) {
  int64_t* end = out;
  each_block(mask, n, [&](uint64_t bits, int64_t i) { end = position_block(bits, first + i, end); });
  return end - out;
}

template <class T>
int64_t compress(const MaskArgs& a) {
  T* const out = reinterpret_cast<T*>(a.out);
  const T* in = reinterpret_cast<const T*>(a.in);
  T* end = out;
  each_block(a.mask, a.n, [&](uint64_t bits, int64_t i) { end = compress_block(bits, in + i, end); });
  return end - out;
}

template <class T>
int64_t expand(const MaskArgs& a) {
  T* out = reinterpret_cast<T*>(a.out);
  const T* const in = reinterpret_cast<const T*>(a.in);
  const T* next = in;
  each_block(a.mask, a.n, [&](uint64_t bits, int64_t i) { next = expand_block(bits, next, out + i); });
  return next - in;
}

template <class T>
int64_t fill(const MaskArgs& a) {
  T* out = reinterpret_cast<T*>(a.out);
  const T value = *reinterpret_cast<const T*>(a.in);
  for (int64_t i = 0; i < a.n; ++i) out[i] = a.mask[i] ? value : out[i];
  return 0;
}

}  // namespace

extern const MaskKernels kMask;
const MaskKernels kMask = {
    count,
    positions,
    {compress<uint8_t>, compress<uint16_t>, compress<uint32_t>, compress<uint64_t>},
    {expand<uint8_t>, expand<uint16_t>, expand<uint32_t>, expand<uint64_t>},
    {fill<uint8_t>, fill<uint16_t>, fill<uint32_t>, fill<uint64_t>},
};

}  // namespace wengert::WENGERT_ISA
