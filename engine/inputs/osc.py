"""Receiving OSC: one thread reads UDP and TCP, decodes strictly, bounds floods and stamps what arrived."""

from __future__ import annotations

import contextlib
import errno
import heapq
import selectors
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from engine import clock
from engine.clock import NS
from engine.inputs.datagrams import BUFFER_BYTES, Datagrams
from engine.inputs.inbox import Inbox
from engine.inputs.osc_codec import IMMEDIATELY, OscError, decode
from engine.inputs.osc_pattern import is_pattern, matches, parse_pattern
from engine.inputs.osc_stream import OscStream
from engine.inputs.senders import Sender, Senders, is_loopback
from engine.problems import MixeurError
from engine.show.model import Osc
from engine.world import Event

NTP_TO_UNIX_S = 2_208_988_800
MOST_CLIENTS = 32
SLOW_CLIENT_NS = 5 * NS
IDLE_S = 0.5
LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class OscCounters:
    """What became of everything that came in.

    Attributes:
        received: Messages handed on; a pattern counts once for each address it meant.
        dropped: Packets and messages lost to a flood: in the kernel's buffer, by the sender's allowance, in our queue.
        malformed: Packets and streams that were no OSC.
        refused: Packets and connections of senders that are not allowed, and connections beyond the 32nd.
        scheduled: Messages that wait, or waited, for the time of their bundle.
        late: Messages of bundles whose time had passed when they arrived.
        beyond: Messages of bundles further ahead than `horizon_s`; they ran at once.
        failed: Exceptions of our own or of `on_event`.
    """

    received: int = 0
    dropped: int = 0
    malformed: int = 0
    refused: int = 0
    scheduled: int = 0
    late: int = 0
    beyond: int = 0
    failed: int = 0


class _Client:
    """One TCP connection."""

    def __init__(self, connection: socket.socket, sender: Sender) -> None:
        self.connection, self.sender = connection, sender
        self.stream = OscStream()
        self.complete_ns = clock.monotonic_ns()


