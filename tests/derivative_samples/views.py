"""Calls of the operators of wengert.autograd.derivatives.views."""

import wengert

from . import call, samples


@samples("view")
def _(make):
    yield call(make(2, 3, 4), (6, 4))
    yield call(make(2, 3, 4), (2, -1))
    yield call(make(4, 3).t()[:, :2], (3, 2, 1))
    yield call(make(1), ())
    yield call(make(), (1, 1))
    yield call(make(0, 3), (3, 0, 2))


@samples("reshape")
def _(make):
    yield call(make(2, 3, 4), (6, 4))
    yield call(make(2, 3, 4).transpose(0, 2), (6, 4))
    yield call(make(3).expand(2, 3), (6,))
    yield call(make(), (1,))
    yield call(make(2, 0), (0, 5))


@samples("t", "t_copy")
def _(make):
    yield call(make(2, 3))
    yield call(make(3))
    yield call(make())
    yield call(make(0, 3))


@samples("T", "mT", "mH")
def _(make):
    yield call(make(2, 3))
    yield call(make(2, 3, 4).transpose(0, 1))


@samples("H")
def _(make):
    yield call(make(2, 3))
    yield call(make(3).expand(2, 3))


@samples("adjoint")
def _(make):
    yield call(make(2, 3))
    yield call(make(2, 3, 4))


@samples("transpose", "transpose_copy")
def _(make):
    yield call(make(2, 3, 4), 0, 2)
    yield call(make(2, 3, 4), -1, 1)
    yield call(make(), 0, 0)


@samples("permute", "permute_copy")
def _(make):
    yield call(make(2, 3, 4), (2, 0, 1))
    yield call(make(2, 3, 4), (-2, -1, 0))
    yield call(make(), ())


@samples("unsqueeze", "unsqueeze_copy")
def _(make):
    yield call(make(2, 3), 0)
    yield call(make(2, 3), -1)
    yield call(make(2, 3).t(), 1)
    yield call(make(), 0)


@samples("squeeze", "squeeze_copy")
def _(make):
    yield call(make(1, 3, 1))
    yield call(make(1, 3, 1), 0)
    yield call(make(1, 3, 1), 1)
    yield call(make(1, 3, 1), (0, -1))
    yield call(make(3, 1).expand(3, 1))
    yield call(make())


@samples("flatten")
def _(make):
    yield call(make(2, 3, 4))
    yield call(make(2, 3, 4), 1)
    yield call(make(2, 3, 4).transpose(0, 1), 0, 1)
    yield call(make())


@samples("ravel")
def _(make):
    yield call(make(2, 3))
    yield call(make(2, 3).t())
    yield call(make())


@samples("unflatten")
def _(make):
    yield call(make(2, 6), 1, (2, -1))
    yield call(make(6, 2).t(), -1, (2, 3))


@samples("view_as", "reshape_as")
def _(make):
    yield call(make(2, 3), wengert.zeros(6))
    yield call(make(2, 3), make(3, 2, grad=False))


@samples("expand", "expand_copy")
def _(make):
    yield call(make(3), (2, 3))
    yield call(make(2, 1, 3), (4, 2, 5, 3))
    yield call(make(2, 1), (-1, 4))
    yield call(make(), (2, 2))
    yield call(make(1, 3), (0, 3))


@samples("broadcast_to")
def _(make):
    yield call(make(2, 1), (3, 2, 4))


@samples("expand_as")
def _(make):
    yield call(make(2, 1), wengert.zeros(3, 2, 4))


@samples("movedim")
def _(make):
    yield call(make(2, 3, 4), 0, 2)
    yield call(make(2, 3, 4), -1, 0)


@samples("movedim.dims")
def _(make):
    yield call(make(2, 3, 4), (0, 1), (1, 2))
    yield call(make(2, 3, 4), (-1, 0), (0, 1))


@samples("select", "select_copy")
def _(make):
    yield call(make(2, 3, 4), 1, 0)
    yield call(make(2, 3), -1, -1)
    yield call(make(3), 0, 1)


@samples("narrow")
def _(make):
    yield call(make(2, 5), 1, 1, 3)
    yield call(make(5, 2).t(), -1, -2, 2)
    yield call(make(3), 0, 1, 0)


@samples("narrow_copy")
def _(make):
    yield call(make(2, 5), 1, 1, 3)
    yield call(make(5, 2).t(), -1, 2, 2)


@samples("narrow.tensor")
def _(make):
    yield call(make(2, 5), 1, wengert.tensor(1), 3)


@samples("diagonal", "diagonal_copy")
def _(make):
    yield call(make(3, 4))
    yield call(make(3, 4), 1)
    yield call(make(2, 3, 4), -1, -1, 0)
    yield call(make(2, 2), 2)


@samples("unfold", "unfold_copy")
def _(make):
    yield call(make(7), 0, 3, 2)
    yield call(make(2, 7, 3), 1, 3, 1)
    yield call(make(5, 7), -1, 2, 3)
    yield call(make(3, 2).t(), 0, 2, 1)
    yield call(make(), 0, 1, 1)


@samples("as_strided", "as_strided_copy")
def _(make):
    yield call(make(3, 4), (2, 2), (4, 1), 1)
    yield call(make(3, 4), (3, 3), (1, 1))  # overlapping result
    yield call(make(3, 4).t(), (5,), (2,), 1)
    yield call(make(3).expand(2, 3), (2, 2), (1, 1))  # overlapping input
    yield call(make(12).as_strided((3, 3), (1, 2), 1), (2, 4), (0, 2), 1)
    yield call(make(5)[::2], (2,), (2,), 2)
    yield call(make(3), (), (), 1)
    yield call(make(3), (0, 2), (1, 1))


@samples("split", "split.method", "unsafe_split", "chunk")
def _(make):
    yield call(make(5, 2), 2)
    yield call(make(2, 5), 3, 1)
    yield call(make(5, 2).t(), 2, -1)
    yield call(make(4), 4)


@samples("split.sizes", "split.method_sizes", "split_with_sizes", "split_with_sizes_copy")
def _(make):
    yield call(make(5, 2), (2, 0, 3))
    yield call(make(2, 5), (4, 1), -1)


@samples("tensor_split")
def _(make):
    yield call(make(5, 2), 2)
    yield call(make(2, 5), 7, 1)


@samples("tensor_split.indices")
def _(make):
    yield call(make(5, 2), (1, 3))
    yield call(make(2, 5), (3, 1), 1)  # out of order: the last part overlaps the first
    yield call(make(5), (-4, -1, 9))


@samples("tensor_split.tensor")
def _(make):
    yield call(make(5, 2), wengert.tensor(2))
    yield call(make(2, 5), wengert.tensor([3, 1]), -1)


@samples("hsplit")
def _(make):
    yield call(make(4), 2)
    yield call(make(3, 4), 2)


@samples("hsplit.indices")
def _(make):
    yield call(make(4), (1, 3))
    yield call(make(3, 4), (3, 1))


@samples("vsplit")
def _(make):
    yield call(make(4, 3), 2)


@samples("vsplit.indices")
def _(make):
    yield call(make(4, 3), (1, 3))


@samples("dsplit")
def _(make):
    yield call(make(2, 2, 4), 2)


@samples("dsplit.indices")
def _(make):
    yield call(make(2, 2, 4), (1, 3))


@samples("unbind", "unbind_copy")
def _(make):
    yield call(make(3, 2))
    yield call(make(2, 3).t(), -1)
    yield call(make(2))
