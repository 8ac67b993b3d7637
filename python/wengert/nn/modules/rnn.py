"""Recurrent layers over sequences, and their cells, one step of them."""

import math

import wengert
from wengert import _C

from .. import functional as F
from .. import init
from ..parameter import Parameter
from ..utils.rnn import PackedSequence
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_lstm_layer, _gru_layer, _rnn_layer = (_C.functions[f"_{kind}_layer"] for kind in ("lstm", "gru", "rnn"))
_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _layer(mode, input, states, weights, projection, batch_sizes=None, reverse=False):
    """(output, states after the last step) of one layer in one direction. weights: w_ih, w_hh, b_ih, b_hh; None for no bias, and for
    states of zeros."""
    if mode == "LSTM":
        output, h, c, *_ = _lstm_layer(input, *states, *weights, projection, batch_sizes, reverse)
        return output, (h, c)
    if mode == "GRU":
        output, h, *_ = _gru_layer(input, *states, *weights, batch_sizes, reverse)
    else:
        output, h = _rnn_layer(input, *states, *weights, mode[4:].lower(), batch_sizes, reverse)
    return output, (h,)


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common: layers, each with one direction or two, whose weights have PyTorch's names."""

    def __init__(
        self,
        mode,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        proj_size=0,
        device=None,
        dtype=None,
    ):
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_arguments(dropout)
        output_size = proj_size or hidden_size
        rows = _GATES[mode] * hidden_size
        self._all_weights = []  # names, a list for each layer and direction
        for layer in range(num_layers):
            width = input_size if layer == 0 else output_size * (2 if bidirectional else 1)
            for suffix in ("", "_reverse") if bidirectional else ("",):
                shapes: dict[str, tuple] = {"weight_ih": (rows, width), "weight_hh": (rows, output_size)}
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for name, shape in shapes.items():
                    self.register_parameter(
                        f"{name}_l{layer}{suffix}", Parameter(wengert.empty(shape, device=device, dtype=dtype))
                    )
                self._all_weights.append([f"{name}_l{layer}{suffix}" for name in shapes])
        self.reset_parameters()

    def _check_arguments(self, dropout):
        if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:
            import warnings

            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater than "
                f"1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
        for name in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + self.mode)

    def reset_parameters(self):
        """Draws the parameters anew, uniform on [-a, a], a = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self):
        """Nothing: weights need not lie in one piece of memory here."""

    @property
    def all_weights(self):
        """The parameters, a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self):
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self):
        return [weight for weights in self.all_weights for weight in weights]

    # ---- the states before the first step

    def _state_sizes(self):
        """The widths of the states: of h, and for LSTM of c."""
        return (self.proj_size or self.hidden_size,)

    def _check_states(self, states, batch):
        directions = 2 if self.bidirectional else 1
        for place, (state, size) in enumerate(zip(states, self._state_sizes(), strict=True)):
            expected = (self.num_layers * directions, batch, size)
            if state.shape != expected:
                name = f"hidden[{place}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(f"Expected {name} size {expected}, got {list(state.shape)}")

    def check_input(self, input, batch_sizes):
        """ValueError or RuntimeError for an input of another dtype, number of dimensions or width."""
        kind = getattr(self, self._all_weights[0][0]).dtype
        if input.dtype != kind:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({kind}). Convert input: input.to({kind}), or convert "
                f"model: model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}")

    def _unbatched(self, states, ndim):
        """The states with a batch of one, for an input without a batch; RuntimeError for another number of dimensions."""
        if any(state.dim() != ndim for state in states):
            kind = "unbatched 2-D" if ndim == 2 else "batched 3-D"
            if self.mode == "LSTM":
                dims = ", ".join(f"{state.dim()}-D" for state in states)
                raise RuntimeError(f"For {kind} input, hx and cx should also be {ndim}-D but got ({dims}) tensors")
            raise RuntimeError(f"For {kind} input, hx should also be {ndim}-D but got {states[0].dim()}-D tensor")
        return tuple(state.unsqueeze(1) for state in states) if ndim == 2 else states

    # ---- the layers

    def forward(self, input, hx=None):
        states = hx if hx is None or self.mode == "LSTM" else (hx,)
        if isinstance(input, PackedSequence):
            data, batch_sizes, order, back = input
            batch = int(batch_sizes[0])
            self.check_input(data, batch_sizes)
            if states is not None:
                if order is not None:
                    states = tuple(state.index_select(1, order) for state in states)
                self._check_states(states, batch)
            output, states = self._layers(data, states, batch_sizes)
            if back is not None:
                states = tuple(state.index_select(1, back) for state in states)
            return PackedSequence(output, batch_sizes, order, back), self._given(states)
        if input.dim() not in (2, 3):
            kind = self.mode.partition("_")[0]
            tensor = " tensor" if kind == "RNN" else ""
            raise ValueError(f"{kind}: Expected input to be 2D or 3D, got {input.dim()}D{tensor} instead")
        batched = input.dim() == 3
        if states is not None:
            states = self._unbatched(states, input.dim())
        if not batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
        self.check_input(input, None)
        if self.batch_first:
            input = input.transpose(0, 1)
        if states is not None:
            self._check_states(states, input.size(1))
        output, states = self._layers(input, states, None)
        if self.batch_first:
            output = output.transpose(0, 1)
        if not batched:
            output = output.squeeze(0 if self.batch_first else 1)
            states = tuple(state.squeeze(1) for state in states)
        return output, self._given(states)

    def _given(self, states):
        return states if self.mode == "LSTM" else states[0]

    def _layers(self, data, states, batch_sizes):
        """(data, states) of the last layer, for data (T, N, width), or packed with batch_sizes, and states or None for zeros."""
        directions = 2 if self.bidirectional else 1
        last = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(directions):
                place = layer * directions + direction
                weights = [getattr(self, name) for name in self._all_weights[place]]
                projection = weights.pop() if self.proj_size else None
                if not self.bias:
                    weights += [None, None]
                first = [None] * len(self._state_sizes()) if states is None else [each[place] for each in states]
                output, state = _layer(self.mode, data, first, weights, projection, batch_sizes, direction == 1)
                outputs.append(output)
                last.append(state)
            data = wengert.cat(outputs, -1) if directions == 2 else outputs[0]
            if self.dropout and layer + 1 < self.num_layers:
                data = F.dropout(data, self.dropout, self.training)
        return data, tuple(wengert.stack(each) for each in zip(*last, strict=True))

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0),
            ("bidirectional", False),
        ):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text


