// Which instruction set this translation unit is compiled for. CMake defines WENGERT_ISA as its name.
//
// Note [One exported symbol]
// Files under kernels/ are compiled once per instruction set. Everything in them lives in namespace wengert::WENGERT_ISA, and
// everything but the row array in an anonymous namespace inside it: an inline function that two such units share would be
// merged by the linker, which may keep the AVX-512 body for a CPU without it. For the same reason no header with inline code
// of its own (<vector>, <algorithm>, <cmath>'s templates) is included there. tests/test_build.py checks the objects with nm.
#pragma once

#ifndef WENGERT_ISA
#error "kernels are compiled through wengert_kernels() in CMakeLists.txt"
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define WENGERT_AVX512 1
#define WENGERT_VECTOR_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define WENGERT_AVX2 1
#define WENGERT_VECTOR_BYTES 32
#elif defined(__SSE2__)
#define WENGERT_SSE2 1
#define WENGERT_VECTOR_BYTES 16
#else
#define WENGERT_VECTOR_BYTES 16
#endif

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <stddef.h>
#include <stdint.h>
