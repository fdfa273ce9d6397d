"""Pictures over the network: multipart JPEGs read by ourselves, everything else by PyAV.

`cv2.VideoCapture` blocks up to 30 s on a stalled stream and hands out truncated JPEGs as good ones.
"""

from __future__ import annotations

import re
import socket
import ssl
from base64 import b64encode
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import numpy as np

from engine.clock import NS, monotonic_ns
from engine.inputs.multipart import Chunked, Multipart, decode_jpeg, is_whole
from engine.problems import MixeurError
from engine.world import Pixels

DEADLINE_S = 1.0
OPENING_NS = 3 * NS
LONGEST_HEAD = 65_536


class SourceLost(MixeurError):
    """The source is gone or was never there; it must be opened again."""


class MjpegSource:
    """`multipart/x-mixed-replace` JPEGs over HTTP.

    Attributes:
        truncated: How many pictures were thrown away because they were not whole.
        skipped: How many were passed over because a newer one was there already.

    Raises:
        SourceLost: On opening and reading, when the server refuses, closes, or is silent.
    """

    def __init__(self, url: str) -> None:
        self.truncated = self.skipped = 0
        self._url = _without_password(url)
        self._chunks: Chunked | None = None
        self._parts: Multipart | None = None
        parts = urlsplit(url)
        try:
            self._socket = _connect(parts)
        except (OSError, ValueError) as error:
            raise SourceLost(f"{self._url}: {error}; is the camera on, and the address right?") from error
        try:
            self._waiting = self._ask(parts)
        except SourceLost:
            self.close()
            raise

    @property
    def is_multipart(self) -> bool:
        return self._parts is not None

    def read(self, timeout_s: float = DEADLINE_S) -> tuple[Pixels, int] | None:
        """Return the newest picture (BGR) and when its first bytes arrived; None for one that is not whole."""
        parts = self._whole_parts(monotonic_ns() + round(timeout_s * NS))
        picture = decode_jpeg(parts[-1][0]) if parts else None
        if picture is None:
            self.truncated += len(parts) > 0
            return None
        self.skipped += len(parts) - 1
        return picture, parts[-1][1]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _whole_parts(self, deadline_ns: int) -> list[tuple[bytes, int]]:
        """Wait for a picture, then take what else is there: while we decoded, newer ones may have come."""
        assert self._parts is not None
        received, found = self._waiting, []
        self._waiting = b""
        try:
            while not (found := self._parts.feed(received, monotonic_ns())):
                received = self._receive(deadline_ns)
            while received := self._receive(0):
                found += self._parts.feed(received, monotonic_ns())
        except ValueError as error:
            raise SourceLost(f"{self._url}: {error}") from error
        whole = [part for part in found if is_whole(part[0])]
        self.truncated += len(found) - len(whole)
        return whole

    def _ask(self, parts: SplitResult) -> bytes:
        """Send the request and understand the answer's head; return what came behind it."""
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"GET {path} HTTP/1.0", f"Host: {parts.netloc.rpartition('@')[2]}", "Accept: */*"]
        if parts.username:
            secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            lines.append(f"Authorization: Basic {b64encode(secret).decode()}")
        try:
            self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        except (OSError, UnicodeError) as error:
            raise SourceLost(f"{self._url}: {error}; is the camera on, and the address right?") from error
        deadline_ns, answer = monotonic_ns() + OPENING_NS, b""
        while b"\r\n\r\n" not in answer and len(answer) < LONGEST_HEAD:
            answer += self._receive(deadline_ns)
        head, _, rest = answer.partition(b"\r\n\r\n")
        status = head.split(b"\r\n", 1)[0].split(b" ", 2)
        if len(status) < 2 or status[1] != b"200":
            told = b" ".join(status[1:]).decode("latin-1") or "nonsense"
            raise SourceLost(f"{self._url}: answers {told}; check the address and the password")
        if re.search(rb"^transfer-encoding:\s*chunked", head, re.IGNORECASE | re.MULTILINE):
            self._chunks = Chunked()
            rest = self._unchunked(rest)
        kind = re.search(rb"^content-type:\s*multipart/[^;]+;.*?boundary=\"?([^\"\r\n;]+)", head, re.I | re.M)
        if kind is not None:
            self._parts = Multipart(b"--" + kind[1].strip().removeprefix(b"--"))
            return rest
        while b"\r\n" not in rest and rest[:2] in (b"", b"-", b"--") and len(rest) < LONGEST_HEAD:
            rest += self._receive(deadline_ns)
        if rest.startswith(b"--"):  # ffmpeg's own server calls its parts octets
            self._parts = Multipart(rest.partition(b"\r\n")[0])
        return rest

    def _receive(self, deadline_ns: int) -> bytes:
        """Return what comes until the deadline (monotonic); with 0 what is there already, which may be nothing."""
        left_s = (deadline_ns - monotonic_ns()) / NS if deadline_ns else 0.0
        if deadline_ns and left_s <= 0:
            raise SourceLost(f"{self._url}: no whole picture in time; is the camera or the network overloaded?")
        self._socket.settimeout(left_s)
        try:
            data = self._socket.recv(1 << 18)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        except TimeoutError as error:
            raise SourceLost(f"{self._url}: silent; is the camera or the network overloaded?") from error
        except OSError as error:
            raise SourceLost(f"{self._url}: {error}") from error
        if not data and deadline_ns:
            raise SourceLost(f"{self._url}: the camera closed the connection")
        return self._unchunked(data)

    def _unchunked(self, data: bytes) -> bytes:
        try:
            return data if self._chunks is None else self._chunks.feed(data)
        except ValueError as error:
            raise SourceLost(f"{self._url}: answers nonsense; is this address a camera?") from error


class StreamSource:
    """RTSP and whatever else FFmpeg understands, by PyAV with its timeouts and small buffers."""

    truncated = skipped = 0

    def __init__(self, url: str) -> None:
        import av

        self._url = _without_password(url)
        options = {"fflags": "nobuffer", "flags": "low_delay"}
        if url.startswith("rtsp"):
            options["rtsp_transport"] = "tcp"
        self._errors = (av.FFmpegError, OSError, ValueError, IndexError)
        try:
            self._container: Any = av.open(url, options=options, timeout=(3.0, DEADLINE_S))
            stream = self._container.streams.video[0]
            stream.thread_type = "NONE"
            self._frames = self._container.decode(stream)
        except self._errors as error:
            raise SourceLost(f"{self._url}: {error}; is the camera on, and the address right?") from error

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        """Return the next picture (BGR), stamped when decoded."""
        try:
            frame = next(self._frames)
        except StopIteration:
            raise SourceLost(f"{self._url}: the stream ended") from None
        except self._errors as error:
            raise SourceLost(f"{self._url}: {error}") from error
        return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), monotonic_ns()

    def close(self) -> None:
        """Hang up."""
        with suppress(*self._errors):
            self._container.close()


def open_url(url: str) -> MjpegSource | StreamSource:
    """Open a camera on the network.

    Raises:
        SourceLost: It does not answer.
    """
    if urlsplit(url).scheme in ("http", "https"):
        source = MjpegSource(url)
        if source.is_multipart:
            return source
        source.close()
    return StreamSource(url)


def _connect(parts: SplitResult) -> socket.socket:
    if not parts.hostname:
        raise ValueError("no host name in the address")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = socket.create_connection((parts.hostname, port), timeout=3.0)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "https":
        return ssl.create_default_context().wrap_socket(connection, server_hostname=parts.hostname)
    return connection


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
