#include <cstring>
#include <string_view>

#include "kernels/dispatch.h"
#include "ops/activation.h"
#include "ops/attention.h"
#include "ops/choice.h"
#include "ops/conv.h"
#include "ops/convert.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/index.h"
#include "ops/index_dim.h"
#include "ops/join.h"
#include "ops/loss.h"
#include "ops/masked.h"
#include "ops/matmul.h"
#include "ops/moments.h"
#include "ops/norm.h"
#include "ops/normalize.h"
#include "ops/op.h"
#include "ops/parts.h"
#include "ops/pool.h"
#include "ops/power.h"
#include "ops/random.h"
#include "ops/rearrange.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/representation.h"
#include "ops/resize.h"
#include "ops/scan.h"
#include "ops/softmax.h"
#include "ops/sort.h"
#include "ops/take.h"
#include "ops/triangle.h"
#include "ops/view.h"
#include "ops/view_copy.h"
#include "ops/view_scatter.h"

namespace wengert {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first, last - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto at = text.find(separator);
    if (const auto part = trimmed(text.substr(0, at)); !part.empty()) parts.emplace_back(part);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  }
  return parts;
}

ArgKind kind_of(std::string_view type) {
  constexpr struct {
    std::string_view name;
    ArgKind kind;
  } kNames[] = {{"Tensor", ArgKind::tensor},
                {"Tensor[]", ArgKind::tensors},
                {"Operand", ArgKind::operand},
                {"Number", ArgKind::number},
                {"int", ArgKind::integer},
                {"float", ArgKind::floating},
                {"bool", ArgKind::boolean},
                {"str", ArgKind::text},
                {"int[]", ArgKind::ints},
                {"float[]", ArgKind::floats},
                {"tuple", ArgKind::tuple},
                {"list", ArgKind::list},
                {"dtype", ArgKind::dtype},
                {"Generator", ArgKind::generator},
                {"device", ArgKind::device},
                {"layout", ArgKind::layout},
                {"memory_format", ArgKind::memory_format}};
  for (const auto& entry : kNames)
    if (entry.name == type) return entry.kind;
  fail(ErrorKind::runtime, "op table: unknown type '", type, "'");
}

void parse_signature(Op& op) {
  std::string_view text = op.signature;
  if (const auto arrow = text.find(" -> "); arrow != std::string_view::npos) {
    const auto result = text.substr(arrow + 4);
    if (result.starts_with('('))
      op.fields = split(result.substr(1, result.find(')') - 1), ',');
    else
      op.returns = result;
    text = text.substr(0, arrow);
  }
  bool keyword_only = false;
  for (const std::string& part : split(text, ',')) {
    if (part == "*") {
      keyword_only = true;
      continue;
    }
    ArgSpec arg;
    arg.keyword_only = keyword_only;
    std::string_view rest = part;
    const auto colon = rest.find(':');
    check(colon != std::string_view::npos, "op table: ", op.name, ": no type in '", part, "'");
    arg.name = trimmed(rest.substr(0, colon));
    rest = rest.substr(colon + 1);
    if (const auto equals = rest.find('='); equals != std::string_view::npos) {
      arg.has_default = true;
      arg.default_text = trimmed(rest.substr(equals + 1));
      rest = rest.substr(0, equals);
    }
    rest = trimmed(rest);
    if (rest.ends_with('?')) {
      arg.optional = true;
      rest.remove_suffix(1);
    }
    arg.kind = kind_of(rest);
    op.args.push_back(std::move(arg));
  }
}

Op make_op(const OpRow& row, const char* family) {
  Op op;
  op.name = row.name;
  op.public_name = op.name.substr(0, op.name.find('.'));
  op.aliases = split(row.aliases, ' ');
  op.signature = row.signature;
  op.forms = row.forms;
  op.call = row.call;
  op.doc = row.doc;
  op.family = family;
  parse_signature(op);
  return op;
}

std::vector<Op> build() {
  std::vector<Op> table;
  for (const ElementwiseRows& file : kernels().elementwise) {
    for (const ElementwiseRow& row : std::span(file.rows, file.count)) {
      if (row.hidden) continue;
      const unsigned forms = kFunction | kOut | (row.has_method ? kMethod : 0u) | (row.has_inplace ? kInplace : 0u);
      table.push_back(make_op({row.name, row.aliases, row.signature, forms, elementwise_call, row.doc}, "elementwise"));
      table.back().row = &row;
    }
  }
  const struct {
    std::span<const OpRow> rows;
    const char* family;
  } families[] = {
      // clang-format off: one a line, in the order of the docs
      {kChoiceOps, "elementwise"},
      {kPowerOps, "elementwise"},
      {kRepresentationOps, "elementwise"},
      {kReduceOps, "reduction"},
      {kMomentOps, "reduction"},
      {kNormOps, "reduction"},
      {kSoftmaxOps, "reduction"}, {kScanOps, "reduction"},
      {kSortOps, "sorting"},
      {kSelectOps, "sorting"},
      {kSearchOps, "sorting"},
      {kCountOps, "sorting"},
      {kMatrixOps, "matrix"},
      {kConvOps, "network"},
      {kPoolOps, "network"},
      {kActivationOps, "network"},
      {kNormalizeOps, "network"},
      {kLossOps, "network"},
      {kAttentionOps, "network"},
      {kRecurrentOps, "network"},
      {kRecurrentBackwardOps, "network"},
      {kIndexOps, "indexing"},
      {kIndexDimOps, "indexing"},
      {kGatherOps, "indexing"},
      {kTakeOps, "indexing"},
      {kMaskedOps, "indexing"},
      {kViewScatterOps, "indexing"},
      {kViewOps, "view"},
      {kPartOps, "view"},
      {kJoinOps, "movement"},
      {kRearrangeOps, "movement"},
      {kTriangleOps, "movement"},
      {kResizeOps, "movement"},
      {kViewCopyOps, "movement"},
      {kConvertOps, "conversion"},
      {kCopyOps, "copy"},
      {kCreateOps, "creation"},
      {kLikeOps, "creation"},
      {kRangeOps, "creation"},
      {kRandomOps, "random"},
      {kIntegerOps, "random"},
      {kDistributionOps, "random"},
      // clang-format on
  };
  for (const auto& family : families)
    for (const OpRow& row : family.rows) table.push_back(make_op(row, family.family));
  return table;
}

}  // namespace

const std::vector<Op>& op_table() {
  static const std::vector<Op> table = build();
  return table;
}

const Op& find_op(const char* name) {
  for (const Op& op : op_table())
    if (op.name == name) return op;
  fail(ErrorKind::runtime, "op table: no operator '", name, "'");
}

}  // namespace wengert
