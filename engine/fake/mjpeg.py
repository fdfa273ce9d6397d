"""A network camera: JPEGs over HTTP as real ones send them, with the faults of real ones."""

from __future__ import annotations

import itertools
import os
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import cv2
import numpy as np

from engine.clock import NS, monotonic_ns
from engine.world import Pixels

BOUNDARY = "mixeurframe"
EOI = b"\xff\xd9"
Fault = Literal["", "mute", "endless", "page", "elsewhere", "password", "missing", "busy", "reset"]
STATUS = {"password": 401, "missing": 404, "busy": 503}


class MjpegServer:
    """Serves encoded pictures again and again to every client, from `start()` to `close()`.

    Picture n goes out when the monotonic clock is a multiple of the time between pictures, and n is that multiple
    modulo their number: whoever can tell the pictures apart knows how old one is.

    Args:
        jpegs: The encoded pictures, in order.
        port: 0 takes a free one.

    Attributes:
        url: Where the pictures are.
        fault: What is wrong with the camera now; running connections end with it, new ones meet it.
        truncate_every: Every n-th picture is cut short, length included; 0: none.
        is_stalled: While true nothing is sent, but connections stay.
        is_frozen: While true the same picture is sent again and again.
        is_slow: While true pictures come byte by byte, ten a second.
        lies_about_length: Cut pictures keep the length of the whole ones.
        ends_cuts: Cut pictures get an end marker, as some cameras give them.
        sent: Pictures sent whole, to all clients.
        cut: Pictures sent cut short.
    """

    def __init__(self, jpegs: Sequence[bytes], fps: float = 30.0, port: int = 0) -> None:
        self._jpegs = list(jpegs)
        self._step_ns = round(NS / fps)
        self.truncate_every = 0
        self.fault: Fault = ""
        self.is_stalled = self.is_frozen = self.is_slow = self.lies_about_length = self.ends_cuts = False
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
            if self._ending.is_set() or self.fault:
                return
            held = held if self.is_frozen else number
            whole = self._jpegs[held % len(self._jpegs)]
            is_cut = bool(self.truncate_every) and (number + 1) % self.truncate_every == 0
            jpeg = whole[: len(whole) * 2 // 3] + EOI * self.ends_cuts if is_cut else whole
            announced = len(whole) if self.lies_about_length else len(jpeg)
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {announced}\r\n\r\n"
            self._write(out, head.encode() + jpeg + b"\r\n")
            if is_cut:
                self.cut += 1
            else:
                self.sent += 1

    def wait(self, seconds: float) -> bool:
        """Wait while the server runs; return whether it still does."""
        return not self._ending.wait(seconds)

    def _write(self, out: Any, data: bytes) -> None:
        for place in range(len(data)):
            if not self.is_slow:
                out.write(data[place:])
                return
            out.write(data[place : place + 1])
            self._ending.wait(0.1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, camera: MjpegServer, port: int) -> None:
        self.camera = camera
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.close_connection = True
        camera = self.server.camera
        with suppress(OSError):  # the client went
            if camera.fault:
                self._fail(camera.fault)
            else:
                self._stream()
        if camera.fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())  # with nothing to linger for it is a reset, not an end

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        self.server.camera.stream(self.wfile)

    def _fail(self, fault: Fault) -> None:
        camera = self.server.camera
        while camera.fault == fault == "mute" and camera.wait(0.02):
            pass
        if fault in STATUS:
            self.send_error(STATUS[fault])
        elif fault == "page":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html><body>Log in</body></html>")
        elif fault == "elsewhere":
            self.send_response(302)
            self.send_header("Location", f"http://name:secret@127.0.0.1:{camera.port}/stream?token=secret")
            self.end_headers()
        elif fault == "endless":
            self.send_response_only(200)
            self.flush_headers()
            while camera.fault == fault and camera.wait(0.001):
                self.wfile.write(b"X-More: and more\r\n" * 100)

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
