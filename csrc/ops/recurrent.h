// Recurrent layers: all steps of one layer in one direction, and the way back.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kRecurrentOps;
extern const std::span<const OpRow> kRecurrentBackwardOps;  // recurrent_backward.cpp

}  // namespace wengert
