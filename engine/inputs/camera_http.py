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

import cv2
import numpy as np

from engine.clock import NS, monotonic_ns
from engine.problems import MixeurError
from engine.world import Pixels

DEADLINE_S = 1.0
LARGEST_PICTURE = 32 << 20
SOI, EOI = b"\xff\xd8", b"\xff\xd9"


class SourceLost(MixeurError):
    """The source is gone or was never there; it must be opened again."""


class MjpegSource:
    """`multipart/x-mixed-replace` JPEGs over HTTP.

    Attributes:
        truncated: How many pictures were thrown away because they were not whole.

    Raises:
        SourceLost: On opening and reading, when the server refuses, closes, or is silent.
    """

    def __init__(self, url: str) -> None:
        self.truncated = 0
        self._url = _without_password(url)
        self._buffer = bytearray()
        self._received_ns = self._deadline_ns = 0
        self._mark = b""
        parts = urlsplit(url)
        try:
            self._socket = _connect(parts)
        except (OSError, ValueError) as error:
            raise SourceLost(f"{self._url}: {error}; is the camera on, and the address right?") from error
        try:
            self._ask(parts)
        except SourceLost:
            self.close()
            raise

    @property
    def is_multipart(self) -> bool:
        return bool(self._mark)

    def read(self, timeout_s: float = DEADLINE_S) -> tuple[Pixels, int] | None:
        """Return the next picture (BGR) and when its first bytes arrived; None for one that is not whole."""
        self._deadline_ns = monotonic_ns() + round(timeout_s * NS)
        self._take_until(self._mark)
        head = self._take_until(b"\r\n\r\n")
        arrived_ns = self._received_ns
        length = re.search(rb"^content-length:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
        jpeg = self._take(int(length[1])) if length is not None else self._take_to_end()
        picture = decode_jpeg(jpeg)
        if picture is None:
            self.truncated += 1
            early = jpeg.find(self._mark)
            if early >= 0:  # the part was shorter than it said: the next one has begun
                self._buffer[:0] = jpeg[early:]
            return None
        return picture, arrived_ns

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _ask(self, parts: SplitResult) -> None:
        self._deadline_ns = monotonic_ns() + 3 * NS
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"GET {path} HTTP/1.0", f"Host: {parts.netloc.rpartition('@')[2]}", "Accept: */*"]
        if parts.username:
            secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            lines.append(f"Authorization: Basic {b64encode(secret).decode()}")
        try:
            self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        except (OSError, UnicodeError) as error:
            raise SourceLost(f"{self._url}: {error}; is the camera on, and the address right?") from error
        head = self._take_until(b"\r\n\r\n")
        status = head.split(b"\r\n", 1)[0].split(b" ", 2)
        if len(status) < 2 or status[1] != b"200":
            answer = b" ".join(status[1:]).decode("latin-1") or "nonsense"
            raise SourceLost(f"{self._url}: answers {answer}; check the address and the password")
        kind = re.search(rb"^content-type:\s*multipart/[^;]+;.*?boundary=\"?([^\"\r\n;]+)", head, re.I | re.M)
        if kind is not None:
            self._mark = b"--" + kind[1].strip().removeprefix(b"--")

    def _take(self, count: int) -> bytes:
        if count > LARGEST_PICTURE:
            raise SourceLost(f"{self._url}: announces a picture of {count} bytes; is this address an MJPEG stream?")
        while len(self._buffer) < count:
            self._receive()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _take_until(self, end: bytes) -> bytes:
        start = 0
        while (at := self._buffer.find(end, start)) < 0:
            start = max(0, len(self._buffer) - len(end))
            self._receive()
        taken = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return taken

    def _take_to_end(self) -> bytes:
        """Take a picture of unknown length: to its end marker, so as not to wait for the next part."""
        while (at := self._buffer.find(self._mark)) < 0 and not self._buffer.rstrip(b"\r\n").endswith(EOI):
            self._receive()
        return self._take(at if at >= 0 else len(self._buffer)).rstrip(b"\r\n")

    def _receive(self) -> None:
        left_s = (self._deadline_ns - monotonic_ns()) / NS
        if left_s <= 0:
            raise SourceLost(f"{self._url}: no whole picture in time; is the camera or the network overloaded?")
        if len(self._buffer) > LARGEST_PICTURE:
            raise SourceLost(f"{self._url}: sends no pictures; is this address an MJPEG stream?")
        self._socket.settimeout(left_s)
        try:
            data = self._socket.recv(1 << 18)
        except TimeoutError as error:
            raise SourceLost(f"{self._url}: silent; is the camera or the network overloaded?") from error
        except OSError as error:
            raise SourceLost(f"{self._url}: {error}") from error
        if not data:
            raise SourceLost(f"{self._url}: the camera closed the connection")
        self._received_ns = monotonic_ns()
        self._buffer += data


def decode_jpeg(jpeg: bytes) -> Pixels | None:
    """Return a whole JPEG as BGR; None if it was cut short or is none."""
    if not (jpeg.startswith(SOI) and jpeg.rstrip(b"\0\r\n").endswith(EOI)):
        return None
    picture: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return None if picture is None else np.asarray(picture, np.uint8)


class StreamSource:
    """RTSP and whatever else FFmpeg understands, by PyAV with its timeouts and small buffers."""

    truncated = 0

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
