"""wengert.save and load: what travels, what is refused, and files that are damaged or hostile."""

import collections
import contextlib
import importlib
import io
import os
import pathlib
import pickle
import random
import resource
import struct
import zipfile

import numpy as np
import pytest

import wengert as torch
from wengert._checkpoint import archive

DTYPES = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64]
DTYPES += [torch.float32, torch.float64]


def plain():
    return {
        "numbers": [0, 255, 256, -1, 2**31, -(2**63), 2**2100, 2.5, float("inf"), True, None, 1 + 2j],
        "text": ["", "ü", "x" * 300, b"\x00\xff", bytearray(b"ab")],
        "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        "sets": [{1, 2}, frozenset([3])],
        "counter": collections.Counter("aab"),
        "torch": [torch.Size((2, 3)), torch.float32, torch.bool, torch.device("cpu")],
        3: {"nested": [[], {}, collections.OrderedDict(b=1, a=2)]},
    }


def dumped(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def loaded(data, **options):
    return torch.load(io.BytesIO(data), **options)


def around(value):
    return loaded(dumped(value))


# ---- what travels


def test_plain_data():
    before, after = plain(), around(plain())
    assert after == before and list(after) == list(before)
    assert type(after[3]["nested"][2]) is collections.OrderedDict and type(after["counter"]) is collections.Counter
    assert type(after["torch"][0]) is torch.Size and isinstance(after["text"][4], bytearray)
    assert around(np.float32(2.5)) == 2.5 and around([np.int64(3)]) == [3]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensors_of_every_dtype(dtype):
    tensor = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(dtype)
    for each in (tensor, tensor.t(), tensor[1:, ::2], tensor[0, 0], tensor[:0], tensor.expand(2, 2, 3), tensor.flip(0)):
        result = around(each)
        assert result.dtype == dtype and result.shape == each.shape and result.tolist() == each.tolist()
        assert result.stride() == each.stride()


def test_negative_strides_are_stored_in_order():
    result = around(torch.arange(4)[::-1])
    assert result.tolist() == [3, 2, 1, 0] and result.stride() == (1,)


def test_objects_and_memory_are_shared_as_before():
    base, words = torch.zeros(4), ["a"]
    a, b, c, d, e = around([base, base[1:3], base.view(2, 2), words, words])
    b.fill_(1)
    assert a.tolist() == [0, 1, 1, 0] and c.tolist() == [[0, 1], [1, 0]] and d is e
    again = around({"x": base, "y": base})
    assert again["x"] is again["y"]
    recursive = []
    recursive.append(recursive)
    result = around(recursive)
    assert result[0] is result


def test_a_view_stores_what_it_shows():
    data = dumped(torch.zeros(1 << 20)[1000:1010])
    assert len(data) < 4000 and loaded(data).tolist() == [0] * 10


def test_gradients_and_metadata():
    state = collections.OrderedDict(weight=torch.ones(2, requires_grad=True))
    state._metadata = collections.OrderedDict([("", {"version": 1})])
    result = around(state)
    assert result["weight"].requires_grad and result["weight"].is_leaf and result._metadata == state._metadata
    assert not around(state["weight"] * 2).requires_grad or around(state["weight"] * 2).is_leaf


def test_the_same_data_makes_the_same_bytes():
    assert dumped(plain()) == dumped(plain())


def test_records_lie_at_multiples_of_64_bytes():
    data = dumped([torch.ones(n) for n in range(1, 30)])
    records = archive.Archive(io.BytesIO(data), "data")
    assert all(records.where(name)[0] % 64 == 0 for name in records.records)
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


def test_more_records_than_the_short_count_holds():
    file = io.BytesIO()
    archive.write(file, ((f"a/{i}", [b"x"]) for i in range(1 << 16)))
    assert len(zipfile.ZipFile(file).namelist()) == 1 << 16 and zipfile.ZipFile(file).read("a/65535") == b"x"


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "<i4", ">i4", "f4", ">f8"])
def test_arrays_of_numpy(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    for each in (array, array.T, array[:, 1:], array[:0], np.asarray(array[0, 0])):
        result, again = around([each, each])
        assert (
            result is again
            and result.dtype == each.dtype.newbyteorder("=")
            and result.tolist() == each.tolist()
            and result.flags.writeable
        )
        for protocol in (2, 3, 4, 5):  # as NumPy pickles itself; what goes out of band in protocol 5 stays in
            theirs = loaded(archive_of(pickle.dumps({"b": b"", "a": each, "s": array[1, 2]}, protocol)))
            assert theirs["a"].tolist() == each.tolist() and theirs["s"] == array[1, 2]


# ---- files


def test_paths_and_file_objects(tmp_path):
    for name in (tmp_path / "a.pt", str(tmp_path / "b"), os.fsencode(tmp_path / "c.bin")):
        torch.save({"x": torch.arange(3)}, name)
        assert torch.load(name)["x"].tolist() == [0, 1, 2]
        with open(name, "rb") as file:
            assert torch.load(file, map_location="cpu", weights_only=True)["x"].tolist() == [0, 1, 2]

    class Pipe:
        """Writes only: a socket, a compressing stream."""

        def __init__(self):
            self.data = b""

        def write(self, data):
            self.data += bytes(data)

    pipe = Pipe()
    torch.save(5, pipe)
    assert loaded(pipe.data) == 5
    with pytest.raises(RuntimeError, match=r"Parent directory .*absent does not exist"):
        torch.save(1, tmp_path / "absent" / "a.pt")
    with pytest.raises(FileNotFoundError):
        torch.load(tmp_path / "none")


def test_writing_is_atomic(tmp_path):
    path = tmp_path / "a.pt"
    torch.save("old", path)
    path.chmod(0o640)
    link = tmp_path / "link.pt"
    link.symlink_to("a.pt")
    with pytest.raises(pickle.PicklingError):
        torch.save({"x": torch.ones(3), "y": object()}, path)
    assert torch.load(path) == "old"
    torch.save("new", link)
    assert torch.load(path) == "new" and link.is_symlink() and path.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.pt", "link.pt"]
    torch.save(1, "/dev/null")
    assert not pathlib.Path("/dev/null").is_file()


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.pt"
    torch.save("old", path)

    def full(file, records):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "write", full)
    with pytest.raises(OSError, match="No space left"):
        torch.save("new", path)
    assert torch.load(path) == "old" and len(list(tmp_path.iterdir())) == 1


