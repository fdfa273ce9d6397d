"""Network cameras that speak anything but multipart JPEGs: RTSP and whatever else FFmpeg understands, by PyAV."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from engine.clock import NS, monotonic_ns
from engine.inputs.camera_source import DEADLINE_S, SourceLost, host_of, why
from engine.world import Pixels

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
OPENING_S = 3.0  # what comes before the first key picture cannot be shown
REACHING_S = 1.0


class StreamSource:
    """A film that comes over the network while it is made.

    Raises:
        SourceLost: On opening and reading, when the camera refuses, ends, or is silent.
    """

    truncated = skipped = 0
    may_repeat = False

    def __init__(self, url: str) -> None:
        import av

        self._host = host_of(url)
        _reach(url)
        # Not `nobuffer`: it throws away the key picture that was probed, and the next comes a second later or more.
        options = {"flags": "low_delay", "fpsprobesize": "0"}
        if url.startswith("rtsp"):
            options["rtsp_transport"] = "tcp"
        self._silences, self._asked_ns = (av.ExitError, av.TimeoutError), monotonic_ns()
        self._errors = (av.FFmpegError, OSError, ValueError, IndexError)
        try:
            self._container: Any = av.open(url, options=options, timeout=(OPENING_S, DEADLINE_S))
            stream = self._container.streams.video[0]
            stream.thread_type = "NONE"
            self._frames = self._container.decode(stream)
        except self._errors as error:
            raise SourceLost(self._reason(error)) from None  # its own words hold the whole address, password too

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        """Return the next picture (BGR), stamped when decoded."""
        self._asked_ns = monotonic_ns()
        try:
            frame = next(self._frames)
        except StopIteration:
            raise SourceLost(f"{self._host} ended its stream; is the camera starting again?") from None
        except self._errors as error:
            raise SourceLost(self._reason(error)) from None
        if self._took_s() >= DEADLINE_S:  # the decoder gives up its last pictures when the stream is cut off
            raise SourceLost(why(TimeoutError(), self._host))
        return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), monotonic_ns()

    def close(self) -> None:
        """Hang up."""
        with suppress(*self._errors):
            self._container.close()

    def _took_s(self) -> float:
        return (monotonic_ns() - self._asked_ns) / NS

    def _reason(self, error: Exception) -> str:
        if isinstance(error, self._silences) or self._took_s() >= DEADLINE_S:  # it may be called nonsense, too
            return why(TimeoutError(), self._host)
        if isinstance(error, ConnectionError):
            return why(error, self._host)
        if isinstance(error, IndexError):
            return f"{self._host} sends no pictures, only sound; check the address"
        told = getattr(error, "strerror", "") or "no film"
        return f"{self._host} answers: {told}; check the address, the name and the password"


def _reach(url: str) -> None:
    """Find in a second whether anybody is there: FFmpeg tries for three, and then does not say why it gave up."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        return
    try:
        address = parts.hostname, parts.port or PORTS[parts.scheme]
        socket.create_connection(address, timeout=REACHING_S).close()
    except (OSError, ValueError) as error:
        raise SourceLost(why(error, host_of(url))) from error
