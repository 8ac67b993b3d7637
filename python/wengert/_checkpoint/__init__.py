"""PyTorch's checkpoint file: a zip archive of one pickle and the storages of its tensors.

``archive`` is the zip, ``writer`` makes the pickle, ``reader`` interprets one, of which it carries out data alone.
"""
