"""A network camera: JPEGs over HTTP as real ones send them, with the faults of real ones."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.clock import NS, monotonic_ns
from engine.world import Pixels

BOUNDARY = "mixeurframe"


class MjpegServer:
    """Serves encoded pictures again and again to every client, from `start()` to `close()`.

    Picture n goes out when the monotonic clock is a multiple of the time between pictures, and n is that multiple
    modulo their number: whoever can tell the pictures apart knows how old one is.

    Args:
        jpegs: The encoded pictures, in order.
        port: 0 takes a free one.

    Attributes:
        url: Where the pictures are.
        truncate_every: Every n-th picture is cut short, length included; 0: none.
        is_stalled: While true nothing is sent, but connections stay.
        is_frozen: While true the same picture is sent again and again.
        lies_about_length: Cut pictures keep the length of the whole ones.
        sent: Pictures sent whole, to all clients.
        cut: Pictures sent cut short.
    """

    def __init__(self, jpegs: Sequence[bytes], fps: float = 30.0, port: int = 0) -> None:
        self._jpegs = list(jpegs)
        self._step_ns = round(NS / fps)
        self.truncate_every = 0
        self.is_stalled = self.is_frozen = self.lies_about_length = False
        self.sent = self.cut = 0
        self._ending = threading.Event()
        self._server = _Server(self, port)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/stream"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> MjpegServer:
        """Begin to answer; returns itself."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Hang up on everybody."""
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> MjpegServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def stream(self, out: Any) -> None:
        """Send pictures at their pace until the client goes or the server ends."""
        held = 0
        for number in itertools.count(monotonic_ns() // self._step_ns + 1):
            self._ending.wait(max(0.0, (number * self._step_ns - monotonic_ns()) / NS))
            while self.is_stalled and not self._ending.is_set():
                self._ending.wait(0.02)
            if self._ending.is_set():
                return
            held = held if self.is_frozen else number
            whole = self._jpegs[held % len(self._jpegs)]
            is_cut = bool(self.truncate_every) and (number + 1) % self.truncate_every == 0
            jpeg = whole[: len(whole) * 2 // 3] if is_cut else whole
            announced = len(whole) if self.lies_about_length else len(jpeg)
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {announced}\r\n\r\n"
            out.write(head.encode() + jpeg + b"\r\n")
            if is_cut:
                self.cut += 1
            else:
                self.sent += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, camera: MjpegServer, port: int) -> None:
        self.camera = camera
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        with suppress(OSError):  # the client went
            self.server.camera.stream(self.wfile)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def encode(pictures: Sequence[Pixels], quality: int = 88) -> list[bytes]:
    """Return pictures (BGR) as JPEGs."""
    jpegs = []
    for picture in pictures:
        done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        assert done, "a picture of this type cannot be a JPEG"
        jpegs.append(np.asarray(jpeg).tobytes())
    return jpegs


def split_film(path: Path) -> list[bytes]:
    """Return the JPEGs of a film as `ffmpeg -c:v mjpeg -f mjpeg` writes it: one after the other."""
    data, jpegs, start = path.read_bytes(), [], 0
    while (end := data.find(b"\xff\xd9", start)) >= 0:
        jpegs.append(data[start : end + 2])
        start = end + 2
    return jpegs
