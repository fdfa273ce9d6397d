"""Multipart JPEGs over HTTP, read by ourselves.

`cv2.VideoCapture` blocks up to 30 s on a stalled stream and hands out truncated JPEGs as good ones.
"""

from __future__ import annotations

import re
import socket
import ssl
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit

from engine.clock import NS, monotonic_ns
from engine.inputs.camera_source import DEADLINE_S, SourceLost, host_of, why, without_secrets
from engine.inputs.camera_stream import StreamSource
from engine.inputs.multipart import Chunked, Multipart, decode_jpeg, is_whole
from engine.world import Pixels

OPENING_S = 3.0
LONGEST_HEAD = 65_536
MOST_AT_ONCE = 32
PAGES = (b"text/html", b"text/plain", b"text/xml", b"application/json")
TOO_SLOW = "sends no whole picture in time; is the camera or the network overloaded?"
KIND = re.compile(rb"^content-type:\s*([^;\r\n]+)", re.I | re.M)
BOUNDARY = re.compile(rb"^content-type:\s*multipart/[^;]+;.*?boundary=\"?([^\"\r\n;]+)", re.I | re.M)
CHUNKED = re.compile(rb"^transfer-encoding:\s*chunked", re.I | re.M)
LOCATION = re.compile(rb"^location:\s*(\S+)", re.I | re.M)


