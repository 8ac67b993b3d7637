// Contract of the sorting kernels. The elements of a row become keys, unsigned numbers in the order wanted: NaN above all
// numbers, -0 and 0 alike, reversed for descending order. Up to 32 bits of a key and the element's position make a 64-bit
// record, so that sorting records by value is sorting stably.
#pragma once

#include <stdint.h>

namespace wengert {

struct SortKeys {
  int kind;         // integers: log2 of their bytes; 4: float, 5: double
  uint64_t flip;    // exclusive-or that makes keys: an integer's sign bit, and for descending order all bits
  uint64_t first;   // key of the row's first element
  int shift, bits;  // records hold (key >> shift) & (2^bits - 1); above those all keys of the row agree
  int low;          // bits of the key below `shift` that count: 0 or shift
};

inline constexpr int kSortCells = 4096;       // a cell: the upper bits of what records hold
inline constexpr int64_t kSortPieces = 256;   // at most, of a partition
inline constexpr int64_t kSortRow = 1 << 15;  // rows up to this long are sorted without a partition

struct SortCandidate {
  uint64_t key;
  int64_t position;
};
inline constexpr int64_t kSortStep = 256;

struct SortKernels {
  // keys.kind and flip are given; sets `first`.
  void (*start)(SortKeys* keys, const void* in);
  // The bits in which the keys of n elements differ from `first`.
  uint64_t (*differ)(const SortKeys& keys, const void* in, int64_t n);
  // Sets the rest from what all of the row's parts gave.
  void (*narrow)(SortKeys* keys, uint64_t differ);

  // Records of the elements [begin, end) of the row `in`.
  void (*pack)(const SortKeys& keys, const void* in, int64_t begin, int64_t end, uint64_t* records);
  // Adds the number of elements of each cell to counts.
  void (*count)(const SortKeys& keys, const void* in, int64_t begin, int64_t end, uint32_t* counts);
  // Their records, each to records[places[p]++] of the piece p = piece[cell].
  void (*partition)(const SortKeys& keys, const void* in, int64_t begin, int64_t end, const uint8_t* piece, uint32_t* places,
                    uint64_t* records);
  // The records of one cell, in order; returns how many. One more may be written.
  int64_t (*collect)(const SortKeys& keys, const void* in, int64_t begin, int64_t end, uint32_t cell, uint64_t* records);
  // Replaces what n records hold of their keys by the `low` bits.
  void (*repack)(const SortKeys& keys, const void* in, uint64_t* records, int64_t n);
  // Sorts n records of a row and writes its elements and positions in that order; values or indices may be null. spare: n.
  void (*finish)(const SortKeys& keys, const void* in, uint64_t* records, uint64_t* spare, int64_t n, void* values,
                 int64_t* indices);
  // All of it for one row of n <= kSortRow elements; records and spare: n each.
  void (*row)(SortKeys keys, const void* in, uint64_t* records, uint64_t* spare, int64_t n, void* values, int64_t* indices);

  // The elements from `begin` whose whole key is at most `limit`, in order of position, until the row ends at n or `capacity`
  // leaves no room for a step of kSortStep; returns where it stopped, the number found in *found.
  int64_t (*below)(const SortKeys& keys, const void* in, int64_t begin, int64_t n, uint64_t limit, SortCandidate* candidates,
                   int64_t capacity, int64_t* found);
};

}  // namespace wengert
