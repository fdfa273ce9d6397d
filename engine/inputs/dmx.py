"""Receiving DMX over the network: Art-Net and sACN from lighting desks, as numbers for signals, touches and cues."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from engine import clock
from engine.clock import NS
from engine.inputs.datagrams import Datagrams
from engine.inputs.dmx_merge import Packet, Universe
from engine.inputs.inbox import Inbox
from engine.light import artnet, sacn
from engine.world import Event

SOURCE = re.compile(r"(artnet|sacn):([0-9]{1,5})/([0-9]{1,3})")
ARTNET_TIMEOUT_S, ARTNET_SYNC_S = 10.0, 4.0  # Art-Net 4: of a merge, of ArtSync
SACN_TIMEOUT_S = 2.5  # E1.31, 6.7.1: network data loss; of a synchronisation too
LOOK_S, IDLE_S = 2.0, 0.5
NAME = "mixeur"
Said = tuple[int, Packet]
"""A universe, and what is said of it."""


def wanted(sources: Iterable[str]) -> dict[str, dict[int, tuple[int, ...]]]:
    """Return for each protocol the channels that sources name, by universe: `artnet:0/5`, `sacn:1/512`."""
    found: dict[str, dict[int, set[int]]] = {}
    for source in sources:
        if match := SOURCE.fullmatch(source):
            found.setdefault(match[1], {}).setdefault(int(match[2]), set()).add(int(match[3]))
    return {kind: {universe: tuple(sorted(channels)) for universe, channels in own.items()}
            for kind, own in found.items()}


@dataclass(frozen=True)
class ArtNet:
    """Art-Net 4: sources are hosts; whoever polls is told which universes we listen to."""

    universes: Collection[int]
    kind: str = "artnet"

    @property
    def port(self) -> int:
        """Return the port of Art-Net."""
        return artnet.PORT

    def universe(self) -> Universe:
        """Return a universe that nobody has spoken of."""
        return Universe(ARTNET_TIMEOUT_S, ARTNET_SYNC_S)

    def joined(self, datagrams: Datagrams) -> str:
        """Return nothing: Art-Net is sent to us or to all."""
        return ""

    def read(self, host: bytes, packet: bytes) -> Said | int | None:
        """Return what a packet says; an ArtSync counts for the host that sends it."""
        number = int.from_bytes(host, "big") | 1 << 32
        if artnet.kind(packet) == artnet.SYNC:
            return number
        dmx = artnet.read_dmx(packet)
        if dmx is None:
            return None
        return dmx.universe, Packet(host, dmx.slots, sequence=dmx.sequence or None, sync=number)

    def answer(self, host: bytes, packet: bytes) -> bool:
        """Answer an ArtPoll; return whether it was one."""
        if artnet.kind(packet) != artnet.POLL:
            return False
        to = socket.inet_ntoa(host)
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reply:
            reply.setblocking(False)
            reply.connect((to, artnet.PORT))
            for page in artnet.poll_replies(reply.getsockname()[0], NAME, self.universes):
                reply.send(page)
        return True


@dataclass(frozen=True)
class Sacn:
    """sACN: sources name themselves and their priority; universes are multicast groups."""

    universes: Collection[int]
    kind: str = "sacn"

    @property
    def port(self) -> int:
        """Return the port of sACN."""
        return sacn.PORT

    def universe(self) -> Universe:
        """Return a universe that nobody has spoken of."""
        return Universe(SACN_TIMEOUT_S, SACN_TIMEOUT_S)

    def joined(self, datagrams: Datagrams) -> str:
        """Join the universes' groups."""
        try:
            for universe in self.universes:
                datagrams.join(sacn.group(universe))
        except OSError as error:
            return f"the network takes no multicast ({error.strerror}); see to the cable, or let it be sent to us alone"
        return ""

    def read(self, host: bytes, packet: bytes) -> Said | int | None:
        """Return what a packet says."""
        if number := sacn.read_sync(packet):
            return number
        dmx = sacn.read_dmx(packet)
        if dmx is None:
            return None
        return dmx.universe, Packet(dmx.cid, dmx.slots, dmx.priority, dmx.sequence, dmx.sync, dmx.ended)

    def answer(self, host: bytes, packet: bytes) -> bool:
        """Return that there is nothing to answer."""
        return False


