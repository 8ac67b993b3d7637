// Contract of the cells of recurrent layers: what one step does to the products with its weights, and the way back.
#pragma once

#include <stdint.h>

namespace wengert {

// Rows of elements, one a sequence, `step` elements apart; 0 repeats one row.
struct CellRows {
  void* at;
  int64_t step;
};

// `rows` sequences and `units` of the layer's hidden units. Gates of a row lie `hidden` elements apart, in PyTorch's order:
// i f g o (LSTM), r z n (GRU); so do their biases and their gradients. Rows may be updated in place, but may not overlap
// otherwise.
struct CellArgs {
  int64_t rows, units, hidden;
  CellRows gates;  // forward: the sums of the products, and then what the gates let pass. RNN: one, in `output`
  CellRows bias;   // of the gates
  CellRows inner;  // GRU: the hidden state's part of n. Forward: the product, and then with its bias
  CellRows inner_bias;
  CellRows before;  // the cell's state before the step; of a GRU the hidden state
  CellRows state;   // LSTM: the cell's state after it
  CellRows output;  // the hidden state after it
  CellRows zeros;   // LSTM
  // Backward.
  CellRows grad_output;  // of the hidden state after the step
  CellRows grad_before;  // GRU: what goes past the gates to the state before is added to it
  CellRows grad_state;   // LSTM: of the state after, and then of the state before
  CellRows grad_gates;   // of the sums. GRU: with a fourth, that of `inner`
};

using CellLoop = void (*)(const CellArgs&);

struct Cell {  // float32, float64
  CellLoop forward[2], backward[2];
};

struct RecurrentKernels {
  Cell lstm, gru, rnn_tanh, rnn_relu;
};

}  // namespace wengert
