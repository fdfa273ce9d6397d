"""What all sources of pictures share: how they are read, and the words for why one is gone."""

from __future__ import annotations

import re
import socket
import ssl
from typing import Protocol
from urllib.parse import urlsplit

from engine.problems import MixeurError
from engine.world import Pixels

DEADLINE_S = 1.0


class SourceLost(MixeurError):
    """The source is gone or was never there; it must be opened again."""


class Source(Protocol):
    """Something that gives pictures; lost sources raise `SourceLost` and are opened again.

    Attributes:
        truncated: How many pictures were thrown away because they were not whole.
        skipped: How many were passed over because a newer one was there already.
        may_repeat: Whether the same picture again is no fault: a film may stand still, a sensor has noise.
    """

    truncated: int
    skipped: int
    may_repeat: bool

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        """Return a picture, BGR, shape (height, width, 3), and its arrival (monotonic ns); None if there is none."""

    def close(self) -> None:
        """Give the device back."""


def host_of(url: str) -> str:
    """Return host and port of an address: never a name, a password or a query, which may hold one."""
    return urlsplit(without_secrets(url)).netloc or "the camera"


def without_secrets(source: str) -> str:
    """Return a camera's source as it may be shown: an address without name, password and query."""
    # The last @ counts: people write passwords with slashes in them as they are.
    return re.sub(r"[?#].*", "", re.sub(r"//.*@", "//", source)) if "://" in source else source


def why(error: OSError | ValueError, host: str) -> str:
    """Return what keeps us from a host, in words with the remedy."""
    match error:
        case ssl.SSLError():
            return f"{host} has no certificate that this machine trusts; write http:// if its network is your own"
        case socket.gaierror():
            return f"nobody knows the name {host}; check it and the network, or write the camera's number instead"
        case TimeoutError():
            return f"no answer from {host}; check its power and cable"
        case ConnectionRefusedError():
            return f"{host} refuses; is the camera still starting, and is the port right?"
        case ConnectionError():
            return f"{host} broke the connection; did the camera start again?"
        case OSError():
            return f"no way to {host} ({error.strerror or 'network error'}); check the network's cable"
    return f"the address of {host} is none; write http://HOST/PATH or rtsp://HOST/PATH"
