"""Another room that shares our world: it is told who is here, and tells who is there; one thread, one socket each.

Both rooms name one port; the socket is connected, so that nobody else is heard. It stands where a camera stands: its
people are visitors, and their light is a silhouette.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.clock import NS, monotonic_ns
from engine.inputs.silhouettes import LONGEST, NoSilhouettes, decode, encode
from engine.show import model
from engine.world import Matte, Pixels, Sighting, Visitor

MOST_OFTEN_NS = NS // 40
SILENT_NS = NS  # so long nothing is heard, and nobody is there
LOOK_S = 2.0
MATTE_SIZE = (640, 360)
LIGHT = (196, 220, 255)  # of those who are there


@dataclass(frozen=True, slots=True)
class Gate:
    """One of the doors in front of a far room; it is open when all of them are."""

    room: FarRoom
    name: str

    def shut(self, on: bool) -> None:
        """Send and hear nothing, or again."""
        (self.room.closed_by.add if on else self.room.closed_by.discard)(self.name)
        self.room.wake()


class FarRoom:
    """The engine's end of another room; nothing here waits.

    Args:
        aspect: Width of the stage in stage units.

    Attributes:
        lost: Why nothing comes from there, or nothing.
        closed_by: Gates of the house that are closed in front of it.
        refused: Datagrams that were no silhouettes.
    """

    def __init__(self, room: model.FarRoom, aspect: float) -> None:
        self.room, self._aspect = room, aspect
        self.closed_by: set[str] = set()
        self.lost, self.refused = "looking for it", 0
        self._heard: tuple[Sighting, Matte] | None = None
        self._newest: tuple[int, Pixels | None, Sequence[Visitor]] | None = None
        self._mask: Pixels | None = None
        self._told_ns = 0
        self._closing = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"room {room.name}", daemon=True)
        self._thread.start()

    def tell(self, mask: Pixels | None, people: Sequence[Visitor]) -> None:
        """Tell it who is here, if the picture is a new one."""
        now_ns = monotonic_ns()
        if self.closed_by or now_ns - self._told_ns < MOST_OFTEN_NS or (mask is not None and mask is self._mask):
            return
        self._told_ns, self._mask = now_ns, mask
        self._newest = now_ns, mask, people
        self.wake()

    def wake(self) -> None:
        """Let the thread look at what has changed."""
        with contextlib.suppress(BlockingIOError):  # it is awake
            self._wake.send(b"\0")

    def poll(self, now_ns: int) -> tuple[Sighting, Matte | None]:
        """Return who is there; nobody while it is silent, or shut."""
        heard = self._heard
        if heard is None or self.closed_by or now_ns - heard[0].captured_ns > SILENT_NS:
            return Sighting(self.room.name, "lost"), None
        return heard

    def guest(self, x: float, y: float, present: bool) -> None:
        """Take no notice of the mouse: it is a guest of our room."""

    def close(self) -> None:
        """End the thread and give the port back."""
        self._closing = True
        self.wake()
        self._thread.join()
        self._wake.close()
        self._woken.close()

    # -- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            if self.closed_by:
                self.lost = ""
                self._rest()
                continue
            try:
                link = self._open()
            except OSError as error:
                self.lost = f"cannot reach {self._where} ({error.strerror}); check host, bind and network"
                self._rest()
                continue
            with link, selectors.DefaultSelector() as selector:
                selector.register(link, selectors.EVENT_READ)
                selector.register(self._woken, selectors.EVENT_READ)
                self._serve(link, selector)

    @property
    def _where(self) -> str:
        return f"{self.room.host}:{self.room.port}"

    def _open(self) -> socket.socket:
        """Return a socket that hears this room alone."""
        family = socket.AF_INET6 if ":" in self.room.bind else socket.AF_INET
        address = socket.getaddrinfo(self.room.host, self.room.port, family, socket.SOCK_DGRAM)[0][4]
        link = socket.socket(family, socket.SOCK_DGRAM)
        try:
            link.bind((self.room.bind, self.room.port))
            link.connect(address)
            link.setblocking(False)
        except OSError:
            link.close()
            raise
        return link

    def _serve(self, link: socket.socket, selector: selectors.BaseSelector) -> None:
        """Send and hear until it ends or is shut."""
        heard_ns = monotonic_ns()
        while not self._closing and not self.closed_by:
            ready = [key.fileobj for key, _ in selector.select(LOOK_S)]
            if self._woken in ready:
                self._woken.recv(4096)
                self._send(link)
            if link in ready and self._hear(link):
                heard_ns, self.lost = monotonic_ns(), ""
            elif monotonic_ns() - heard_ns > LOOK_S * NS:
                self.lost = f"nothing heard from {self._where}; is its show on, and does it name this room?"

    def _send(self, link: socket.socket) -> None:
        newest, self._newest = self._newest, None
        if newest is None:
            return
        with contextlib.suppress(OSError):  # nobody is there, or no network: what is not heard is told as lost
            link.send(encode(*newest, self._aspect))

    def _hear(self, link: socket.socket) -> bool:
        """Take the newest datagram; return whether there was one."""
        packet = b""
        try:
            while len(packet) <= LONGEST:
                packet = link.recv(LONGEST + 1)
        except BlockingIOError:
            pass
        except OSError:
            return False  # it refuses: its show is not on
        if not packet:
            return False
        try:
            seen = decode(packet, self.room.name, monotonic_ns())
        except NoSilhouettes:
            self.refused += 1
            return False
        # A little behind is a datagram that was overtaken on its way; far behind, a machine that began anew.
        if self._heard is None or not 0 <= self._heard[0].frame - seen.frame < NS:
            assert seen.mask is not None
            self._heard = seen, Matte(silhouette(seen.mask), seen.captured_ns, seen.frame)
        return True

    def _rest(self) -> None:
        """Wait until it is time to look again, or something has changed."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            if selector.select(LOOK_S):
                self._woken.recv(4096)


def silhouette(mask: Pixels) -> Pixels:
    """Return a mask of few cells as a smooth figure of light: premultiplied RGBA, 640 x 360, read-only."""
    large = cv2.GaussianBlur(cv2.resize(mask, MATTE_SIZE, interpolation=cv2.INTER_LINEAR), (0, 0), 3)
    cover = cv2.LUT(large, np.clip((np.arange(256) - 88) * 3.2, 0, 255).astype(np.uint8))
    figure = np.empty((*cover.shape, 4), np.uint8)
    for channel, light in enumerate((*LIGHT, 255)):
        figure[..., channel] = cv2.convertScaleAbs(cover, alpha=light / 255)
    figure.flags.writeable = False
    return figure