DIALECTS: Mapping[str, Callable[[Collection[int]], ArtNet | Sacn]] = {"artnet": ArtNet, "sacn": Sacn}


class DmxInput:
    """Listens to one protocol in a thread of its own; a port or a network that is not there is waited for.

    Args:
        kind: `artnet` or `sacn`.
        channels: Which channels of which universes are wanted; nothing else is kept.
        streams: Sources that are told of with each packet, so that silence is noticed; the others when they change.
        bind: Address of this machine.

    Attributes:
        lost: Why nothing can be heard, or nothing.
        malformed: Packets that said nothing: broken, hostile, or of another kind.
    """

    def __init__(self, kind: str, channels: Mapping[int, tuple[int, ...]], streams: Collection[str] = (),
                 bind: str = "0.0.0.0") -> None:
        self.kind, self.lost, self.malformed = kind, "", 0
        self._dialect = DIALECTS[kind](channels.keys())
        self._channels, self._streams, self._bind = channels, streams, bind
        self._told: dict[str, int] = {}
        self._universes = {universe: self._dialect.universe() for universe in channels}
        self._inbox = Inbox()
        self._datagrams: Datagrams | None = None
        self._next_look_ns = 0
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._wake, woken = socket.socketpair()
        self._selector.register(woken, selectors.EVENT_READ)
        self._look()
        self._thread = threading.Thread(target=self._run, name=f"{kind} in", daemon=True)
        self._thread.start()

    def poll(self, until_ns: int | None = None) -> list[Event]:
        """Return what arrived since the last call; never wait."""
        return self._inbox.poll(until_ns)

    def close(self) -> None:
        """Stop the thread and give the port back."""
        self._closing = True
        self._wake.send(b"\0")
        self._thread.join()
        self._selector.close()
        self._wake.close()
        if self._datagrams:
            self._datagrams.close()

    # -- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            self._selector.select(IDLE_S)
            if self._datagrams:
                for universe, time_ns in self._read(self._datagrams).items():
                    self._publish(universe, time_ns)
            if clock.monotonic_ns() >= self._next_look_ns:
                self._look()

    def _look(self) -> None:
        """Take the port and join the groups; a network may come late, and go and come back."""
        self._next_look_ns = clock.monotonic_ns() + round(LOOK_S * NS)
        try:
            if self._datagrams is None:
                self._datagrams = Datagrams(self._bind, self._dialect.port, shared=True)
                self._selector.register(self._datagrams, selectors.EVENT_READ)
            self.lost = self._dialect.joined(self._datagrams)
        except OSError as error:
            self.lost = f"cannot listen on port {self._dialect.port}: {error.strerror}; end the program that has it"

    def _read(self, datagrams: Datagrams) -> dict[int, int]:
        """Return which universes may have changed, and when."""
        changed: dict[int, int] = {}
        for host, time_ns, packet in datagrams.receive():
            said = self._dialect.read(host, packet) if packet else None
            if isinstance(said, int):
                changed |= {universe: time_ns for universe, each in self._universes.items()
                            if each.sync(said, time_ns / NS)}
            elif said is None:
                self.malformed += not (packet and self._dialect.answer(host, packet))
            elif said[0] in self._universes and self._universes[said[0]].take(said[1], time_ns / NS):
                changed[said[0]] = time_ns
        return changed

    def _publish(self, universe: int, time_ns: int) -> None:
        slots = self._universes[universe].merged(time_ns / NS)
        if slots is None:
            return
        for channel in self._channels[universe]:
            source, value = f"{self.kind}:{universe}/{channel}", int(slots[channel - 1])
            if source in self._streams or self._told.get(source) != value:
                self._told[source] = value
                self._inbox.put(Event(source, (value / 255,), time_ns))
