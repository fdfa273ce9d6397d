"""A UDP socket read in batches, each datagram with the kernel's time of arrival and a count of those it threw away."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import socket
import sys

import numpy as np
from numpy.typing import NDArray

from engine import clock
from engine.clock import NS

BATCH = 256
LONGEST = 65_536
BUFFER_BYTES = 4 << 20
SO_TIMESTAMPNS = 35
SO_RXQ_OVFL = 40
TRUNCATED = 0x20
NAME_BYTES = 28
MMSGHDR = np.dtype([("name", "u8"), ("name_len", "u4"), ("", "u4"), ("iov", "u8"), ("iov_len", "u8"), ("control", "u8"),
                    ("control_len", "u8"), ("flags", "i4"), ("", "u4"), ("length", "u4"), ("", "u4")])
IOVEC = np.dtype([("base", "u8"), ("length", "u8")])
Datagram = tuple[bytes, int, bytes | None]
"""The sender's address (4 or 16 bytes), arrival on the monotonic clock, the packet; None if it was cut at 64 kB."""
CONTROL = np.dtype([("", "u8"), ("", "u8"), ("s", "i8"), ("ns", "i8"),
                    ("", "u8"), ("", "u4"), ("overflow", "u4"), ("lost", "u4"), ("", "u4")])


class Datagrams:
    """A bound UDP socket that hands over all waiting datagrams at once.

    On 64-bit Linux one `recvmmsg` fetches up to 256 of them *without letting go of the interpreter lock*. A plain
    `recv` lets go of it for each datagram and waits until a busy loop hands it back, so that it gets one datagram
    every 5 to 16 ms. Elsewhere that is what we use, and the stamps are our own.

    Attributes:
        port: The port it is bound to.
        lost: Datagrams that the kernel threw away because its buffer was full (Linux).
    """

    def __init__(self, bind: str, port: int, buffer_bytes: int = BUFFER_BYTES, shared: bool = False) -> None:
        """Raise `OSError` when the address cannot be bound; `shared`: other programs may listen to the port too."""
        self.lost = 0
        self._newest_ns = clock.monotonic_ns()
        self._socket = socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
            if shared:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((bind, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._batch = _Batch(self._socket) if sys.platform == "linux" and sys.maxsize > 2**32 else None

    def join(self, group: str) -> None:
        """Ask for what is sent to a multicast group, once; raise `OSError` if it cannot be."""
        wish = socket.inet_aton(group) + socket.inet_aton("0.0.0.0")
        try:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, wish)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._socket.fileno()

    def receive(self) -> list[Datagram]:
        """Return the waiting datagrams in order of arrival, at most 256; their stamps never go back. It never waits."""
        now_ns = clock.monotonic_ns()
        if self._batch is None:
            return [(host, now_ns, packet) for host, packet in self._receive_singly()]
        hosts, realtimes_ns, packets = self._batch.receive()
        self.lost = self._batch.lost
        # A stamp taken before the wall clock was set says nothing: it is kept between its neighbour and now.
        stamps_ns = np.maximum.accumulate(realtimes_ns + clock.realtime_to_monotonic_ns(0))
        stamps_ns = np.clip(stamps_ns, self._newest_ns, now_ns)
        self._newest_ns = now_ns
        return list(zip(hosts, stamps_ns.tolist(), packets, strict=True))

    def _receive_singly(self) -> list[tuple[bytes, bytes]]:
        found = []
        with contextlib.suppress(OSError):
            for _ in range(BATCH):
                packet, name = self._socket.recvfrom(LONGEST)
                found.append((socket.inet_pton(self._socket.family, name[0].partition("%")[0]), packet))
        return found

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


class _Batch:
    """The memory that `recvmmsg` fills: headers, names, control messages and one slot of 64 kB a datagram."""

    def __init__(self, source: socket.socket) -> None:
        source.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        source.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        self.lost = 0
        self._socket = source
        self._host_at, self._host_bytes = (8, 16) if source.family == socket.AF_INET6 else (4, 4)
        self._call = ctypes.PyDLL(None).recvmmsg  # PyDLL keeps the interpreter lock during the call
        self._call.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
        self._slots = mmap.mmap(-1, BATCH * LONGEST)  # pages that are never written cost nothing
        self._names = np.zeros((BATCH, NAME_BYTES), np.uint8)
        self._control = np.zeros(BATCH, CONTROL)
        self._iovecs = np.zeros(BATCH, IOVEC)
        self._headers = np.zeros(BATCH, MMSGHDR)
        rows = np.arange(BATCH, dtype=np.uint64)
        self._starts = (rows * LONGEST).astype(np.int64)
        self._iovecs["base"] = np.frombuffer(self._slots, np.uint8).ctypes.data + rows * LONGEST
        self._iovecs["length"] = LONGEST
        self._headers["name"] = self._names.ctypes.data + rows * NAME_BYTES
        self._headers["iov"] = self._iovecs.ctypes.data + rows * IOVEC.itemsize
        self._headers["iov_len"] = 1
        self._headers["control"] = self._control.ctypes.data + rows * CONTROL.itemsize
        self._headers["name_len"] = NAME_BYTES
        self._headers["control_len"] = CONTROL.itemsize

    def receive(self) -> tuple[list[bytes], NDArray[np.int64], list[bytes | None]]:
        """Return hosts, times of arrival (realtime, nanoseconds) and packets of the waiting datagrams."""
        n = self._call(self._socket.fileno(), self._headers.ctypes.data, BATCH, socket.MSG_DONTWAIT, None)
        if n <= 0:
            return [], np.zeros(0, np.int64), []
        headers, control = self._headers[:n], self._control[:n]
        if control["overflow"][n - 1] == SO_RXQ_OVFL:
            self.lost = int(control["lost"][n - 1])
        names = self._names[:n].tobytes()
        hosts = [names[at : at + self._host_bytes] for at in range(self._host_at, n * NAME_BYTES, NAME_BYTES)]
        starts = self._starts[:n]
        ends = (headers["length"] + starts).tolist()
        packets: list[bytes | None] = [self._slots[at:end] for at, end in zip(starts.tolist(), ends, strict=True)]
        for cut in np.flatnonzero(headers["flags"] & TRUNCATED):
            packets[cut] = None
        headers["name_len"] = NAME_BYTES
        headers["control_len"] = CONTROL.itemsize
        control["overflow"] = 0
        return hosts, control["s"] * NS + control["ns"], packets
