"""Modules that hold modules or parameters: in a row, in a list, in a dict."""

import operator
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from wengert import Tensor

from ..parameter import Parameter
from .module import Module, _indented

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


def _place(index, length):
    """index in [-length, length) as an index from 0."""
    index = operator.index(index)
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of range")
    return index % length


class _Row(Module):
    """Modules in an order, which are children named by their numbers."""

    def _key(self, index):
        return list(self._modules)[_place(index, len(self._modules))]

    def _renumber(self, modules):
        self.__dict__["_modules"] = {str(i): module for i, module in enumerate(modules)}

    def __setitem__(self, idx, module):
        setattr(self, self._key(idx), module)

    def __delitem__(self, idx):
        if isinstance(idx, slice):
            for key in list(self._modules)[idx]:
                delattr(self, key)
        else:
            delattr(self, self._key(idx))
        self._renumber(self._modules.values())

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def append(self, module):
        """Adds a module behind the others; returns self."""
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key):
        """Takes out the module of a number, or those of a slice, and returns it."""
        module = self[key]  # type: ignore[index]  # of the subclasses
        del self[key]
        return module

    def _insert(self, index, module):
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)


class Sequential(_Row):
    """Modules one behind the other: each is called with what the one before it returned.

    Given one by one, they are named by their numbers; an OrderedDict gives them names.

    >>> net = wengert.nn.Sequential(wengert.nn.Flatten(), wengert.nn.Linear(6, 2))
    >>> net
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=6, out_features=2, bias=True)
    )
    >>> net(wengert.ones(5, 2, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for key, module in args[0].items():
                self.add_module(key, module)
        else:
            for place, module in enumerate(args):
                self.add_module(str(place), module)

    def forward(self, input):
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, idx):
        if isinstance(idx, slice):
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        return self._modules[self._key(idx)]

    def __add__(self, other):
        _check_sequential(other)
        return Sequential(*self, *other)

    def __iadd__(self, other):
        _check_sequential(other)
        return self.extend(list(other))

    def __mul__(self, other):
        _check_factor(self, other)
        return Sequential(*list(self) * other)

    __rmul__ = __mul__

    def __imul__(self, other):
        _check_factor(self, other)
        return self.extend(list(self) * (other - 1))

    def insert(self, index, module):
        """Puts a module before that of a number; returns self. IndexError for a number out of range."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        self._insert(index, module)
        return self

    def extend(self, sequential):
        """Adds modules behind the others; returns self."""
        for module in sequential:
            self.append(module)
        return self


def _check_sequential(other):
    if not isinstance(other, Sequential):
        raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")


def _check_factor(row, factor):
    if not isinstance(factor, int):
        raise TypeError(f"unsupported operand type(s) for *: {type(row)} and {type(factor)}")
    if factor <= 0:
        raise ValueError(f"Non-positive multiplication factor {factor} for {type(row)}")


class ModuleList(_Row):
    """A list of modules. It is no layer itself: its owner calls them.

    >>> layers = wengert.nn.ModuleList(wengert.nn.Linear(2, 2) for _ in range(3))
    >>> layers
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    >>> layers.append(wengert.nn.ReLU())[-1]
    ReLU()
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, idx):
        if isinstance(idx, slice):
            return type(self)(list(self)[idx])
        return self._modules[self._key(idx)]

    def __iadd__(self, modules):
        return self.extend(modules)

    def __add__(self, other):
        return ModuleList([*self, *other])

    def insert(self, index, module):
        """Puts a module before that of a number."""
        self._insert(index, module)

    def extend(self, modules):
        """Adds modules behind the others; returns self. TypeError for what cannot be iterated over."""
        if not isinstance(modules, Iterable):
            raise TypeError(f"ModuleList.extend should be called with an iterable, but got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def __repr__(self):
        blocks: list[list] = []  # [first, last, text] of neighbours that look the same
        for place, module in enumerate(self):
            text = repr(module)
            if blocks and blocks[-1][2] == text:
                blocks[-1][1] = place
            else:
                blocks.append([place, place, text])
        if not blocks:
            return self._get_name() + "()"
        lines = [
            f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in blocks
        ]
        return self._get_name() + "(\n  " + "\n  ".join(_indented(line, 2) for line in lines) + "\n)"


def _pairs(values, name, sort=False):
    """The (key, value) pairs of a mapping, or of an iterable of pairs."""
    if not isinstance(values, (Iterable, Mapping)):
        raise TypeError(f"{name}.update should be called with an iterable of key/value pairs, but got {type(values).__name__}")
    if isinstance(values, (Mapping, ModuleDict, ParameterDict)):
        return sorted(values.items()) if sort and not isinstance(values, (OrderedDict, ParameterDict)) else list(values.items())
    pairs = []
    name = name.replace("ParametersDict", "ParameterDict")
    for place, pair in enumerate(values):
        if not isinstance(pair, Iterable):
            raise TypeError(f"{name} update sequence element #{place} should be Iterable; is{type(pair).__name__}")
        items = list(pair)
        if len(items) != 2:
            raise ValueError(f"{name} update sequence element #{place} has length {len(items)}; 2 is required")
        pairs.append((items[0], items[1]))
    return pairs


class ModuleDict(Module):
    """A dict of modules by name, in order of insertion. It is no layer itself: its owner calls them.

    >>> heads = wengert.nn.ModuleDict({"mean": wengert.nn.Linear(2, 1)})
    >>> heads["mean"]
    Linear(in_features=2, out_features=1, bias=True)
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key):
        return self._modules[key]

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __delitem__(self, key):
        del self._modules[key]

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key):
        return key in self._modules

    def clear(self):
        """Takes all modules out."""
        self._modules.clear()

    def pop(self, key):
        """Takes out the module of a name and returns it."""
        return self._modules.pop(key)

    def keys(self):
        """The names."""
        return self._modules.keys()

    def items(self):
        """The (name, module) pairs."""
        return self._modules.items()

    def values(self):
        """The modules."""
        return self._modules.values()

    def update(self, modules):
        """Adds the modules of a mapping, or of an iterable of pairs."""
        for key, module in _pairs(modules, "ModuleDict"):
            self[key] = module