class MjpegSource:
    """`multipart/x-mixed-replace` JPEGs over HTTP.

    Args:
        within_s: How long the camera may take to take the call, and again to answer it.
        wanted: (width, height) that is enough; None: pictures come as large as they are.

    Raises:
        SourceLost: On opening and reading, when the server refuses, closes, or is silent.
    """

    may_repeat = False

    def __init__(self, url: str, within_s: float = OPENING_S, wanted: tuple[int, int] | None = None) -> None:
        self.truncated = self.skipped = 0
        self._wanted = wanted
        self._host, self._hears = host_of(url), False
        self._chunks: Chunked | None = None
        self._parts: Multipart | None = None
        parts = urlsplit(url)
        try:
            self._socket = _connect(parts, within_s)
        except (OSError, ValueError) as error:
            raise SourceLost(why(error, self._host)) from error
        try:
            self._waiting = self._ask(parts, monotonic_ns() + round(within_s * NS))
        except SourceLost:
            self.close()
            raise

    @property
    def is_multipart(self) -> bool:
        return self._parts is not None

    def read(self, timeout_s: float = DEADLINE_S) -> tuple[Pixels, int] | None:
        """Return the newest picture (BGR) and when its first bytes arrived; None for one that is not whole."""
        parts = self._whole_parts(monotonic_ns() + round(timeout_s * NS))
        picture = decode_jpeg(parts[-1][0], self._wanted) if parts else None
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
        self._waiting, self._hears = b"", False
        try:
            while not (found := self._parts.feed(received, monotonic_ns())):
                received = self._receive(deadline_ns)
            while len(found) < MOST_AT_ONCE and (received := self._receive(0)):
                found += self._parts.feed(received, monotonic_ns())
        except ValueError as error:
            raise SourceLost(f"{self._host} {error}") from error
        whole = [part for part in found if is_whole(part[0])]
        self.truncated += len(found) - len(whole)
        return whole

    def _ask(self, parts: SplitResult, deadline_ns: int) -> bytes:
        """Send the request and understand the answer's head; return what came behind it."""
        try:
            self._socket.sendall(_request(parts))
        except (OSError, UnicodeError) as error:
            raise SourceLost(why(error, self._host)) from error
        answer = b""
        while b"\r\n\r\n" not in answer:
            if len(answer) > LONGEST_HEAD:
                raise SourceLost(f"{self._host} answers without end; is this address a camera?")
            answer += self._receive(deadline_ns)
        head, _, rest = answer.partition(b"\r\n\r\n")
        self._check(head)
        if CHUNKED.search(head):
            self._chunks = Chunked()
            rest = self._unchunked(rest)
        boundary = BOUNDARY.search(head)
        if boundary is not None:
            self._parts = Multipart(b"--" + boundary[1].strip().removeprefix(b"--"))
            return rest
        while b"\r\n" not in rest and rest[:2] in (b"", b"-", b"--") and len(rest) < LONGEST_HEAD:
            rest += self._receive(deadline_ns)
        if rest.startswith(b"--"):  # ffmpeg's own server calls its parts octets
            self._parts = Multipart(rest.partition(b"\r\n")[0])
        return rest

    def _check(self, head: bytes) -> None:
        """Raise what an answer says instead of sending pictures."""
        words = head.split(b"\r\n", 1)[0].split(b" ", 1)
        code, told = words[-1][:3].decode("latin-1"), words[-1].decode("latin-1").strip()
        kind = KIND.search(head)
        if len(words) < 2 or not code.isdecimal():
            raise SourceLost(f"{self._host} answers nonsense; is this address a camera?")
        if code in ("401", "403"):
            raise SourceLost(f"{self._host} wants another name or password; write http://NAME:PASSWORD@HOST/PATH")
        if code.startswith("3"):
            target = LOCATION.search(head)
            where = without_secrets(target[1].decode("latin-1")) if target else "elsewhere"
            raise SourceLost(f"{self._host} sends us on to {where}; write that address in the show")
        if code == "404":
            raise SourceLost(f"{self._host} has no such page (404); check what stands behind the host")
        if code != "200":
            raise SourceLost(f"{self._host} answers {told[:60]}; do too many look at this camera, or is it starting?")
        if kind is not None and kind[1].strip().lower() in PAGES:
            raise SourceLost(f"{self._host} sends a page of text, no pictures; check what stands behind the host")

    def _receive(self, deadline_ns: int) -> bytes:
        """Return what comes until the deadline (monotonic); with 0 what is there already, which may be nothing."""
        left_s = (deadline_ns - monotonic_ns()) / NS if deadline_ns else 0.0
        if deadline_ns and left_s <= 0:
            raise SourceLost(f"{self._host} {TOO_SLOW}")
        self._socket.settimeout(left_s)
        try:
            data = self._socket.recv(1 << 18)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        except OSError as error:
            is_slow = self._hears and isinstance(error, TimeoutError)
            raise SourceLost(f"{self._host} {TOO_SLOW}" if is_slow else why(error, self._host)) from error
        self._hears = True
        if not data and deadline_ns:
            raise SourceLost(f"{self._host} closed the connection; is the camera starting again?")
        return self._unchunked(data)

    def _unchunked(self, data: bytes) -> bytes:
        try:
            return data if self._chunks is None else self._chunks.feed(data)
        except ValueError as error:
            raise SourceLost(f"{self._host} answers nonsense; is this address a camera?") from error


def open_url(url: str, within_s: float = OPENING_S, wanted: tuple[int, int] | None = None,
             ) -> MjpegSource | StreamSource:  # fmt: skip
    """Open a camera on the network.

    Args:
        within_s: How long it may take to answer; a stream that is no multipart JPEGs may take longer.
        wanted: (width, height) that is enough; None: pictures come as large as they are.

    Raises:
        SourceLost: It does not answer.
    """
    if urlsplit(url).scheme in ("http", "https"):
        source = MjpegSource(url, within_s, wanted)
        if source.is_multipart:
            return source
        source.close()
    return StreamSource(url)


def _request(parts: SplitResult) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {path} HTTP/1.0", f"Host: {parts.netloc.rpartition('@')[2]}", "Accept: */*"]
    if parts.username:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        lines.append(f"Authorization: Basic {b64encode(secret).decode()}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _connect(parts: SplitResult, within_s: float) -> socket.socket:
    if not parts.hostname:
        raise ValueError("no host name in the address")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = socket.create_connection((parts.hostname, port), timeout=within_s)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "https":
        return ssl.create_default_context().wrap_socket(connection, server_hostname=parts.hostname)
    return connection
