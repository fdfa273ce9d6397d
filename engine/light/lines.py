"""Lines: the ways on which universes leave the machine: Art-Net and sACN by UDP, and USB."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

from engine.light import artnet, sacn
from engine.light.usb import UsbLine

NAME = "mixeur"
LAST_WORDS = 3  # how often a source says that it ends (E1.31)


class Line(Protocol):
    """One protocol's universes."""

    @property
    def lost(self) -> Mapping[str, str]:
        """Return why nothing goes out, by universe."""

    def send(self, universes: Mapping[str, bytes], ended: bool = False) -> None:
        """Send the values of all its universes; `ended`: for the last time."""

    def close(self) -> None:
        """Give back what it holds of the system."""


class UdpLine:
    """What both protocols share: a socket that never waits, and words for what is wrong with it."""

    def __init__(self, kind: str) -> None:
        self.lost: dict[str, str] = {}
        self._kind = kind
        self._found: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def _count(self, universe: str) -> int:
        self._counts[universe] = self._counts.get(universe, 0) % 255 + 1
        return self._counts[universe]

    def _post(self, packet: bytes, host: str, port: int, universe: str) -> None:
        try:
            if host not in self._found:  # a name is asked for once; in this thread that may take its time
                self._found[host] = socket.gethostbyname(host)
            self._socket.sendto(packet, (self._found[host], port))
            self.lost.pop(universe, None)
        except BlockingIOError:
            pass  # the network is slower than we are: the next frame comes soon
        except OSError as error:
            self.lost[universe] = f"{self._kind} to {host}: {error.strerror}; see to the network cable and its address"

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class ArtNetLine(UdpLine):
    """Universes `artnet:HOST/UNIVERSE`; a host with several of them gets an ArtSync after the last."""

    def __init__(self) -> None:
        super().__init__("Art-Net")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    def send(self, universes: Mapping[str, bytes], ended: bool = False) -> None:
        """Send the values of all universes."""
        hosts: dict[str, int] = {}
        for name, slots in universes.items():
            host, _, number = name.removeprefix("artnet:").rpartition("/")
            self._post(artnet.dmx(int(number), self._count(name), slots), host, artnet.PORT, name)
            hosts[host] = hosts.get(host, 0) + 1
        for host, count in hosts.items():
            if count > 1:
                self._post(artnet.sync(), host, artnet.PORT, host)


class SacnLine(UdpLine):
    """Universes `sacn:UNIVERSE`, to all by multicast, or `sacn:HOST/UNIVERSE`; several are shown at once."""

    def __init__(self) -> None:
        super().__init__("sACN")
        self._cid = uuid.uuid4().bytes
        with suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 16)

    def send(self, universes: Mapping[str, bytes], ended: bool = False) -> None:
        """Send the values of all universes."""
        numbers = {name: int(name.removeprefix("sacn:").rpartition("/")[2]) for name in universes}
        together = min(numbers.values()) if len(numbers) > 1 and not ended else 0
        hosts = {name: name.removeprefix("sacn:").rpartition("/")[0] for name in universes}
        for name, slots in universes.items():
            packet = sacn.dmx(numbers[name], self._count(name), slots, self._cid, NAME, sync=together, ended=ended)
            for _ in range(LAST_WORDS if ended else 1):
                self._post(packet, hosts[name] or sacn.group(numbers[name]), sacn.PORT, name)
        if together:
            packet = sacn.sync(together, self._count("sync"), self._cid)
            for host in dict.fromkeys(hosts.values()):
                self._post(packet, host or sacn.group(together), sacn.PORT, host)


LINES: Mapping[str, Callable[[], Line]] = {
    "artnet": ArtNetLine,
    "sacn": SacnLine,
    "enttec": partial(UsbLine, "enttec"),
    "opendmx": partial(UsbLine, "opendmx"),
}
