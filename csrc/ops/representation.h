// What a number is made of: frexp, and the parts of complex numbers, which of real ones are themselves.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kRepresentationOps;

}  // namespace wengert
