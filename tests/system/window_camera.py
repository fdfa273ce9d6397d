"""A network camera that looks at real windows: screenshots of projectors, through a computed room's optics."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.cases import CAMERA
from calibration.simulator.colour import EYES, light_of
from calibration.simulator.light import View, expose
from calibration.simulator.room import Room
from engine.fake.mjpeg import BOUNDARY
from tests.system.rig import Picture

GREY = 3


class WindowCamera:
    """Serves what a room's camera sees of the windows on an X server, as multipart JPEGs over HTTP.

    Args:
        display: The X server, such as `:81`.
        areas: (x, y, width, height) of each projector's output, in the order of the room's.
        quality: Of the JPEGs.

    Attributes:
        url: Where the pictures are.
        spoil: Changes a picture (BGR) before it is encoded; gets how many came before.
        pictures: How many were made.
    """

    def __init__(self, room: Room, display: str, areas: list[tuple[int, int, int, int]], fps: int = 25,
                 quality: int = 95) -> None:
        self.room, self.view = room, View(room, CAMERA, fine=1)
        self._areas = dict(zip(room.projectors, areas, strict=False))
        self._quality, self._grain = quality, Grain(room.cameras[CAMERA].lens.size)
        self._known: tuple[Picture, list[NDArray[np.float32]]] | None = None
        self.spoil = lambda picture, number: picture
        self.pictures = 0
        width = max(x + w for x, _, w, _ in areas)
        height = max(y + h for _, y, _, h in areas)
        options = {"framerate": str(fps), "video_size": f"{width}x{height}", "draw_mouse": "0"}
        self._screen = av.open(display, format="x11grab", options=options)
        self._jpeg, self._arrival, self._ending = b"", threading.Condition(), threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.camera = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/stream"
        self._threads = [threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True),
                         threading.Thread(target=self._look, daemon=True)]

    def __enter__(self) -> WindowCamera:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(5)
        self._screen.close()

    def seen(self, desktop: Picture, noise: bool = True) -> Picture:
        """Return the camera's picture, BGR, of what all outputs show (BGR)."""
        camera = self.room.cameras[CAMERA]
        channels = [expose(light, camera, self._grain) if noise else np.clip(np.rint(light), 0, 255).astype(np.uint8)
                    for light in self._lights(desktop)]
        return cv2.merge(channels if len(channels) == 3 else channels * 3)

    def _lights(self, desktop: Picture) -> list[NDArray[np.float32]]:
        """Return the light of a grey picture, or of blue, green and red; known already while nothing changes."""
        if self._known is None or not np.array_equal(self._known[0], desktop):
            self._known = desktop.copy(), self._looked(desktop)
        return self._known[1]

    def _looked(self, desktop: Picture) -> list[NDArray[np.float32]]:
        frames = {name: desktop[y:y + h, x:x + w] for name, (x, y, w, h) in self._areas.items()}
        is_grey = all((frame[..., 0] == frame[..., 1]).all() and (frame[..., 1] == frame[..., 2]).all()
                      for frame in frames.values())
        return [self.view.radiance({
            name: light_of(self.room.projectors[name], np.ascontiguousarray(frame[..., ::-1]), EYES[eye])
            for name, frame in frames.items()}, eye=eye) for eye in ((GREY,) if is_grey else (2, 1, 0))]

    def next_jpeg(self, last: bytes) -> bytes:
        """Wait for the next picture; an empty one at the end."""
        with self._arrival:
            while self._jpeg is last and not self._ending.is_set():
                self._arrival.wait(0.1)
            return b"" if self._ending.is_set() else self._jpeg

    def _look(self) -> None:
        with suppress(OSError):  # a camera's own processor does not wait for others
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -15)
        for frame in self._screen.decode(video=0):
            if self._ending.is_set():
                return
            picture = self.spoil(self.seen(frame.to_ndarray(format="bgr24")), self.pictures)
            self.pictures += 1
            jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1].tobytes()
            with self._arrival:
                self._jpeg = jpeg
                self._arrival.notify_all()


class Grain(np.random.Generator):
    """Noise cut anywhere from a sheet that is drawn once: a camera of this machine's would take half a core for it."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(np.random.PCG64(1))
        self._sheet = super().standard_normal((2 * size[1], 2 * size[0]), np.float32)

    def standard_normal(self, shape: tuple[int, int], dtype: type) -> NDArray[np.float32]:  # type: ignore[override]
        """Return noise. Shape (height, width)."""
        y, x = (self.integers(whole - part + 1) for whole, part in zip(self._sheet.shape, shape, strict=True))
        return self._sheet[y:y + shape[0], x:x + shape[1]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    camera: WindowCamera


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        jpeg = b""
        with suppress(OSError):  # the client went
            while jpeg := self.server.camera.next_jpeg(jpeg):
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
