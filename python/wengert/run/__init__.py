"""``python -m wengert run script.py`` and ``python -m wengert compat script.py``: programs that were written for PyTorch.

``names`` says which name of PyTorch is which of wengert's, ``finder`` makes ``import torch`` import wengert, ``program`` runs a
script, ``compat`` lists the names that one uses.
"""
