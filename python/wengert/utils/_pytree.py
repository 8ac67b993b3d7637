"""Nested containers as a flat list of leaves and a `Spec` that puts one back together.

Containers are dicts (OrderedDict and defaultdict too), lists and tuples (named ones too); anything else is a leaf, None included.

    leaves, spec = flatten({"w": w, "b": [b1, b2]})      # [w, b1, b2]
    spec.unflatten(leaves)                               # {"w": w, "b": [b1, b2]}
"""

from collections import OrderedDict, defaultdict

_DICTS = (dict, OrderedDict, defaultdict)


class Spec:
    """The shape of a tree: its container's type (None: a leaf), a dict's keys and default, and the specs of its items."""

    __slots__ = ("children", "default", "keys", "kind")

    def __init__(self, kind=None, children=(), keys=None, default=None):
        self.kind, self.children, self.keys, self.default = kind, children, keys, default

    @property
    def is_leaf(self):
        return self.kind is None

    def __repr__(self):
        if self.is_leaf:
            return "*"
        items = [repr(child) for child in self.children]
        if self.keys is not None:
            items = [f"{key!r}: {item}" for key, item in zip(self.keys, items, strict=True)]
        opened, closed = ("[", "]") if self.kind is list else ("(", ")") if self.keys is None else ("{", "}")
        comma = "," if self.kind is tuple and len(items) == 1 else ""
        name = "" if self.kind in (dict, list, tuple) else self.kind.__name__
        return name + opened + ", ".join(items) + comma + closed

    def unflatten(self, leaves):
        """The tree with these leaves, an iterable with as many as the spec has."""
        return self._build(iter(leaves))

    def _build(self, leaves):
        if self.is_leaf:
            return next(leaves)
        items = [child._build(leaves) for child in self.children]
        if self.keys is not None:
            pairs = zip(self.keys, items, strict=True)
            return defaultdict(self.default, pairs) if self.kind is defaultdict else self.kind(pairs)
        return self.kind(*items) if hasattr(self.kind, "_fields") else self.kind(items)

    def flatten_like(self, tree):
        """The leaves of a tree of this shape, in this spec's order of keys; ValueError for a tree of another shape."""
        leaves: list = []
        if not self._gather(tree, leaves):
            raise ValueError(f"expected the structure {self!r}, got {flatten(tree)[1]!r}")
        return leaves

    def _gather(self, tree, leaves):
        if self.is_leaf:
            leaves.append(tree)
            return not _is_container(tree)
        if type(tree) is not self.kind or len(tree) != len(self.children):
            return False
        if self.keys is None:
            items = tree
        elif all(key in tree for key in self.keys):
            items = [tree[key] for key in self.keys]
        else:
            return False
        return all(child._gather(item, leaves) for child, item in zip(self.children, items, strict=True))


_LEAF = Spec()


def _is_container(tree):
    return isinstance(tree, tuple) or type(tree) is list or type(tree) in _DICTS


def flatten(tree):
    """(leaves, spec) of a tree."""
    leaves: list = []
    return leaves, _flatten(tree, leaves)


def _flatten(tree, leaves):
    if not _is_container(tree):
        leaves.append(tree)
        return _LEAF
    if type(tree) in _DICTS:
        children = [_flatten(item, leaves) for item in tree.values()]
        return Spec(type(tree), children, list(tree), getattr(tree, "default_factory", None))
    return Spec(type(tree), [_flatten(item, leaves) for item in tree])


def tree_map(function, tree):
    """The tree with function applied to each leaf."""
    leaves, spec = flatten(tree)
    return spec.unflatten([function(leaf) for leaf in leaves])
