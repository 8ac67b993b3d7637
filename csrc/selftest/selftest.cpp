// Runs the kernels of every instruction set this machine supports against naive loops: sizes around the vector's width, steps
// of every kind, guards around all memory. Prints a line for each instruction set and family; exits with 1 where something
// differs. Arguments: the names of the instruction sets to run; none for all.
#include "kernels/dispatch.h"
#include "selftest/check.h"

namespace {

using namespace wengert;
using namespace wengert::selftest;

constexpr struct {
  const char* name;
  void (*test)(const KernelTable&, Report&);
} kFamilies[] = {
    {"elementwise", test_elementwise},
    {"copy", test_copy},
    {"reduce", test_reduce},
    {"totals", test_totals},
    {"scan", test_scan},
    {"gemm", test_gemm},
    {"gemv", test_gemv},
    {"sort", test_sort},
    {"random", test_random},
    {"network", test_network},
    {"optimize", test_optimize},
    {"recurrent", test_recurrent},
    {"probe", test_probe},
};

bool run(const char* isa) {
  const KernelTable* table = find_kernels(isa);
  if (!table) {
    std::fprintf(stderr, "%s: not an instruction set that this build has and this machine supports\n", isa);
    return false;
  }
  bool ok = true;
  for (const auto& family : kFamilies) {
    Report report;
    family.test(*table, report);
    std::printf("%-8s %-12s %7lld cases  %s\n", isa, family.name, static_cast<long long>(report.cases),
                report.failures ? text("%lld FAILED", static_cast<long long>(report.failures)).c_str() : "ok");
    std::fflush(stdout);
    ok = ok && report.failures == 0 && report.cases > 0;
  }
  return ok;
}

}  // namespace

int main(int count, char** arguments) {
  bool ok = true;
  if (count > 1) {
    for (int i = 1; i < count; ++i) ok = run(arguments[i]) && ok;
  } else {
    for (const char* isa : supported_isas()) ok = run(isa) && ok;
  }
  return ok ? 0 : 1;
}
