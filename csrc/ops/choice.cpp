#include "ops/choice.h"

namespace wengert {

constinit const std::span<const OpRow> kChoiceOps;

}  // namespace wengert
