// The probes of the machine's limits do the work they claim.
#include "selftest/check.h"

namespace wengert::selftest {

void test_probe(const KernelTable& table, Report& report) {
  constexpr std::int64_t kBytes = 8192, kFloats = kBytes / 4;
  const ProbeKernels& probe = *table.probe;
  report.add(probe.fma_f32(10) > 0 && probe.fma_f64(10) > 0, text("%s probe: operations", table.isa));
  Source source;
  Operand<float> a(1, kFloats, 0, 1), b = a, out = a, want = a;
  a.fill([&] { return source.value<float>(); });
  b.fill([&] { return source.value<float>(); });
  Operand<unsigned char> bytes(1, kBytes, 0, 1, 64);
  bytes.fill([] { return static_cast<unsigned char>(0); });
  const std::uint64_t zeros = probe.read(bytes.first, kBytes);
  bool seen = true;
  for (std::int64_t i = 0; i < kBytes; ++i) {
    bytes.at(0, i) = 1;
    seen = seen && probe.read(bytes.first, kBytes) != zeros;
    bytes.at(0, i) = 0;
  }
  report.add(seen, text("%s probe: read", table.isa));
  for (std::int64_t i = 0; i < kFloats; ++i) want.at(0, i) = a.at(0, i) + b.at(0, i);
  for (const auto add : {probe.add_f32, probe.add_f32_nt}) {
    out.fill([] { return 0.0f; });
    add(out.first, a.first, b.first, kBytes);
    report.add(agree(out, want), text("%s probe: add", table.isa));
  }
  probe.copy(out.first, a.first, kBytes);
  report.add(agree(out, a), text("%s probe: copy", table.isa));
}

}  // namespace wengert::selftest
