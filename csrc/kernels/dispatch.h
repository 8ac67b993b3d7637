// The choice of the instruction set, once per process.
#pragma once

#include <span>

#include "kernels/table.h"

namespace wengert {

// The table in use: the best one that the CPU and the operating system support, or the one WENGERT_ISA names.
// Raises RuntimeError, listing the valid names, when that one is unknown or unsupported.
const KernelTable& kernels();

std::span<const char* const> compiled_isas();      // best first
std::span<const char* const> supported_isas();     // of these, what this machine runs, best first
const KernelTable* find_kernels(const char* isa);  // null when not compiled or not supported

}  // namespace wengert