class OscListener:
    """Listens on one port, UDP and TCP, in a thread of its own; a port or an address that is not there is waited for.

    Attributes:
        port: The port, also when the show asked for 0 (any free one).
        lost: Why nothing can be heard, or nothing.
    """

    def __init__(self, osc: Osc, known: Callable[[], Collection[str]] | None = None,
                 on_event: Callable[[Event], None] | None = None, buffer_bytes: int = BUFFER_BYTES) -> None:
        """Bind and start.

        Args:
            known: Gives the addresses (`/scene/embers/hue`) that a pattern may mean; called in the thread.
            on_event: Called in the thread when an event is due, right after decoding: the short way to sound.
            buffer_bytes: Receive buffer to ask the system for.

        Raises:
            MixeurError: `allow` holds something that is no network.
        """
        self._osc, self._known, self._on_event = osc, known, on_event
        self.port, self.lost = osc.port, ""
        self._senders = Senders(osc.allow, osc.max_per_s)
        self._inbox = Inbox()
        self._count = dict.fromkeys(OscCounters.__dataclass_fields__, 0)
        self._ahead: list[tuple[int, int, Event]] = []
        self._clients: set[_Client] = set()
        self._closing = False
        self._wanted = self._bound = osc
        self._buffer_bytes = buffer_bytes
        self._datagrams: Datagrams | None = None
        self._server: socket.socket | None = None
        self._selector = selectors.DefaultSelector()
        self._wake, woken = socket.socketpair()
        self._selector.register(woken, selectors.EVENT_READ, partial(woken.recv, 1))
        self._next_look_ns = 0
        self._look()
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        self._thread.start()

    @property
    def counters(self) -> OscCounters:
        """Return what became of everything that came in so far."""
        lost = self._inbox.dropped + (self._datagrams.lost if self._datagrams else 0)
        return OscCounters(**self._count | {"dropped": self._count["dropped"] + lost})

    def poll(self, until_ns: int | None = None) -> list[Event]:
        """Return the events that arrived, and those whose time came by `until_ns` (now, if None); never wait."""
        return self._inbox.poll(until_ns)

    def shut(self, on: bool) -> None:
        """Listen to this machine alone, on no other address, or again as the show says."""
        if on and not is_loopback(self._osc.bind):
            self._wanted = replace(self._osc, bind="::1" if ":" in self._osc.bind else "127.0.0.1", port=self.port)
        elif self._wanted is not self._osc:
            self._wanted = self._osc = replace(self._osc, port=self.port)
        if not self._closing:
            self._wake.send(b"\0")

    def close(self) -> None:
        """Stop the thread and give the port back; what waits can still be polled."""
        if self._closing:
            return
        self._closing = True
        self._wake.send(b"\0")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        if self._datagrams:
            self._datagrams.close()
        self._wake.close()

    # -- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select(self._pause_s()):
                try:
                    key.data()
                except Exception:  # whatever a packet or a callback does, the next one is heard
                    self._count["failed"] += 1
            self._announce_due()
            self._close_slow_clients()
            if self._wanted is not self._bound:
                self._move()
            if clock.monotonic_ns() >= self._next_look_ns:
                self._look()

    def _look(self) -> None:
        """Take the port, or see that its address is still this machine's; a network may come late, go and come back."""
        self._next_look_ns = clock.monotonic_ns() + round(LOOK_S * NS)
        try:
            if self._datagrams is None:
                self._bind()
            else:
                with _one_line(self._bound, "UDP"):
                    Datagrams(self._bound.bind, 0, BUFFER_BYTES).close()
            self.lost = ""
        except MixeurError as error:
            self.lost = str(error)

    def _move(self) -> None:
        """Let the port go on all addresses, and take it on those that are wanted now."""
        for client in list(self._clients):
            self._close_client(client)
        for taken in (self._datagrams, self._server):
            if taken is not None:
                self._selector.unregister(taken)
                taken.close()
        self._count["dropped"] += self._datagrams.lost if self._datagrams else 0
        self._datagrams = self._server = None
        self._bound = self._wanted
        self._look()

    def _bind(self) -> None:
        with _one_line(self._bound, "UDP"):
            datagrams = Datagrams(self._bound.bind, self._bound.port, self._buffer_bytes)
        if self._bound.tcp:
            try:
                with _one_line(self._bound, "TCP"):
                    self._server = _listen(self._bound.bind, datagrams.port)
                self._selector.register(self._server, selectors.EVENT_READ, self._accept)
            except MixeurError:
                datagrams.close()
                raise
        self._datagrams, self.port = datagrams, datagrams.port
        self._selector.register(datagrams, selectors.EVENT_READ, self._read_datagrams)

    def _pause_s(self) -> float:
        if not self._ahead:
            return IDLE_S
        return min(IDLE_S, max(0.0, (self._ahead[0][0] - clock.monotonic_ns()) / NS))

    def _read_datagrams(self) -> None:
        assert self._datagrams is not None
        for host, time_ns, packet in self._datagrams.receive():
            sender = self._senders.find(host)
            if not sender.allowed:
                self._count["refused"] += 1
            elif packet is None:
                self._count["malformed"] += 1
            else:
                self._take(packet, time_ns, sender)

    def _take(self, packet: bytes, time_ns: int, sender: Sender) -> None:
        if not sender.may_send(time_ns):
            self._count["dropped"] += 1
            return
        try:
            messages = decode(packet)
            sender.spend(max(len(messages), len(packet) >> 10))
            for address, args, timetag in messages:
                due_ns = time_ns if timetag == IMMEDIATELY else self._due_ns(timetag, time_ns)
                for source in _source(address) or self._meant(address, sender):
                    self._hand_on(Event(source, args, due_ns), time_ns)
        except OscError:
            sender.spend(1)
            self._count["malformed"] += 1

    def _due_ns(self, timetag: int, time_ns: int) -> int:
        """Return when a bundle is due, at the earliest now: NTP counts 2^-32 s from 1900."""
        due_ns = clock.realtime_to_monotonic_ns((timetag * NS >> 32) - NTP_TO_UNIX_S * NS)
        if due_ns <= time_ns:
            self._count["late"] += 1
            return time_ns
        if due_ns > time_ns + self._osc.horizon_s * NS:
            self._count["beyond"] += 1
            return time_ns
        self._count["scheduled"] += 1
        return due_ns

    def _meant(self, pattern: str, sender: Sender) -> list[str]:
        """Return the sources that a pattern means; looking costs its sender 1/16 message a known address."""
        tokens = parse_pattern(pattern)
        known = self._known() if self._known else ()
        meant = ["osc:" + address for address in known if matches(tokens, address)]
        sender.spend(len(known) / 16 + len(meant))
        return meant

    def _hand_on(self, event: Event, time_ns: int) -> None:
        self._count["received"] += 1
        if event.time_ns <= time_ns:
            self._inbox.put(event)
            self._announce(event)
            return
        if self._inbox.schedule(event) and self._on_event:
            heapq.heappush(self._ahead, (event.time_ns, self._count["received"], event))

    def _announce_due(self) -> None:
        while self._ahead and self._ahead[0][0] <= clock.monotonic_ns():
            self._announce(heapq.heappop(self._ahead)[2])

    def _announce(self, event: Event) -> None:
        if self._on_event:
            try:
                self._on_event(event)
            except Exception:  # a fault of the listener's owner must not cost the rest of the packet
                self._count["failed"] += 1

    # -- TCP --------------------------------------------------------------------------------

    def _accept(self) -> None:
        assert self._server is not None
        try:
            connection, name = self._server.accept()
        except OSError:
            clock.sleep_s(0.01)  # out of descriptors: do not spin on it
            return
        host = socket.inet_pton(connection.family, name[0].partition("%")[0])
        sender = self._senders.find(host)
        if not sender.allowed or len(self._clients) >= MOST_CLIENTS:
            self._count["refused"] += 1
            connection.close()
            return
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client = _Client(connection, sender)
        self._clients.add(client)
        self._selector.register(connection, selectors.EVENT_READ, partial(self._read_client, client))

    def _read_client(self, client: _Client) -> None:
        was_waiting = client.stream.waiting
        try:
            received = client.connection.recv(65_536)
            packets = client.stream.feed(received)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        except OscError:
            self._count["malformed"] += 1
            received = b""
        if not received:
            self._close_client(client)
            return
        time_ns = clock.monotonic_ns()
        if packets or not was_waiting:
            client.complete_ns = time_ns
        for packet in packets:
            self._take(packet, time_ns, client.sender)

    def _close_slow_clients(self) -> None:
        now_ns = clock.monotonic_ns()
        for client in list(self._clients):
            if client.stream.waiting and now_ns - client.complete_ns > SLOW_CLIENT_NS:
                self._count["malformed"] += 1
                self._close_client(client)

    def _close_client(self, client: _Client) -> None:
        self._clients.discard(client)
        self._selector.unregister(client.connection)
        client.connection.close()


@lru_cache(maxsize=1024)
def _source(address: str) -> tuple[str, ...]:
    """Return an exact address as a show file writes it; nothing for a pattern."""
    return () if is_pattern(address) else ("osc:" + address,)


def _listen(bind: str, port: int) -> socket.socket:
    server = socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((bind, port))
        server.listen(8)
        server.setblocking(False)
    except OSError:
        server.close()
        raise
    return server


@contextlib.contextmanager
def _one_line(osc: Osc, protocol: str) -> Iterator[None]:
    """Turn the system's refusal into a line with a remedy."""
    try:
        yield
    except PermissionError:
        raise MixeurError(f"osc.port: {protocol} port {osc.port} is the system's; set one above 1023") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise MixeurError(f"osc.port: {protocol} port {osc.port} is in use by another program; "
                              "close it or set another `port` under [osc]") from None
        raise MixeurError(f"osc.bind: cannot listen on '{osc.bind}' ({error.strerror}); "
                          "set `bind` to an address of this machine") from None