class RNN(RNNBase):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or relu of it with nonlinearity="relu": Elman (1990).

    RNN(input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0, bidirectional=False).
    Called with (T, N, input_size), (N, T, input_size) if batch_first, (T, input_size) or a PackedSequence, and the first h, zeros
    unless given; returns the h of the last layer at all steps, and the last h of all layers and directions.

    >>> output, h = wengert.nn.RNN(3, 5)(wengert.ones(7, 2, 3))
    >>> output.shape, h.shape
    (torch.Size([7, 2, 5]), torch.Size([1, 2, 5]))
    """

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """i, f, o = sigmoid(...), g = tanh(...), c_t = f c_(t-1) + i g, h_t = o tanh(c_t): Hochreiter & Schmidhuber (1997).

    LSTM(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, proj_size=0); the
    gates' rows of the weights are in the order i, f, g, o; proj_size makes h narrower. Called as RNN, with (h, c) for h.

    >>> output, (h, c) = wengert.nn.LSTM(3, 5, num_layers=2, batch_first=True)(wengert.ones(2, 7, 3))
    >>> output.shape, c.shape
    (torch.Size([2, 7, 5]), torch.Size([2, 2, 5]))
    """

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def _state_sizes(self):
        return (self.proj_size or self.hidden_size, self.hidden_size)


class GRU(RNNBase):
    """r, z = sigmoid(...), n = tanh(W_in x + b_in + r (W_hn h + b_hn)), h_t = (1 - z) n + z h_(t-1): Cho et al. (2014).

    GRU(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False); the gates' rows of
    the weights are in the order r, z, n. Called as RNN.

    >>> output, h = wengert.nn.GRU(3, 5, bidirectional=True)(wengert.ones(7, 2, 3))
    >>> output.shape, h.shape
    (torch.Size([7, 2, 10]), torch.Size([2, 2, 5]))
    """

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class RNNCellBase(Module):
    """What the cells have in common: weight_ih (gates hidden, input), weight_hh (gates hidden, hidden), bias_ih and bias_hh."""

    def __init__(self, input_size, hidden_size, bias, num_chunks, device=None, dtype=None):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        shapes = {"weight_ih": (rows, input_size), "weight_hh": (rows, hidden_size), "bias_ih": (rows,), "bias_hh": (rows,)}
        for name, shape in shapes.items():
            used = bias or name.startswith("weight")
            self.register_parameter(name, Parameter(wengert.empty(shape, device=device, dtype=dtype)) if used else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draws the parameters anew, uniform on [-a, a], a = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = self.__dict__.get("nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"

    def _step(self, mode, input, states):
        """The states after one step; input (N, input_size) or (input_size), states alike, or None."""
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        count = 2 if mode == "LSTM" else 1
        for place, state in enumerate(states or ()):
            if state.dim() not in (1, 2):
                which = f"hx[{place}]" if mode == "LSTM" else "hidden"
                raise ValueError(f"{name}: Expected {which} to be 1D or 2D, got {state.dim()}D instead")
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
            states = None if states is None else [state.unsqueeze(0) for state in states]
        self._check_step(input, states or ())
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        _, states = _layer(mode, input.unsqueeze(0), states or [None] * count, weights, None)
        return states if batched else [state.squeeze(0) for state in states]

    def _check_step(self, input, states):
        if input.size(1) != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)} expected {self.input_size}")
        for place, state in enumerate(states):
            if state.size(0) != input.size(0):
                raise RuntimeError(f"Input batch size {input.size(0)} doesn't match hidden{place} batch size {state.size(0)}")
            if state.size(1) != self.hidden_size:
                raise RuntimeError(
                    f"hidden{place} has inconsistent hidden_size: got {state.size(1)}, expected {self.hidden_size}"
                )


class RNNCell(RNNCellBase):
    """One step of RNN: (N, input_size) and h (N, hidden_size), zeros unless given, to the next h.

    >>> wengert.nn.RNNCell(3, 5)(wengert.ones(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(f"RNN_{self.nonlinearity.upper()}", input, None if hx is None else [hx])[0]


class LSTMCell(RNNCellBase):
    """One step of LSTM: (N, input_size) and (h, c), zeros unless given, to the next (h, c).

    >>> h, c = wengert.nn.LSTMCell(3, 5)(wengert.ones(2, 3))
    >>> h.shape
    torch.Size([2, 5])
    """

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input, hx=None):
        return tuple(self._step("LSTM", input, hx))


class GRUCell(RNNCellBase):
    """One step of GRU: (N, input_size) and h (N, hidden_size), zeros unless given, to the next h.

    >>> wengert.nn.GRUCell(3, 5)(wengert.ones(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input, hx=None):
        return self._step("GRU", input, None if hx is None else [hx])[0]
