#include "kernels/dispatch.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace wengert {

#define WENGERT_DECLARE(isa)  \
  namespace isa {             \
  KernelTable kernel_table(); \
  }
// WENGERT_WITH_*: what CMakeLists.txt builds.
#if defined(WENGERT_WITH_avx512)
WENGERT_DECLARE(avx512)
#endif
#if defined(WENGERT_WITH_avx2)
WENGERT_DECLARE(avx2)
#endif
#if defined(WENGERT_WITH_neon)
WENGERT_DECLARE(neon)
#endif
#if defined(WENGERT_WITH_generic)
WENGERT_DECLARE(generic)
#endif
#undef WENGERT_DECLARE

namespace {

struct Level {
  const char* name;
  bool (*supported)();
  KernelTable (*table)();
};

[[maybe_unused]] constexpr bool always() { return true; }

// Best first. __builtin_cpu_supports asks cpuid for the CPU and xgetbv for the operating system.
constexpr Level kLevels[] = {
#if defined(WENGERT_WITH_avx512)
    {"avx512",
     [] {
       return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
     },
     avx512::kernel_table},
#endif
#if defined(WENGERT_WITH_avx2)
    {"avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }, avx2::kernel_table},
#endif
#if defined(WENGERT_WITH_neon)
    {"neon", always, neon::kernel_table},
#endif
#if defined(WENGERT_WITH_generic)
    {"generic", always, generic::kernel_table},
#endif
};

struct Choices {
  std::vector<const char*> compiled, supported;
  std::vector<KernelTable> tables;  // of the supported

  Choices() {
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    for (const Level& level : kLevels) {
      compiled.push_back(level.name);
      if (!level.supported()) continue;
      supported.push_back(level.name);
      tables.push_back(level.table());
    }
  }
};

const Choices& choices() {
  static const Choices instance;
  return instance;
}

const KernelTable& choose() {
  const char* wanted = std::getenv("WENGERT_ISA");
  if (!wanted || !*wanted) return choices().tables.front();
  if (const KernelTable* table = find_kernels(wanted)) return *table;
  std::string valid;
  for (const char* name : choices().supported) valid += (valid.empty() ? "" : ", ") + std::string(name);
  bool known = false;
  for (const char* name : choices().compiled) known = known || std::string_view(name) == wanted;
  fail(ErrorKind::runtime, "WENGERT_ISA=", wanted,
       known ? " is not supported by this machine" : " is not an instruction set of this build", "; valid here: ", valid);
}

}  // namespace

const KernelTable& kernels() {
  static const KernelTable& table = choose();
  return table;
}

std::span<const char* const> compiled_isas() { return choices().compiled; }
std::span<const char* const> supported_isas() { return choices().supported; }

const KernelTable* find_kernels(const char* isa) {
  for (const KernelTable& table : choices().tables)
    if (std::string_view(table.isa) == isa) return &table;
  return nullptr;
}

}  // namespace wengert
