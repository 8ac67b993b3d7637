#include "kernels/table.h"

#include "simd/isa.h"

namespace wengert::WENGERT_ISA {

#define X(file) extern const ElementwiseRows k##file;
WENGERT_ELEMENTWISE_FILES(X)
#undef X
extern const CopyKernels kCopy;
extern const AttentionKernels kAttention;
extern const ConvKernels kConv;
extern const SumKernels kSums;
extern const ProductKernels kProducts;
extern const ExtremeKernels kExtremes;
extern const CountKernels kCounts;
extern const MomentKernels kMoments;
extern const AgreementKernels kAgreement;
extern const ScanKernels kScans;
extern const SoftmaxKernels kSoftmax;
extern const GemmKernels kGemm;
extern const GemvKernels kGemv;
extern const IndexKernels kIndex;
extern const MaskKernels kMask;
extern const RandomKernels kRandom;
extern const NormalizeKernels kNormalize;
extern const PoolKernels kPool;
extern const SortKernels kSort;
extern const StepKernels kSteps;
extern const RecurrentKernels kRecurrent;
extern const ProbeKernels kProbe;

#define WENGERT_TEXT_(x) #x
#define WENGERT_TEXT(x) WENGERT_TEXT_(x)

// A function, since ElementwiseRows of other files are not constants here.
KernelTable kernel_table() {
  return {WENGERT_TEXT(WENGERT_ISA),
          WENGERT_VECTOR_BYTES,
          {
#define X(file) k##file,
              WENGERT_ELEMENTWISE_FILES(X)
#undef X
          },
          &kCopy,
          &kAttention,
          &kConv,
          &kSums,
          &kProducts,
          &kExtremes,
          &kCounts,
          &kMoments,
          &kAgreement,
          &kScans,
          &kSoftmax,
          &kGemm,
          &kGemv,
          &kIndex,
          &kMask,
          &kRandom,
          &kNormalize,
          &kPool,
          &kSort,
          &kSteps,
          &kRecurrent,
          &kProbe};
}

}  // namespace wengert::WENGERT_ISA
