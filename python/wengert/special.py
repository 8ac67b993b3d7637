"""``torch.special``: the mathematical functions under the names that SciPy gave them."""

import wengert as _wengert

# Where the name of the function elsewhere is another.
_NAMES = {
    "expit": "sigmoid",
    "gammaln": "lgamma",
    "psi": "digamma",
    "multigammaln": "mvlgamma",
    "entr": "special_entr",
    "erfcx": "special_erfcx",
    "i0e": "special_i0e",
    "i1": "special_i1",
    "i1e": "special_i1e",
    "log_ndtr": "special_log_ndtr",
    "ndtr": "special_ndtr",
    "ndtri": "special_ndtri",
    "xlog1py": "special_xlog1py",
}
_SAME = [
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expm1",
    "i0",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "polygamma",
    "round",
    "sinc",
    "softmax",
    "xlogy",
]


def __getattr__(name):
    if name not in _NAMES and name not in _SAME:
        import difflib

        near = difflib.get_close_matches(name, __dir__(), 3)
        hint = f"; the nearest it has: {', '.join(near)}" if near else ""
        raise AttributeError(f"wengert.special does not cover {name!r}{hint}", name=name)
    found = getattr(_wengert, _NAMES.get(name, name))
    globals()[name] = found
    return found


def __dir__():
    return sorted(name for name in (*_NAMES, *_SAME) if hasattr(_wengert, _NAMES.get(name, name)))