def test_mmap(tmp_path):
    path = tmp_path / "a.pt"
    torch.save({"x": torch.arange(1000.0), "e": torch.zeros(0)}, path)
    result = torch.load(path, mmap=True)
    result["x"][0] = 5  # private
    assert result["x"][:2].tolist() == [5, 1] and torch.load(path)["x"][0] == 0 and result["e"].numel() == 0
    with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
        torch.load(io.BytesIO(path.read_bytes()), mmap=True)


def with_location(location):
    data = dumped(torch.ones(2))
    return data.replace(b"X\3\0\0\0cpu", b"X\6\0\0\0" + location) if len(location) == 6 else data


def rewritten(edit):
    """A checkpoint of one tensor of two float32 with another pickle."""
    records = zipfile.ZipFile(io.BytesIO(dumped(torch.ones(2))))
    file = io.BytesIO()
    archive.write(
        file,
        [
            (name, [edit(records.read(name)) if name.endswith("data.pkl") else records.read(name)])
            for name in records.namelist()
        ],
    )
    return file.getvalue()


def test_map_location():
    data = rewritten(lambda pickled: pickled.replace(b"X\3\0\0\0cpu", b"X\6\0\0\0cuda:0"))
    with pytest.raises(RuntimeError, match=r"Attempting to deserialize object on device 'cuda:0'.*map_location"):
        loaded(data)
    seen = []
    for place in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: seen.append(location) or storage):
        assert loaded(data, map_location=place).tolist() == [1, 1]
    assert seen == ["cuda:0"]
    for place in ("cuda", {"cuda:0": "cuda:1"}, lambda storage, location: None):
        with pytest.raises(RuntimeError, match="CPU only"):
            loaded(data, map_location=place)


# ---- other formats


