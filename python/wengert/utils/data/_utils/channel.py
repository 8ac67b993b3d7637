"""Objects through a pipe with their buffers beside the pickle: elements of tensors and arrays are written from where they lie
and read into memory of the receiver's tensors, so that each byte is copied into the pipe and out of it and nowhere else.
"""

import contextlib
import fcntl
import os
import pickle
import select
import struct
import time

from .... import empty, uint8

_HEAD = struct.Struct("<QQ")  # bytes of the table of sizes, of the pickle
_PIPE_BYTES = 1 << 20  # the system's usual limit for a pipe; its default of 64 KiB is a system call for every 64 KiB
_CHUNK = 512  # buffers in one call; IOV_MAX is 1024


def enlarge(fd):
    """Asks for a pipe of _PIPE_BYTES; where the system refuses, it works as it is."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def pack(value):
    """The buffers that send writes: raises what pickling raises, before a byte is written."""
    buffers: list = []
    pickled = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    sizes = struct.pack(f"<{len(views)}Q", *(view.nbytes for view in views))
    parts: list[bytes | memoryview] = [_HEAD.pack(len(sizes), len(pickled)) + sizes + pickled, *views]
    return [memoryview(part) for part in parts if len(part)]


def send(fd, parts):
    """Writes what pack made; blocks while the pipe is full."""
    parts = list(parts)
    first = 0
    while first < len(parts):
        written = os.writev(fd, parts[first : first + _CHUNK])
        first = _skip(parts, first, written)


def receive(fd, deadline, check):
    """The next object. EOFError where the other end has closed, TimeoutError after deadline (time.monotonic(), or None).

    check() is called every few seconds of waiting, and may raise.
    """
    head = bytearray(_HEAD.size)
    _read(fd, [memoryview(head)], deadline, check)
    table_bytes, pickle_bytes = _HEAD.unpack(head)
    table, pickled = bytearray(table_bytes), bytearray(pickle_bytes)
    _read(fd, [memoryview(table), memoryview(pickled)], deadline, check)
    buffers = [_memory(size) for (size,) in struct.iter_unpack("<Q", table)]
    _read(fd, buffers, deadline, check)
    return pickle.loads(pickled, buffers=buffers)


def wait_readable(fds, deadline, check, interval=5.0):
    """Those of fds that can be read, of which there is at least one; check and deadline as in receive."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    while True:
        left = interval if deadline is None else min(interval, max(0.0, deadline - time.monotonic()))
        ready = poll.poll(left * 1e3)
        if ready:
            return [fd for fd, _ in ready]
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError
        check()


def _memory(size):
    """size bytes from the tensors' allocator, which does not clear them."""
    return memoryview(empty(size, dtype=uint8)) if size else memoryview(bytearray())


def _read(fd, views, deadline, check):
    views = [view for view in views if view.nbytes]
    first = 0
    while first < len(views):
        wait_readable([fd], deadline, check)
        count = os.readv(fd, views[first : first + _CHUNK])
        if count == 0:
            raise EOFError
        first = _skip(views, first, count)


def _skip(views, first, count):
    """Takes count bytes off the views from number `first` on; the number of the first view that is left."""
    while count and count >= views[first].nbytes:
        count -= views[first].nbytes
        first += 1
    if count:
        views[first] = views[first][count:]
    return first
