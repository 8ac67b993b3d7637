"""wengert.save and wengert.load: tensors and plain data in files that no program runs from.

The suffix of the name chooses the format: ``.safetensors`` and ``.npz`` for dicts of tensors, PyTorch's zip archive for anything
else. Both libraries read the archives that the other writes. Loading looks at the content, not at the name.
"""

import contextlib
import io
import itertools
import os
import pickle
import stat
import struct

from . import _C
from ._checkpoint import archive
from ._tensor import Tensor

__all__ = ["load", "save"]

_FOLDER = "archive"
_VERSION = b"3\n"  # of PyTorch's archives
_MAX_HEADER = 100 << 20  # safetensors' own limit for its table
_counter = itertools.count()


def save(obj, f, pickle_module=None, pickle_protocol=2, _use_new_zipfile_serialization=True):
    """Writes obj to f, the name of a file or a binary file object.

    obj: tensors and parameters, numbers, strings, bytes, None, lists, tuples, dicts, sets, OrderedDict, Counter, Size, dtypes,
    NumPy's arrays of numbers; anything else, a module among it, is a PicklingError that says where in obj it stands. Memory that tensors share is stored
    once and shared again by load; of a larger tensor, a view stores the part that it shows.

    A file is written under another name in the same folder and then renamed: whoever reads f, also after a crash, sees the old
    content or the new. A name that ends in ``.safetensors`` (needs ``pip install 'wengert[safetensors]'``) or ``.npz`` chooses
    that format, for a dict from strings to tensors.

    >>> import io
    >>> file = io.BytesIO()
    >>> wengert.save({"weight": wengert.ones(2), "epoch": 3}, file)
    >>> wengert.load(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if pickle_module not in (None, pickle):
        raise ValueError("save: pickle_module cannot be chosen, the file's pickle is written without one")
    if not _use_new_zipfile_serialization:
        raise ValueError("save: the format of before PyTorch 1.6 (_use_new_zipfile_serialization=False) is not written")
    if hasattr(f, "write"):
        _write_checkpoint(obj, f)
        return
    path = os.fsdecode(f)
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    write = {".safetensors": _write_safetensors, ".npz": _write_npz}.get(_suffix(path), _write_checkpoint)
    _replace(path, lambda file: write(obj, file))


def load(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args):
    """What a file holds: one of :func:`save`, of ``torch.save`` (since PyTorch 1.6), of safetensors or of ``numpy.savez``.

    No code of a file runs. A file that names anything but tensors and plain data is an UnpicklingError with that name, also for
    ``weights_only=False``, which otherwise changes nothing. A damaged file is a RuntimeError or UnpicklingError that says what is
    wrong, and takes no more memory than the file's size.

    Args:
        f: name of a file, or a binary file object that can seek.
        map_location: "cpu", a device, a dict from the locations in the file to these, or a function of (storage, location) that
            returns the storage; without it a tensor that was not saved on the CPU is a RuntimeError.
        mmap: the tensors' memory is the file's, read when it is used; what is written to it is private. f has to be a name.

    >>> import io
    >>> file = io.BytesIO()
    >>> shared = wengert.zeros(3)
    >>> wengert.save([shared, shared[1:]], file)
    >>> a, b = wengert.load(io.BytesIO(file.getvalue()))
    >>> b[0] = 7
    >>> a
    tensor([0., 7., 0.])
    """
    if pickle_module is not None:
        raise ValueError("load: pickle_module cannot be chosen, no code of the file runs")
    if unknown := set(pickle_load_args) - {"encoding", "errors", "fix_imports"}:
        raise TypeError(f"load() got an unexpected keyword argument {min(unknown)!r}")
    if hasattr(f, "read"):
        if mmap:
            raise ValueError("f must be a file path in order to use the mmap argument")
        if not hasattr(f, "seek") or not hasattr(f, "tell"):
            raise AttributeError("You can only load from a file that is seekable: read it into an io.BytesIO and load that")
        return _read(f, getattr(f, "name", None) or type(f).__name__, map_location, False)
    path = os.fsdecode(f)
    with open(path, "rb") as file:
        return _read(file, path, map_location, bool(mmap))


# ---- reading


def _read(file, name, map_location, mapped):
    start = file.tell()
    head = file.read(16)
    file.seek(start)
    if not head:
        raise EOFError(f"{name}: Ran out of input, the file is empty")
    if head[:2] == b"PK":
        records = archive.Archive(file, name)
        if any(each.endswith("data.pkl") and each.count("/") <= 1 for each in records.records):
            return _read_checkpoint(records, map_location, mapped)
        if all(each.endswith(".npy") for each in records.records):
            return _read_npz(records)
        raise RuntimeError(f"{name}: a zip archive with neither a checkpoint's data.pkl nor NumPy's .npy records")
    if len(head) >= 9 and head[8:9] == b"{":
        return _read_safetensors(file, name)
    if head[:1] == b"\x80" or head[257:262] == b"ustar":
        raise RuntimeError(
            f"{name}: a pickle of before PyTorch 1.6 or of another program, which wengert does not read; "
            "torch.save(torch.load(name), name) turns it into a zip archive"
        )
    raise RuntimeError(f"{name}: neither a checkpoint, nor safetensors, nor .npz; it begins with {head[:8]!r}")


def _read_checkpoint(records, map_location, mapped):
    from ._checkpoint.reader import Reader

    pickles = [each for each in records.records if each.endswith("data.pkl")]
    folder = pickles[0].removesuffix("data.pkl")
    if len(pickles) != 1:
        raise records.error(f"{len(pickles)} pickles where one is expected")
    if f"{folder}constants.pkl" in records.records:
        raise records.error("a TorchScript archive, which holds programs; wengert does not read these")
    order = records.read(f"{folder}byteorder") if f"{folder}byteorder" in records.records else b"little"
    if order not in (b"little", b"big"):
        raise records.error(f"Unknown endianness type: {order[:16]!r}")
    place = _placement(map_location)
    memory = _map(records) if mapped else None

    def open_storage(key, location, nbytes):
        record = f"{folder}data/{key}"
        offset, size = records.where(record)
        if size < nbytes:
            raise records.error(f"the storage {key} of {nbytes} bytes has {size}")

        def load(dtype):
            if memory is not None and order == b"little" and offset % dtype.itemsize == 0:
                from ._creation import frombuffer

                elements = frombuffer(memory, dtype=dtype, count=nbytes // dtype.itemsize, offset=offset)
            else:
                raw = _C.functions["empty"](size, dtype=_C.uint8)
                records.read_into(record, memoryview(raw))
                elements = raw[:nbytes].view(dtype)
                if order == b"big" and dtype.itemsize > 1:
                    elements.numpy().byteswap(inplace=True)
            return place(elements, location)

        return load

    return Reader(records.read(pickles[0]), open_storage).load()


def _map(records):
    import mmap

    return mmap.mmap(records.file.fileno(), 0, access=mmap.ACCESS_COPY)


def _placement(map_location):
    """place(elements, location) -> elements, for what map_location says; RuntimeError where that is not the CPU."""

    def checked(location):
        if str(location).partition(":")[0] != "cpu":
            raise RuntimeError(f"wengert computes on the CPU only; map_location to {str(location)!r} is not possible")

    if isinstance(map_location, (str, _C.device)):
        checked(map_location)

    def place(elements, location):
        if isinstance(map_location, dict):
            location = map_location.get(location, location)
        elif callable(map_location):
            placed = map_location(elements, location)
            if placed is not None:
                return placed
        elif map_location is not None:
            return elements
        if location.partition(":")[0] != "cpu":
            raise RuntimeError(
                f"Attempting to deserialize object on device {location!r}, and wengert computes on the CPU only. Please use "
                "load with map_location=wengert.device('cpu') to map your storages to the CPU."
            )
        return elements

    return place


def _read_safetensors(file, name):
    safetensors = _safetensors()
    data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(len(data) - 8, _MAX_HEADER):
        raise RuntimeError(f"{name}: the table of a safetensors file of {len(data)} bytes claims {length}: the file is damaged")
    try:
        entries = safetensors.deserialize(data)
    except safetensors.SafetensorError as error:
        raise RuntimeError(f"{name}: {error}") from None
    result = {}
    for key, entry in entries:
        dtype = getattr(_C, _SAFETENSORS_DTYPES.get(entry["dtype"], ""), None)
        if dtype is None:
            raise RuntimeError(f"{name}: the tensor {key!r} is {entry['dtype']}, a dtype that wengert does not cover")
        result[key] = _of_bytes(entry["data"], dtype, entry["shape"])
    return result


def _of_bytes(data, dtype, shape):
    from ._creation import frombuffer

    if 0 in shape:
        return _C.functions["empty"](tuple(shape), dtype=dtype)
    return frombuffer(data if isinstance(data, bytearray) else bytearray(data), dtype=dtype).view(tuple(shape))


def _read_npz(records):
    import numpy.lib.format as npy

    result = {}
    for name, info in records.records.items():
        if info.file_size > 1040 * info.compress_size + 1024:  # deflate's best is 1032 to 1
            raise records.error(f"the record {name!r} claims {info.file_size} bytes out of {info.compress_size}")
        try:
            with records.zip.open(name) as file:
                version = npy.read_magic(file)
                read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape, _, dtype = read_header(file)
                if dtype.hasobject:
                    raise ValueError("it holds Python objects, which are not loaded")
                bytes_claimed = dtype.itemsize
                for n in shape:
                    bytes_claimed *= n
                if min(shape, default=0) < 0 or file.tell() + bytes_claimed != info.file_size:
                    raise ValueError(f"its shape {shape} needs {bytes_claimed} bytes, the record has {info.file_size}")
            with records.zip.open(name) as file:
                array = npy.read_array(file, allow_pickle=False)
            result[name.removesuffix(".npy")] = _C.from_numpy(array)
        except (ValueError, TypeError, EOFError, NotImplementedError, OSError, *_zip_errors()) as error:
            raise records.error(f"the record {name!r} is damaged or no tensor: {error}") from None
    return result


def _zip_errors():
    import zipfile
    import zlib

    return zipfile.BadZipFile, zlib.error


# ---- writing


def _write_checkpoint(obj, file):
    from ._checkpoint.writer import Writer

    writer = Writer()
    pickled = writer.dump(obj)
    records = [("data.pkl", pickled), (".format_version", b"1"), (".storage_alignment", b"64"), ("byteorder", b"little")]
    storages = [(f"data/{key}", buffer) for key, buffer in writer.storages()]
    archive.write(file, [(f"{_FOLDER}/{name}", [buffer]) for name, buffer in (*records, *storages, ("version", _VERSION))])


def _tensors(obj, kind):
    """obj's items with detached, contiguous tensors; TypeError for anything but a dict from strings to tensors."""
    if not isinstance(obj, dict):
        raise TypeError(f"save: {kind} holds a dict of tensors, got {type(obj).__name__}")
    for key, value in obj.items():
        if type(key) is not str or not isinstance(value, Tensor):
            raise TypeError(f"save: {kind} holds tensors by names that are strings, got {key!r}: {type(value).__name__}")
        yield key, value.detach().contiguous()