def test_npz(tmp_path):
    state = {
        "w": torch.arange(6.0).view(2, 3).t(),
        "layer.bias": torch.tensor([True]),
        "n": torch.tensor(3),
        "e": torch.zeros(0, 2),
    }
    torch.save(state, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        assert {name: arrays[name].tolist() for name in arrays} == {name: t.tolist() for name, t in state.items()}
    assert {name: t.tolist() for name, t in torch.load(tmp_path / "a.npz").items()} == {n: t.tolist() for n, t in state.items()}
    np.savez_compressed(tmp_path / "b.npz", x=np.asfortranarray(np.ones((100, 100))))
    assert torch.load(tmp_path / "b.npz")["x"].sum() == 10000
    np.savez(tmp_path / "c.npz", o=np.array([object()]))
    with pytest.raises(RuntimeError, match=r"'o.npy' is damaged or no tensor: it holds Python objects"):
        torch.load(tmp_path / "c.npz")
    for wrong in ([1], {1: torch.ones(1)}, {"x": 2}):
        with pytest.raises(TypeError, match=r".npz holds"):
            torch.save(wrong, tmp_path / "d.npz")


def test_npz_that_claims_too_much(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", head.getvalue())
    with pytest.raises(RuntimeError, match=r"shape \(1099511627776,\) needs 8796093022208 bytes"):
        torch.load(path)


def test_safetensors(tmp_path):
    pytest.importorskip("safetensors", reason="the package safetensors is not installed")
    state = {str(dtype): torch.tensor([[1, 0], [2, 3]]).to(dtype).t() for dtype in DTYPES} | {"e": torch.zeros(0, 2)}
    path = tmp_path / "a.safetensors"
    torch.save(state, path)
    result = torch.load(path)
    assert {n: (t.dtype, t.tolist()) for n, t in result.items()} == {n: (t.dtype, t.tolist()) for n, t in state.items()}
    result["e"] = result[str(torch.float32)].add_(1)
    assert torch.load(io.BytesIO(path.read_bytes())).keys() == state.keys()
    data = path.read_bytes()
    for damaged in (data[:100], struct.pack("<Q", 1 << 60) + data[8:], data[:-1], data.replace(b'"F32"', b'"F99"')):
        with pytest.raises(RuntimeError):
            loaded(damaged)
    half = b'{"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}'
    with pytest.raises(RuntimeError, match="'x' is F8_E4M3, a dtype that wengert does not cover"):
        loaded(struct.pack("<Q", len(half)) + half + b"\0")


def test_safetensors_is_an_extra(python):
    script = """
import sys, wengert
sys.modules["safetensors"] = None
try:
    wengert.save({}, "x.safetensors")
except ImportError as error:
    print(error)
"""
    assert "pip install 'wengert[safetensors]'" in python(script)


# ---- what is refused


class Own:
    pass


class Registered:
    def state_dict(self):
        return {}


@pytest.mark.parametrize(
    "value, message",
    [
        ({"a": [1, Own()]}, r"cannot save obj\['a'\]\[1\], a test_serialization.Own: files hold tensors"),
        (Registered(), r"save its state_dict\(\)"),
        (np.array([object()]), "cannot save obj, a numpy.ndarray"),
        (collections.defaultdict(list), r"dict\(...\) of it can be saved"),
        (lambda: 0, "a builtins.function"),
        (int, "a builtins.type"),
        (collections.namedtuple("pair", "a b")(1, 2), r"tuple\(...\) of it can be saved"),
    ],
)
def test_what_is_not_plain_is_not_saved(value, message):
    with pytest.raises(pickle.PicklingError, match=message):
        dumped(value)


def test_one_memory_in_two_dtypes_is_not_saved():
    base = torch.zeros(2)
    with pytest.raises(
        RuntimeError, match="Cannot save multiple tensors or storages that view the same data as different types"
    ):
        dumped([base, base.view(torch.int32)])


class Evil:
    def __reduce__(self):
        return os.mkdir, ("/nonexistent/evil",)


def archive_of(pickled, *more):
    file = io.BytesIO()
    archive.write(file, [("a/data.pkl", [pickled]), *more])
    return file.getvalue()


@pytest.mark.parametrize("weights_only", [None, True, False])
def test_no_code_runs(weights_only):
    for value, name in (
        (Evil(), "posix.mkdir"),
        (Own(), "test_serialization.Own|copyreg._reconstructor"),
        (print, "builtins.print"),
    ):
        for protocol in (2, 4):
            data = archive_of(pickle.dumps(value, protocol))
            with pytest.raises(
                pickle.UnpicklingError, match=rf"Unsupported global: GLOBAL ({name}) was not|Unsupported operand"
            ):
                loaded(data, weights_only=weights_only)


def pid(numel=2, key=b"0", dtype=b"Float"):
    return b"(X\7\0\0\0storagectorch\n" + dtype + b"Storage\nX\1\0\0\0" + key + b"X\3\0\0\0cpu" + number(numel) + b"tQ"


def number(n):
    raw = n.to_bytes(16, "little", signed=True)
    return b"\x8a\x10" + raw


def tensor_pickle(storage, offset=0, size=(2,), stride=(1,), grad=b"\x89"):
    def numbers(ns):
        return b"(" + b"".join(map(number, ns)) + b"t"

    return (
        b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + numbers(size) + numbers(stride) + grad
        + b"ccollections\nOrderedDict\n)RtR."
    )  # fmt: skip


def array_pickle(shape, dtype=b"f8", kind=b"cnumpy\nndarray\n"):
    numbers = b"(" + b"".join(map(number, shape)) + b"t"
    made = b"\x80\2cnumpy._core.multiarray\n_reconstruct\n" + kind + b"K\0\x85X\1\0\0\0b\x87R"
    typed = b"cnumpy\ndtype\nX\2\0\0\0" + dtype + b"\x89\x88\x87R"
    return made + b"(K\1" + numbers + typed + b"\x89c_codecs\nencode\nX\10\0\0\0" + bytes(8) + b"\x85Rtb."


def test_an_array_pickle_by_hand():
    assert loaded(archive_of(array_pickle((1,)))).tolist() == [0]


STORAGE = ("a/data/0", [struct.pack("<2f", 1, 2)])


def test_a_tensor_pickle_by_hand():
    assert loaded(archive_of(tensor_pickle(pid()), STORAGE)).tolist() == [1, 2]


HOSTILE = {
    "a size beyond the storage": tensor_pickle(pid(), size=(3,)),
    "an offset beyond the storage": tensor_pickle(pid(), offset=1),
    "a huge size": tensor_pickle(pid(), size=(1 << 62, 1 << 62), stride=(1, 1)),
    "a huge size of stride 0": tensor_pickle(pid(), size=(1 << 62, 1 << 62), stride=(0, 0)),
    "a huge stride": tensor_pickle(pid(), size=(2, 2), stride=(1 << 70, 1)),
    "a negative size": tensor_pickle(pid(), size=(-1,)),
    "a negative offset": tensor_pickle(pid(), offset=-1),
    "a negative stride": tensor_pickle(pid(), stride=(-1,)),
    "sizes without strides": tensor_pickle(pid(), stride=()),
    "a storage larger than its record": tensor_pickle(pid(1 << 50), size=(1 << 50,)),
    "a storage of negative size": tensor_pickle(pid(-1)),
    "a storage without a record": tensor_pickle(pid(key=b"7")),
    "a record outside": tensor_pickle(pid(key=b"/")),
    "a gradient of integers": tensor_pickle(pid(dtype=b"Int"), grad=b"\x88"),
    "a dtype of PyTorch alone": tensor_pickle(pid(dtype=b"ComplexFloat")),
    "no storage": tensor_pickle(b"N"),
    "a call of a number": b"\x80\2K\1)R.",
    "a call of a class": b"\x80\2ctorch\nFloatStorage\n)R.",
    "attributes of a function": b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n}X\1\0\0\0aK\1sb.",
    "attributes of a list": b"\x80\2]}X\1\0\0\0aK\1sb.",
    "a method over": b"\x80\2ccollections\nOrderedDict\n)R}X\6\0\0\0updateK\1sb.",
    "a function as the result": b"\x80\2ctorch\nSize\n.",
    "a function in a list": b"\x80\2]ctorch\nSize\na.",
    "bytes without memory for them": b"\x80\2c__builtin__\nbytearray\n" + number(1 << 50) + b"\x85R.",
    "an array larger than its bytes": array_pickle((1 << 40,)),
    "an array of a negative size": array_pickle((-8,)),
    "an array of objects": array_pickle((1,), b"O8"),
    "an array of another class": array_pickle((1,), kind=b"ctorch\nSize\n"),
    "a class of arrays as data": b"\x80\2]cnumpy\nndarray\na.",
    "a set of a number": b"\x80\2c__builtin__\nset\nK\1\x85R.",
    "text longer than the file": b"\x80\2X\xff\xff\xff\xffab.",
    "a long number longer than the file": b"\x80\2\x8b\xff\xff\xff\x7fab.",
    "a long number of negative length": b"\x80\2\x8b\xff\xff\xff\xffab.",
    "an unknown memo": b"\x80\2h\5.",
    "an empty stack": b"\x80\2.",
    "marks alone": b"\x80\2((.",
    "no end": b"\x80\2K\1",
    "nothing": b"",
    "an unhashable key": b"\x80\2}]K\1s.",
    "items of a number": b"\x80\2K\1K\1a.",
    "an instance": b"\x80\2(ios\nsystem\n.",
    "an object of a class": b"\x80\2ccollections\nOrderedDict\n)\x81.",
    "an extension": b"\x80\2\x82\1.",
    "a name of a name": b"\x80\4\x8c\5torch\x8c\x0bSize.__call__\x93.",
    "another protocol": b"\x80\x09.",
    "no UTF-8": b"\x80\2X\1\0\0\0\xff.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles(name):
    with pytest.raises((pickle.UnpicklingError, RuntimeError)) as caught:
        loaded(archive_of(HOSTILE[name], STORAGE))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "value", [torch.arange(20.0), {"a": [1, "two", (3.0, None)], "t": torch.ones(2, 2).t()}], ids=["tensor", "dict"]
)
def test_truncated_and_damaged_files(value):
    data = dumped(value)
    for end in range(0, len(data), 7):
        with pytest.raises((RuntimeError, pickle.UnpicklingError, EOFError)):
            loaded(data[:end])
    source = random.Random(0)
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(source.randint(1, 3)):
            damaged[source.randrange(len(data))] = source.randrange(256)
        with contextlib.suppress(RuntimeError, pickle.UnpicklingError):  # none where only padding changed
            loaded(bytes(damaged))


def test_damaged_pickles():
    """Behind a right checksum."""
    pickled = zipfile.ZipFile(io.BytesIO(dumped({**plain(), "t": torch.ones(2)}))).read("archive/data.pkl")
    source = random.Random(1)
    for _ in range(2000):
        damaged = bytearray(pickled)
        for _ in range(source.randint(1, 4)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        with contextlib.suppress(RuntimeError, pickle.UnpicklingError):
            loaded(archive_of(bytes(damaged), STORAGE))


def test_zip_bombs(tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/data.pkl", tensor_pickle(pid(1 << 24), size=(1 << 24,)))
        file.writestr("a/data/0", b"\0" * (1 << 26))
    with pytest.raises(RuntimeError, match="compressed, which PyTorch's checkpoints never are"):
        loaded(bomb.getvalue())
    names = io.BytesIO()
    with zipfile.ZipFile(names, "w") as file:
        file.writestr("../data.pkl", b"\x80\2K\1.")
    with pytest.raises(RuntimeError, match="leaves the archive"):
        loaded(names.getvalue())
    # A storage's length in the table of contents alone.
    data = archive_of(tensor_pickle(pid(1 << 27), size=(1 << 27,)), STORAGE)
    entry = data.rindex(b"PK\1\2")
    forged = data[: entry + 20] + struct.pack("<LL", 1 << 29, 1 << 29) + data[entry + 28 :]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RuntimeError, match="claim more bytes than the file has"):
        loaded(forged)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 16


def test_files_of_other_kinds(tmp_path):
    for data, message in [
        (b"", "empty"),
        (b"hello, world", "neither a checkpoint, nor safetensors, nor .npz"),
        (pickle.dumps([1], 2), "before PyTorch 1.6"),
        (archive_of(b"\x80\2N.", ("a/constants.pkl", [b"x"])), "TorchScript"),
    ]:
        with pytest.raises((RuntimeError, EOFError), match=message):
            loaded(data)
    other = io.BytesIO()
    archive.write(other, [("x.txt", [b"x"])])
    with pytest.raises(RuntimeError, match=r"neither a checkpoint's data.pkl nor NumPy's"):
        loaded(other.getvalue())


def test_options():
    data = dumped([1])
    assert loaded(data, weights_only=False, encoding="utf-8") == [1]
    with pytest.raises(ValueError, match="pickle_module cannot be chosen"):
        loaded(data, pickle_module=pickle)
    with pytest.raises(TypeError, match="unexpected keyword argument 'fast'"):
        loaded(data, fast=True)
    with pytest.raises(ValueError, match=r"before PyTorch 1.6"):
        torch.save(1, io.BytesIO(), _use_new_zipfile_serialization=False)


# ---- PyTorch


def values(value):
    if hasattr(value, "tolist"):
        return str(value.dtype), tuple(value.shape), tuple(value.stride()), value.requires_grad, value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, [(key, values(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [values(item) for item in value]
    return str(value)


def state(lib):
    base = lib.arange(24.0).view(2, 3, 4)
    result = {
        "shared": [base, base[1], base.permute(2, 0, 1)],
        "dtypes": [lib.tensor([0, 1, 2]).to(getattr(lib, str(dtype).removeprefix("torch."))) for dtype in DTYPES],
        "odd": [
            lib.tensor(5),
            lib.zeros(0, 3),
            lib.ones(2, requires_grad=True),
            lib.ones(3).expand(2, 3),
            lib.zeros(2, 2, dtype=lib.bool),
        ],
        "more": [lib.Size([1, 2]), lib.float64, 3, 2**80, -1.5, "text", b"\xff", None, True, (1, 2), {1, 2}, 1j],
        "counter": collections.Counter("aab"),
    }
    named = collections.OrderedDict([("weight", lib.ones(2, 2)), ("bias", lib.zeros(2))])
    named._metadata = collections.OrderedDict([("", {"version": 1})])
    return {**result, "named": named}


@pytest.mark.parity
@pytest.mark.parametrize("kind", ["path", "buffer"])
def test_files_travel_to_pytorch_and_back(tmp_path, kind):
    reference = importlib.import_module("torch")
    path = tmp_path / "a.pt"
    for writer, reader in ((torch, reference), (reference, torch)):
        if kind == "path":
            writer.save(state(writer), path)
            for options in ({}, {"weights_only": True}, {"mmap": True}, {"map_location": "cpu"}):
                assert values(reader.load(path, **options)) == values(state(writer))
        else:
            file = io.BytesIO()
            writer.save(state(writer), file)
            file.seek(0)
            result = reader.load(file)
            assert values(result) == values(state(writer)) and result["named"]._metadata[""] == {"version": 1}
            result["shared"][0][1, 2, 3] = -1
            assert result["shared"][1][2, 3] == -1 and result["shared"][2][3, 1, 2] == -1


@pytest.mark.parity
def test_pytorch_s_other_pickle_protocols():
    reference = importlib.import_module("torch")
    for protocol in (2, 3, 4, 5):
        file = io.BytesIO()
        reference.save(state(reference), file, pickle_protocol=protocol)
        assert values(loaded(file.getvalue())) == values(state(reference))


@pytest.mark.parity
def test_modules_and_optimizers_of_pytorch():
    reference = importlib.import_module("torch")
    net = reference.nn.Sequential(reference.nn.Linear(3, 4), reference.nn.BatchNorm1d(4))
    optimizer = reference.optim.Adam(net.parameters())
    net(reference.ones(2, 3)).sum().backward()
    optimizer.step()
    file = io.BytesIO()
    reference.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, file)
    result = loaded(file.getvalue())
    assert values(result["net"]) == values(net.state_dict())
    assert values(result["optimizer"]) == values(optimizer.state_dict())
    file = io.BytesIO()
    reference.save(net, file)
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL torch.nn.modules.container.Sequential was not.*state_dict"):
        loaded(file.getvalue())
    old = io.BytesIO()
    reference.save({"a": reference.ones(1)}, old, _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match=r"before PyTorch 1.6"):
        loaded(old.getvalue())


@pytest.mark.parity
def test_arrays_and_parameters_travel():
    reference = importlib.import_module("torch")
    for writer, reader in ((torch, reference), (reference, torch)):
        parameters = {"p": writer.nn.Parameter(writer.ones(2)), "f": writer.nn.Parameter(writer.zeros(1), requires_grad=False)}
        file = io.BytesIO()
        writer.save({"array": np.arange(6.0).reshape(2, 3).T, "scalar": np.float32(1.5), **parameters}, file)
        file.seek(0)
        result = reader.load(file, weights_only=False)
        assert result["array"].tolist() == np.arange(6.0).reshape(2, 3).T.tolist() and result["scalar"] == 1.5
        assert type(result["p"]) is reader.nn.Parameter and result["p"].requires_grad and not result["f"].requires_grad
        assert result["p"].tolist() == [1, 1]


@pytest.mark.parity
def test_a_dtype_that_is_not_here():
    reference = importlib.import_module("torch")
    file = io.BytesIO()
    reference.save(reference.ones(2, dtype=reference.complex64), file)
    with pytest.raises(pickle.UnpicklingError, match="ComplexFloatStorage"):
        loaded(file.getvalue())


@pytest.mark.parity
def test_safetensors_of_pytorch(tmp_path):
    pytest.importorskip("safetensors", reason="the package safetensors is not installed")
    reference = importlib.import_module("safetensors.torch")
    lib = importlib.import_module("torch")
    tensors = {"a": lib.arange(6.0).view(2, 3), "b": lib.tensor([True, False])}
    reference.save_file(tensors, tmp_path / "a.safetensors")
    assert values(dict(sorted(torch.load(tmp_path / "a.safetensors").items()))) == values(tensors)
    torch.save({"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([True, False])}, tmp_path / "b.safetensors")
    assert values(dict(sorted(reference.load_file(tmp_path / "b.safetensors").items()))) == values(tensors)
