"""Zip archives of stored records, as PyTorch and NumPy write them: no compression, elements at multiples of 64 bytes.

Reading checks every size against the file before memory is taken for it, and unpacks nothing to disk.
"""

import struct
import zipfile
import zlib

_ALIGNMENT = 64
_LOCAL = struct.Struct("<4sHHHHHLLLHH")  # PKWARE's APPNOTE.TXT, 4.3.7
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")  # 4.3.12
_END = struct.Struct("<4sHHHHLLH")  # 4.3.16
_END64 = struct.Struct("<4sQHHLLQQQQ")  # 4.3.14
_LOCATOR64 = struct.Struct("<4sLQL")  # 4.3.15
_MAX32, _MAX16 = 0xFFFFFFFF, 0xFFFF
_DATE = 1 << 5 | 1  # 1980-01-01: the same data makes the same bytes
_UTF8 = 0x800
_VERSION = 45  # of the format, with zip64


def write(file, records):
    """Writes an archive of (name, buffers) pairs to a binary file, front to back."""
    offset, central = 0, []
    for name, buffers in records:
        raw = name.encode()
        views = [memoryview(each).cast("B") for each in buffers if memoryview(each).nbytes]
        size, crc = sum(view.nbytes for view in views), 0
        for view in views:
            crc = zlib.crc32(view, crc)
        long = struct.pack("<HHQQ", 1, 16, size, size) if size >= _MAX32 else b""
        pad = -(offset + _LOCAL.size + len(raw) + len(long) + 4) % _ALIGNMENT
        extra = long + b"FB" + struct.pack("<H", pad) + b"Z" * pad
        short = min(size, _MAX32)
        file.write(_LOCAL.pack(b"PK\3\4", _VERSION, _UTF8, 0, 0, _DATE, crc, short, short, len(raw), len(extra)) + raw + extra)
        for view in views:
            file.write(view)
        central.append(_central_entry(raw, crc, size, offset))
        offset += _LOCAL.size + len(raw) + len(extra) + size
    table = b"".join(central)
    count = len(central)
    file.write(table)
    if offset + len(table) >= _MAX32 or count >= _MAX16:
        file.write(_END64.pack(b"PK\6\6", _END64.size - 12, _VERSION, _VERSION, 0, 0, count, count, len(table), offset))
        file.write(_LOCATOR64.pack(b"PK\6\7", 0, offset + len(table), 1))
    shown = min(count, _MAX16)
    file.write(_END.pack(b"PK\5\6", 0, 0, shown, shown, min(len(table), _MAX32), min(offset, _MAX32), 0))


def _central_entry(raw, crc, size, offset):
    long = b""
    if size >= _MAX32:
        long += struct.pack("<QQ", size, size)
    if offset >= _MAX32:
        long += struct.pack("<Q", offset)
    if long:
        long = struct.pack("<HH", 1, len(long)) + long
    short, start = min(size, _MAX32), min(offset, _MAX32)
    head = _CENTRAL.pack(
        b"PK\1\2", _VERSION, _VERSION, _UTF8, 0, 0, _DATE, crc, short, short, len(raw), len(long), 0, 0, 0, 0, start
    )
    return head + raw + long


class Archive:
    """The records of a seekable binary file. RuntimeError, with the file's name, for a file that is damaged or hostile."""

    def __init__(self, file, name):
        self.file, self.name = file, name
        self.size = file.seek(0, 2)
        try:
            self.zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, OverflowError, ValueError, struct.error) as error:
            raise self.error(f"PytorchStreamReader failed reading zip archive: {error} (is the file whole?)") from None
        self.records: dict[str, zipfile.ZipInfo] = {}
        for info in self.zip.infolist():
            if info.filename in self.records:
                raise self.error(f"two records are named {info.filename!r}")
            parts = info.filename.split("/")
            if info.filename.startswith("/") or ".." in parts or "\\" in info.filename:
                raise self.error(f"the record {info.filename!r} has a name that leaves the archive")
            if info.flag_bits & 1:
                raise self.error(f"the record {info.filename!r} is encrypted")
            self.records[info.filename] = info
        if sum(info.compress_size for info in self.records.values()) > self.size:
            raise self.error("its records claim more bytes than the file has")

    def error(self, message):
        return RuntimeError(f"{self.name}: {message}")

    def where(self, name):
        """(offset, bytes) of a stored record in the file."""
        info = self.records.get(name)
        if info is None:
            raise self.error(f"PytorchStreamReader failed locating file {name}: file not found")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise self.error(f"the record {name!r} is compressed, which PyTorch's checkpoints never are")
        self.file.seek(max(0, info.header_offset))
        head = self.file.read(_LOCAL.size)
        if info.header_offset < 0 or len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
            raise self.error(f"the record {name!r} does not begin where the archive says")
        *_, name_bytes, extra_bytes = _LOCAL.unpack(head)
        offset = info.header_offset + _LOCAL.size + name_bytes + extra_bytes
        if offset + info.file_size > self.size:
            raise self.error(f"the record {name!r} ends behind the end of the file")
        return offset, info.file_size

    def read_into(self, name, view):
        """Fills view, of the record's size, and compares the checksum."""
        offset, _ = self.where(name)
        self.file.seek(offset)
        read_exactly(self.file, view, self.error(f"the record {name!r} ends early"))
        if zlib.crc32(view) != self.records[name].CRC:
            raise self.error(f"the record {name!r} is damaged: its checksum differs")

    def read(self, name):
        """The bytes of a record."""
        data = bytearray(self.where(name)[1])
        self.read_into(name, memoryview(data))
        return bytes(data)


def read_exactly(file, view, error):
    """Fills a writable view from a binary file; raises error where the file ends before."""
    while view.nbytes:
        if hasattr(file, "readinto"):
            count = file.readinto(view)
        else:
            data = file.read(view.nbytes)
            count = len(data)
            view[:count] = data
        if not count:
            raise error
        view = view[count:]
