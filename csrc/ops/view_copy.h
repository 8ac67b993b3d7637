// The views as operators that copy: permute_copy, unbind_copy and the like.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kViewCopyOps;

}  // namespace wengert
