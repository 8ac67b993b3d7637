// tanh and sigmoid of float32 by table, for AVX-512: lookups in 32 rows cost as much as arithmetic, and there is neither an
// exponential nor a division. From tools/minimax.py.
#pragma once

#include "simd/lookup.h"
#include "simd/sign.h"

#if WENGERT_AVX512
namespace wengert::WENGERT_ISA {
namespace {

// tanh(centre + d) = high + low + c1 d + ... + c5 d^5 on a quarter of a binade. The row is the last five bits of exponent and
// upper two bits of mantissa.
struct TanhTable {
  alignas(64) static constexpr float centre[32] = {
      0x1.2p+1f, 0x1.6p+1f, 0x1.ap+1f, 0x1.ep+1f, 0x1.2p+2f, 0x1.6p+2f, 0x1.ap+2f, 0x1.ep+2f, 0x1.2p+3f, 0x1.6p+3f, 0x1.ap+3f,
      0x1.ep+3f, 0x0p+0f,   0x1.6p-4f, 0x1.ap-4f, 0x1.ep-4f, 0x1.2p-3f, 0x1.6p-3f, 0x1.ap-3f, 0x1.ep-3f, 0x1.2p-2f, 0x1.6p-2f,
      0x1.ap-2f, 0x1.ep-2f, 0x1.2p-1f, 0x1.6p-1f, 0x1.ap-1f, 0x1.ep-1f, 0x1.2p+0f, 0x1.6p+0f, 0x1.ap+0f, 0x1.ep+0f};
  alignas(64) static constexpr float high[32] = {
      0x1.f4bfd6p-1f, 0x1.fbd50ap-1f, 0x1.fe767ap-1f, 0x1.ff6f18p-1f, 0x1.ffdfa6p-1f, 0x1.fffbap-1f,  0x1.ffff68p-1f,
      0x1.ffffecp-1f, 0x1.fffffep-1f, 0x1p+0f,        0x1p+0f,        0x1p+0f,        0x0p+0f,        0x1.5f22d2p-4f,
      0x1.9e9356p-4f, 0x1.ddd092p-4f, 0x1.1e1ddp-3f,  0x1.5c9308p-3f, 0x1.9a5f1cp-3f, 0x1.d7665cp-3f, 0x1.18a39ap-2f,
      0x1.52c2c6p-2f, 0x1.8a87e2p-2f, 0x1.bfae6ap-2f, 0x1.05087p-1f,  0x1.3157ep-1f,  0x1.5789p-1f,   0x1.77d838p-1f,
      0x1.9e5cb6p-1f, 0x1.c278a6p-1f, 0x1.d9c6fcp-1f, 0x1.e8789ep-1f};
  alignas(64) static constexpr float low[32] = {
      0x1.27001p-26f,   -0x1.d50e1ap-27f, -0x1.65735ep-26f, -0x1.7bb2acp-27f, 0x1.873beap-26f,  -0x1.ba09d4p-26f,
      0x1.38c606p-27f,  -0x1.0f3066p-26f, 0x1.f315a2p-26f,  0x0p+0f,          0x0p+0f,          0x0p+0f,
      0x0p+0f,          -0x1.2659cp-32f,  0x1.f48db2p-30f,  0x1.493e02p-29f,  0x1.573596p-29f,  -0x1.bb0ce4p-28f,
      -0x1.899efcp-31f, 0x1.f3767ap-28f,  -0x1.954abp-30f,  -0x1.3c61ap-27f,  -0x1.69a96cp-27f, 0x1.72d62ep-27f,
      -0x1.a256a8p-26f, -0x1.6386d4p-29f, -0x1.de1f76p-26f, 0x1.c70bd8p-26f,  -0x1.9650ep-28f,  -0x1.94ed06p-26f,
      -0x1.fad17cp-26f, 0x1.9ed406p-26f};
  alignas(64) static constexpr float c1[32] = {
      0x1.64108ap-5f,  0x1.09a7a6p-6f,  0x1.88ef6ap-8f, 0x1.21a7bp-9f,  0x1.02bf32p-11f, 0x1.18335p-14f, 0x1.2f6078p-17f,
      0x1.487646p-20f, 0x1.05c30cp-24f, 0x0p+0f,        0x0p+0f,        0x0p+0f,         0x1p+0f,        0x1.fc3cbep-1f,
      0x1.fac13ep-1f,  0x1.f9085ap-1f,  0x1.f601cap-1f, 0x1.f12bp-1f,   0x1.eb715ap-1f,  0x1.e4dfb2p-1f, 0x1.d98b36p-1f,
      0x1.c7f724p-1f,  0x1.b3ff2ep-1f,  0x1.9e23aep-1f, 0x1.7aeae6p-1f, 0x1.49e6cp-1f,   0x1.197fcep-1f, 0x1.d834d2p-2f,
      0x1.615002p-2f,  0x1.cea744p-3f,  0x1.265e34p-3f, 0x1.6fcfa6p-4f};
  alignas(64) static constexpr float c2[32] = {
      -0x1.5c3a3cp-5f, -0x1.077906p-6f,  -0x1.87b86ep-8f, -0x1.214eaap-9f, -0x1.02451ep-11f, -0x1.17bd96p-14f, -0x1.2ee32p-17f,
      -0x1.47eeep-20f, -0x1.fccc12p-25f, 0x0p+0f,         0x0p+0f,         0x0p+0f,          0x0p+0f,          -0x1.5c8e36p-4f,
      -0x1.9a5416p-4f, -0x1.d75004p-4f,  -0x1.18883cp-3f, -0x1.5279fep-3f, -0x1.89e50ep-3f,  -0x1.be6cb8p-3f,  -0x1.038f7p-2f,
      -0x1.2daf98p-2f, -0x1.4ff712p-2f,  -0x1.6a1d38p-2f, -0x1.825de4p-2f, -0x1.897d22p-2f,  -0x1.79c0e6p-2f,  -0x1.5aa224p-2f,
      -0x1.1df056p-2f, -0x1.970ed2p-3f,  -0x1.1064bap-3f, -0x1.5ee8aap-4f};
  alignas(64) static constexpr float c3[32] = {
      0x1.bbcddp-6f,   0x1.599588p-7f,  0x1.039786p-8f,  0x1.80e94ep-10f, 0x1.5881a8p-12f, 0x1.754e5ep-15f, 0x1.9437d6p-18f,
      0x1.b5a584p-21f, 0x1.58d0aep-25f, 0x0p+0f,         0x0p+0f,         0x0p+0f,         -0x1.555544p-2f, -0x1.4b5adp-2f,
      -0x1.477428p-2f, -0x1.42f17cp-2f, -0x1.3b134ep-2f, -0x1.2ea3fcp-2f, -0x1.202a34p-2f, -0x1.0fdf04p-2f, -0x1.e91ee6p-3f,
      -0x1.98587ep-3f, -0x1.4271f4p-3f, -0x1.d71f68p-4f, -0x1.bd0b34p-5f, 0x1.d76bb6p-7f,  0x1.072cdep-4f,  0x1.8434a4p-4f,
      0x1.c68d5p-4f,   0x1.97d7acp-4f,  0x1.33dee6p-4f,  0x1.a85beap-5f};
  alignas(64) static constexpr float c4[32] = {
      -0x1.960204p-7f,  -0x1.51959cp-8f,  -0x1.0374e4p-9f,  -0x1.83e7ecp-11f, -0x1.69dadap-13f, -0x1.888ca2p-16f,
      -0x1.a91eb4p-19f, -0x1.cc4956p-22f, -0x1.a881acp-26f, 0x0p+0f,          0x0p+0f,          0x0p+0f,
      0x0p+0f,          0x1.cb9816p-5f,   0x1.0d55c6p-4f,   0x1.33c776p-4f,   0x1.6b051ap-4f,   0x1.af9b74p-4f,
      0x1.ed77f8p-4f,   0x1.11e9fp-3f,    0x1.32dfc6p-3f,   0x1.4fff78p-3f,   0x1.5c02d4p-3f,   0x1.5839ap-3f,
      0x1.39dad4p-3f,   0x1.e93af8p-4f,   0x1.47435ep-4f,   0x1.633ac2p-5f,   0x1.e50c1cp-9f,   -0x1.599f88p-6f,
      -0x1.9b961ep-6f,  -0x1.5596bp-6f};
  alignas(64) static constexpr float c5[32] = {
      0x1.04bcap-8f,   0x1.f586fap-10f, 0x1.93732ep-11f, 0x1.326e7ep-12f, 0x1.1cd2c4p-14f, 0x1.358c28p-17f, 0x1.4f5058p-20f,
      0x1.6b1048p-23f, 0x1.418c88p-27f, 0x0p+0f,         0x0p+0f,         0x0p+0f,         0x1.1064bep-3f,  0x1.00386cp-3f,
      0x1.f36a56p-4f,  0x1.e473eap-4f,  0x1.ca8fa4p-4f,  0x1.a261b2p-4f,  0x1.74a65ep-4f,  0x1.428bfap-4f,  0x1.e3cc8ep-5f,
      0x1.05c1eep-5f,  0x1.8439f6p-8f,  -0x1.193bb2p-6f, -0x1.6469cep-5f, -0x1.f8946ap-5f, -0x1.00c184p-4f, -0x1.b2b782p-5f,
      -0x1.0660b2p-5f, -0x1.37255ep-7f, 0x1.70aabap-10f, 0x1.2dd5ecp-8f};
};

inline Vec<float> tanh_by_table(Vec<float> x) {
  using Table = TanhTable;
  const Vec<float> a = smaller(15.0f, magnitude(x));
  const IntVec<float>::Raw bits = IntVec<float>::Raw(a.v), least = 0x3d800000 - IntVec<float>::Raw{};  // 2^-4
  const IntVec<float>::Raw row = (bits > least ? bits : least) >> 21;
  const Vec<float> d = a - lookup(Table::centre, row), z = d * d;
  const Vec<float> upper =
      (lookup(Table::c2, row) + d * lookup(Table::c3, row)) + z * (lookup(Table::c4, row) + d * lookup(Table::c5, row));
  const Vec<float> y = lookup(Table::high, row) + (d * lookup(Table::c1, row) + (z * upper + lookup(Table::low, row)));
  return flip_sign(y, x);
}

// sigmoid(centre + d) = high + low + c1 d + ... + c6 d^6 for centres near the multiples of 1/2, such that c1 is exact to about
// 30 bits. The row is the last five bits of the whole number next to 2 x.
struct SigmoidTable {
  alignas(64) static constexpr float centre[32] = {
      0x0p+0f,        0x1.00c4p-1f,  0x1.feacp-1f,   0x1.8026p+0f,   0x1.ffb4p+0f,   0x1.3fbfp+1f,  0x1.7fdcp+1f,
      0x1.c05p+1f,    0x1.001bp+2f,  0x1.203p+2f,    0x1.4014p+2f,   0x1.5ff98p+2f,  0x1.7ff3p+2f,  0x1.a008p+2f,
      0x1.bff18p+2f,  0x1.e0038p+2f, -0x1.ffdc8p+2f, -0x1.e0038p+2f, -0x1.bff18p+2f, -0x1.a008p+2f, -0x1.7ff3p+2f,
      -0x1.5ff98p+2f, -0x1.4014p+2f, -0x1.203p+2f,   -0x1.001bp+2f,  -0x1.c05p+1f,   -0x1.7fdcp+1f, -0x1.3fbfp+1f,
      -0x1.ffb4p+0f,  -0x1.8026p+0f, -0x1.feacp-1f,  -0x1.00c4p-1f};
  alignas(64) static constexpr float high[32] = {
      0x1p-1f,        0x1.3ee10ap-1f, 0x1.760a6cp-1f, 0x1.a2a474p-1f,  0x1.c2e7dep-1f,  0x1.d916ep-1f,   0x1.e7b14ap-1f,
      0x1.f10714p-1f, 0x1.f6ce52p-1f, 0x1.fa6416p-1f, 0x1.fc93d2p-1f,  0x1.fdea4ep-1f,  0x1.febba6p-1f,  0x1.ff3b56p-1f,
      0x1.ff887cp-1f, 0x1.ffb79p-1f,  0x1.60671p-12f, 0x1.21c0dap-11f, 0x1.de1364p-11f, 0x1.895588p-10f, 0x1.445928p-9f,
      0x1.0ad89p-8f,  0x1.b61756p-8f, 0x1.66fa7ep-7f, 0x1.2635a6p-6f,  0x1.df1d62p-6f,  0x1.84eb68p-5f,  0x1.374902p-4f,
      0x1.e8c10ep-4f, 0x1.756e2ep-3f, 0x1.13eb28p-2f, 0x1.823deap-2f};
  alignas(64) static constexpr float low[32] = {
      0x0p+0f,          0x1.5f9508p-26f,  0x1.0cb1bcp-32f,  0x1.b3ae6ap-27f,  0x1.6029c4p-27f,  -0x1.6487d2p-28f,
      -0x1.d4380ap-27f, 0x1.e21a36p-26f,  0x1.af58eep-26f,  0x1.75021p-30f,   -0x1.576a9cp-26f, 0x1.bcefbep-26f,
      0x1.ae28ccp-26f,  -0x1.87ed4p-26f,  -0x1.b1c712p-26f, -0x1.b53494p-28f, -0x1.1fedcap-38f, 0x1.3493ecp-36f,
      -0x1.c76dfap-37f, -0x1.2bf628p-38f, 0x1.d7343cp-34f,  0x1.882156p-33f,  -0x1.2ac65p-35f,  -0x1.d40842p-32f,
      -0x1.eb1dacp-31f, -0x1.0d1ae2p-33f, -0x1.5e3fb4p-30f, -0x1.36f05ap-29f, -0x1.80a712p-29f, 0x1.314658p-29f,
      -0x1.0cb1bcp-32f, 0x1.40d5f2p-27f};
  alignas(64) static constexpr float c1[32] = {
      0x1p-2f,         0x1.e11c72p-3f,  0x1.9324c8p-3f,  0x1.3156e6p-3f,  0x1.ae6f04p-4f,  0x1.1fa0dap-4f,  0x1.727494p-5f,
      0x1.d11aa6p-6f,  0x1.20ed28p-6f,  0x1.630bbap-7f,  0x1.b329a2p-8f,  0x1.09c26ap-8f,  0x1.438bbp-9f,   0x1.88be72p-10f,
      0x1.dda3cap-11f, 0x1.2197dcp-11f, 0x1.6048bep-12f, 0x1.2197dcp-11f, 0x1.dda3cap-11f, 0x1.88be72p-10f, 0x1.438bbp-9f,
      0x1.09c26ap-8f,  0x1.b329a2p-8f,  0x1.630bbap-7f,  0x1.20ed28p-6f,  0x1.d11aa6p-6f,  0x1.727494p-5f,  0x1.1fa0dap-4f,
      0x1.ae6f04p-4f,  0x1.3156e6p-3f,  0x1.9324c8p-3f,  0x1.e11c72p-3f};
  alignas(64) static constexpr float c2[32] = {
      0x0p+0f,          -0x1.d8af44p-6f,  -0x1.73c6bap-5f, -0x1.83fa48p-5f, -0x1.47b5fep-5f, -0x1.e7d218p-6f,  -0x1.4f47bep-6f,
      -0x1.b5e6f4p-7f,  -0x1.168ccp-7f,   -0x1.5b4442p-8f, -0x1.ad584p-9f,  -0x1.07986p-9f,  -0x1.41f1c2p-10f, -0x1.8790bap-11f,
      -0x1.dcc4cap-12f, -0x1.2145eap-12f, 0x1.600c2p-13f,  0x1.2145eap-12f, 0x1.dcc4cap-12f, 0x1.8790bap-11f,  0x1.41f1c2p-10f,
      0x1.07986p-9f,    0x1.ad584p-9f,    0x1.5b4442p-8f,  0x1.168ccp-7f,   0x1.b5e6f4p-7f,  0x1.4f47bep-6f,   0x1.e7d218p-6f,
      0x1.47b5fep-5f,   0x1.83fa48p-5f,   0x1.73c6bap-5f,  0x1.d8af44p-6f};
  alignas(64) static constexpr float c3[32] = {
      -0x1.555258p-6f, -0x1.06afd2p-6f, -0x1.85601ap-8f, 0x1.576928p-9f,  0x1.a81902p-8f,  0x1.bbd94p-8f,   0x1.67ec5cp-8f,
      0x1.014216p-8f,  0x1.5879b2p-9f,  0x1.ba9e76p-10f, 0x1.168cd6p-10f, 0x1.59b93cp-11f, 0x1.a900f4p-12f, 0x1.03798cp-12f,
      0x1.3caf5p-13f,  0x1.80d7d8p-14f, 0x1.d4c376p-15f, 0x1.80d7d8p-14f, 0x1.3caf5p-13f,  0x1.03798cp-12f, 0x1.a900f4p-12f,
      0x1.59b93cp-11f, 0x1.168cd6p-10f, 0x1.ba9e76p-10f, 0x1.5879b2p-9f,  0x1.014216p-8f,  0x1.67ec5cp-8f,  0x1.bbd94p-8f,
      0x1.a81902p-8f,  0x1.576928p-9f,  -0x1.85601ap-8f, -0x1.06afd2p-6f};
  alignas(64) static constexpr float c4[32] = {
      0x0p+0f,          0x1.1e9702p-8f,   0x1.5199e8p-8f,   0x1.983744p-9f,   0x1.c841e6p-11f,  -0x1.9952c6p-12f,
      -0x1.98e5eep-11f, -0x1.80fb38p-11f, -0x1.24cefp-11f,  -0x1.92d23p-12f,  -0x1.076c42p-12f, -0x1.4e5b9p-13f,
      -0x1.a08b4cp-14f, -0x1.00598ep-14f, -0x1.3a5f06p-15f, -0x1.7f23dep-16f, 0x1.d38178p-17f,  0x1.7f23dep-16f,
      0x1.3a5f06p-15f,  0x1.00598ep-14f,  0x1.a08b4cp-14f,  0x1.4e5b9p-13f,   0x1.076c42p-12f,  0x1.92d23p-12f,
      0x1.24cefp-11f,   0x1.80fb38p-11f,  0x1.98e5eep-11f,  0x1.9952c6p-12f,  -0x1.c841e6p-11f, -0x1.983744p-9f,
      -0x1.5199e8p-8f,  -0x1.1e9702p-8f};
  alignas(64) static constexpr float c5[32] = {
      0x1.0e1176p-9f,   0x1.2558eep-10f, -0x1.aaeb3cp-12f, -0x1.03e1b2p-10f, -0x1.7b52fep-11f, -0x1.3e0902p-12f,
      -0x1.6de3d2p-15f, 0x1.df671ep-15f, 0x1.381de4p-14f,  0x1.04c5cp-14f,   0x1.7672bp-15f,   0x1.f3dc4ep-16f,
      0x1.40704cp-16f,  0x1.9119ap-17f,  0x1.f0c90ep-18f,  0x1.308aa4p-18f,  0x1.74eca4p-19f,  0x1.308aa4p-18f,
      0x1.f0c90ep-18f,  0x1.9119ap-17f,  0x1.40704cp-16f,  0x1.f3dc4ep-16f,  0x1.7672bp-15f,   0x1.04c5cp-14f,
      0x1.381de4p-14f,  0x1.df671ep-15f, -0x1.6de3d2p-15f, -0x1.3e0902p-12f, -0x1.7b52fep-11f, -0x1.03e1b2p-10f,
      -0x1.aaeb3cp-12f, 0x1.2558eep-10f};
  alignas(64) static constexpr float c6[32] = {
      0x0p+0f,          -0x1.18d8a6p-11f, -0x1.9afa6ep-12f, -0x1.4faaecp-17f, 0x1.32f226p-13f,  0x1.f1033p-14f,
      0x1.d2bb5cp-15f,  0x1.06960cp-16f,  -0x1.34df82p-20f, -0x1.8092d2p-18f, -0x1.78ab0cp-18f, -0x1.1ddc5p-18f,
      -0x1.872cd2p-19f, -0x1.fc31aep-20f, -0x1.40d9d4p-20f, -0x1.8e98aep-21f, 0x1.ea790ap-22f,  0x1.8e98aep-21f,
      0x1.40d9d4p-20f,  0x1.fc31aep-20f,  0x1.872cd2p-19f,  0x1.1ddc5p-18f,   0x1.78ab0cp-18f,  0x1.8092d2p-18f,
      0x1.34df82p-20f,  -0x1.06960cp-16f, -0x1.d2bb5cp-15f, -0x1.f1033p-14f,  -0x1.32f226p-13f, 0x1.4faaecp-17f,
      0x1.9afa6ep-12f,  0x1.18d8a6p-11f};
  static constexpr float limit = 7.75f;
};

// |x| <= SigmoidTable::limit
inline Vec<float> sigmoid_by_table(Vec<float> x) {
  using Table = SigmoidTable;
  const auto row = IntVec<float>::Raw((x + Vec<float>(0x1.8p22f)).v);
  const Vec<float> d = x - lookup(Table::centre, row), z = d * d;
  const Vec<float> upper = (lookup(Table::c2, row) + d * lookup(Table::c3, row)) +
                           z * ((lookup(Table::c4, row) + d * lookup(Table::c5, row)) + z * lookup(Table::c6, row));
  return lookup(Table::high, row) + (d * lookup(Table::c1, row) + (z * upper + lookup(Table::low, row)));
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
#endif