def _parameter(value):
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _tensor_line(value, kind):
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    name = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{name} containing: [{kind} of size {'x'.join(map(str, value.shape))}]"


class ParameterList(Module):
    """A list of parameters; tensors that it is given become parameters, and other objects are kept as they are.

    >>> weights = wengert.nn.ParameterList([wengert.ones(2), wengert.zeros(2, 3)])
    >>> weights
    ParameterList(
        (0): Parameter containing: [torch.float32 of size 2]
        (1): Parameter containing: [torch.float32 of size 2x3]
    )
    """

    def __init__(self, values=None):
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __getitem__(self, idx):
        if isinstance(idx, slice):
            return type(self)([self[i] for i in range(*idx.indices(len(self)))])
        return getattr(self, str(_place(idx, len(self))))

    def __setitem__(self, idx, param):
        setattr(self, str(_place(idx, len(self))), _parameter(param))

    def __len__(self):
        return self._size

    def __iter__(self):
        return iter([self[i] for i in range(len(self))])

    def __iadd__(self, parameters):
        return self.extend(parameters)

    def append(self, value):
        """Adds a value behind the others; returns self."""
        self._size += 1
        self[-1] = value
        return self

    def extend(self, values):
        """Adds values behind the others; returns self. TypeError for a tensor and what cannot be iterated over."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self):
        return "\n".join(
            f"  ({place}): {_tensor_line(value, getattr(value, 'dtype', None))}" for place, value in enumerate(self)
        )

    def __call__(self, *args, **kwargs):
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """A dict of parameters by name; tensors that it is given become parameters, and other objects are kept as they are.

    >>> parameters = wengert.nn.ParameterDict({"left": wengert.ones(2)})
    >>> parameters
    ParameterDict(  (left): Parameter containing: [torch.FloatTensor of size 2])
    """

    def __init__(self, parameters=None):
        super().__init__()
        self._keys = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key):
        return getattr(self, self._checked(key))

    def __setitem__(self, key, value):
        self._keys[self._checked(key)] = None
        setattr(self, key, _parameter(value))

    def __delitem__(self, key):
        del self._keys[key]
        delattr(self, key)

    @staticmethod
    def _checked(key):
        if not isinstance(key, str):
            raise TypeError(
                f"Index given to ParameterDict cannot be used as a key as it is not a string (type is '{type(key).__name__}'). Open "
                "an issue on github if you need non-string keys."
            )
        return key

    def __len__(self):
        return len(self._keys)

    def __iter__(self):
        return iter(self._keys)

    def __reversed__(self):
        return reversed(self._keys)

    def __contains__(self, key):
        return key in self._keys

    def copy(self):
        """Another ParameterDict of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def setdefault(self, key, default=None):
        """The value of a name, which default becomes where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self):
        """Takes all values out."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key):
        """Takes out the value of a name and returns it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self):
        """Takes out the last (name, value) pair and returns it."""
        if not self._keys:
            raise KeyError("popitem(): dictionary is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key, default=None):
        """The value of a name, or default where there is none."""
        return self[key] if key in self._keys else default

    def fromkeys(self, keys, default=None):
        """A ParameterDict with default under each of the names."""
        return ParameterDict([(key, default) for key in keys])

    def keys(self):
        """The names."""
        return self._keys.keys()

    def items(self):
        """The (name, value) pairs."""
        return ((key, self[key]) for key in self._keys)

    def values(self):
        """The values."""
        return (self[key] for key in self._keys)

    def update(self, parameters):
        """Adds the values of a mapping, a plain one in the order of its keys, or of an iterable of pairs."""
        for key, value in _pairs(parameters, "ParametersDict", sort=True):
            self[key] = value

    def extra_repr(self):
        return "\n".join(
            f"  ({key}): {_tensor_line(value, value.type() if isinstance(value, Tensor) else None)}"
            for key, value in self.items()
        )

    def __call__(self, input):
        raise RuntimeError("ParameterDict should not be called.")

    def __or__(self, other):
        result = self.copy()
        result.update(other)
        return result

    def __ror__(self, other):
        result = other.copy()
        result.update(self)
        return result

    def __ior__(self, other):
        self.update(other)
        return self
