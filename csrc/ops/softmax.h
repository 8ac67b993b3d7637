// softmax, log_softmax, logsumexp.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kSoftmaxOps;

}  // namespace wengert
