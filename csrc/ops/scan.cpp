#include "ops/scan.h"

namespace wengert {

constinit const std::span<const OpRow> kScanOps;

}  // namespace wengert
