"""Modules that hold modules or parameters behave as the lists and dicts that they are named after."""

from collections import OrderedDict

import wengert as torch
from wengert import nn


def test_sequential():
    a, b, c = nn.ReLU(), nn.Tanh(), nn.Sigmoid()
    net = nn.Sequential(a, b)
    assert net.append(c) is net and list(net) == [a, b, c] and len(net) == 3
    assert net[-1] is c and list(net[1:]) == [b, c] and list(net[1:]._modules) == ["1", "2"]
    del net[0]
    assert list(net._modules) == ["0", "1"] and net.pop(0) is b
    net.insert(0, a).insert(-1, b)
    assert list(net) == [a, b, c]
    net[1] = a
    assert list(net) == [a, a, c]
    assert list(net + nn.Sequential(b)) == [a, a, c, b] and list(nn.Sequential(a, b) * 2) == [a, b, a, b]
    net *= 2
    assert len(net) == 6
    net += nn.Sequential(b)
    assert len(net) == 7 and len(net.extend([a, b])) == 9
    named = nn.Sequential(OrderedDict(first=a, second=b))
    assert named.second is b and named[0] is a and list(named[:1]._modules) == ["first"]
    del named[0:1]
    assert list(named) == [b]


def test_module_list():
    modules = [nn.ReLU(), nn.Tanh(), nn.Sigmoid()]
    row = nn.ModuleList(modules[:1])
    row += modules[1:2]
    row.append(modules[2])
    assert list(row) == modules and row[-1] is modules[2] and list(row[::2]) == modules[::2]
    row.insert(1, modules[2])
    assert [type(m).__name__ for m in row] == ["ReLU", "Sigmoid", "Tanh", "Sigmoid"]
    del row[1:3]
    assert list(row._modules) == ["0", "1"] and len(row + modules) == 5
    row[0] = modules[1]
    assert row.pop(0) is modules[1] and len(row) == 1
    row.extend(row)
    assert len(row) == 2


def test_module_dict():
    a, b = nn.ReLU(), nn.Tanh()
    heads = nn.ModuleDict([("b", b), ("a", a)])
    assert list(heads) == ["b", "a"] and "a" in heads and list(heads.values()) == [b, a] and len(heads) == 2
    heads["c"] = a
    assert heads.pop("b") is b and list(heads.keys()) == ["a", "c"] and dict(heads.items())["c"] is a
    del heads["c"]
    heads.update({"x": b})
    assert list(heads) == ["a", "x"]
    heads.clear()
    assert len(heads) == 0


def test_parameter_list():
    row = nn.ParameterList([torch.ones(1), 5])
    assert isinstance(row[0], nn.Parameter) and row[1] == 5 and len(row) == 2
    row += [torch.zeros(2)]
    row[1] = torch.ones(3)
    assert [tuple(p.shape) for p in row] == [(1,), (3,), (2,)] and list(row.state_dict()) == ["0", "2", "1"]
    assert isinstance(row[1:], nn.ParameterList) and len(row[1:]) == 2
    assert len(nn.ParameterList(row.append(torch.ones(1)))) == 4


def test_parameter_dict():
    values = nn.ParameterDict({"b": torch.ones(1), "a": torch.zeros(2)})
    assert list(values) == ["a", "b"] and isinstance(values["a"], nn.Parameter)
    values["c"] = 5
    assert values.get("c") == 5 and values.get("d") is None and values.setdefault("d", 7) == 7
    assert [n for n, _ in values.named_parameters()] == ["a", "b"] and list(reversed(values)) == ["d", "c", "b", "a"]
    assert values.popitem() == ("d", 7) and values.pop("c") == 5 and "c" not in values
    both = values | nn.ParameterDict({"e": torch.ones(3)})
    assert list(both) == ["a", "b", "e"] and list(values) == ["a", "b"] and both["a"] is values["a"]
    values |= {"z": torch.ones(1)}
    assert list(values.keys()) == ["a", "b", "z"] and len(list(values.items())) == 3 and len(list(values.values())) == 3
    assert list(values.fromkeys(["x", "y"], 1)) == ["x", "y"]
    copied = values.copy()
    del copied["z"]
    assert "z" in values
    values.clear()
    assert len(values) == 0