def _write_npz(obj, file):
    import numpy.lib.format as npy

    def records():
        for key, tensor in _tensors(obj, ".npz"):
            array, head = tensor.numpy(), io.BytesIO()
            npy.write_array_header_1_0(head, npy.header_data_from_array_1_0(array))
            yield f"{key}.npy", [head.getbuffer(), memoryview(tensor).cast("B") if tensor.numel() else b""]

    archive.write(file, records())


def _write_safetensors(obj, file):
    _safetensors()
    from safetensors.numpy import save as to_bytes

    file.write(to_bytes({key: tensor.numpy() for key, tensor in _tensors(obj, ".safetensors")}))


# safetensors' names
_SAFETENSORS_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
}


def _safetensors():
    try:
        import safetensors
    except ImportError:
        raise ImportError("a .safetensors file needs the package safetensors: pip install 'wengert[safetensors]'") from None
    return safetensors


def _suffix(path):
    return os.path.splitext(path)[1].lower()


def _replace(path, write):
    """Calls write(file) on a new file beside path, which then takes its place. What is no regular file is written in place."""
    target = os.path.realpath(path)  # a symbolic link stays one
    mode = None
    if os.path.exists(target):
        mode = os.stat(target).st_mode
        if not stat.S_ISREG(mode):
            with open(target, "wb") as file:
                write(file)
            return
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name[:200]}.{os.getpid()}.{next(_counter)}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
    _sync_folder(folder or ".")


def _sync_folder(folder):
    """Makes the renaming last; systems that cannot open folders do so themselves."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
