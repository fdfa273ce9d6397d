"""Faults of the network: storms of cues and Params, floods, packets that are no OSC, and sensors that fall silent."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random
from threading import Event, Thread

from engine.stress.faults import Kind
from engine.stress.venue import Venue

STEP_S = 0.05
CONNECTIONS = 40
FLOOD = 400  # messages a step, 8000 a second


def kinds(venue: Venue) -> Iterator[Kind]:
    """Yield the faults that come over the network."""
    yield Kind("osc: flood", _flood, (1.0, 4.0), holds="osc", pull="osc")
    yield Kind("osc: hostile packets", _hostile, (1.0, 3.0), holds="osc")
    if venue.show.osc.tcp:
        yield Kind("osc: connections held", _connections, (1.0, 5.0), holds="osc")
    if len(venue.cues) > 1:
        yield Kind("cues: storm", _cue_storm, (1.0, 4.0), holds="cue")
        yield Kind("cues: another", _other_cue, (1.5, 1.5), holds="cue")
    if venue.params:
        yield Kind("params: storm", _param_storm, (1.0, 4.0), holds="params")
        yield Kind("params: set", _param_set, (1.5, 1.5), holds="params")
    for name, touch in venue.show.touches.items():
        if touch.source.startswith("osc:"):
            yield Kind(f"touch.{name}: stuck, then silent", _Stuck(touch.source[4:]), (1.0, 4.0), holds=f"touch.{name}")


@contextmanager
def _again(step: Callable[[], None]) -> Iterator[None]:
    """Do something twenty times a second beside the rehearsal."""
    ending = Event()

    def run() -> None:
        while not ending.wait(STEP_S):
            step()

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


@contextmanager
def _flood(venue: Venue, dice: Random) -> Iterator[str]:
    address = dice.choice(["/nobody", "/contact/level", "/scene/none/none", "/*"])

    def step() -> None:
        for _ in range(FLOOD):
            venue.osc(address, dice.random())

    with _again(step):
        yield f"{FLOOD / STEP_S:.0f} messages a second to {address}"


@contextmanager
def _hostile(venue: Venue, dice: Random) -> Iterator[str]:
    def step() -> None:
        for _ in range(20):
            venue.packet(_packet(dice))

    with _again(step):
        yield "packets that are no OSC, or hardly"


def _packet(dice: Random) -> bytes:
    head = dice.choice((b"", b"/", b"#bundle\0", b"/scene/", b"/cue/"))
    bundle = b"#bundle\0" + struct.pack(">Qi", dice.getrandbits(64), dice.choice((-4, 0, 3, 2**31 - 1)))
    nan = b"/scene/x\0\0\0\0,f\0\0" + struct.pack(">f", dice.choice((float("nan"), float("inf"), -1e38)))
    pattern = b"/" + b"{a,b}*[!z]?" * dice.randint(1, 8)
    return dice.choice((head + dice.randbytes(dice.randint(0, 200)), bundle, nan, pattern, dice.randbytes(60_000)))


@contextmanager
def _connections(venue: Venue, dice: Random) -> Iterator[str]:
    held = []
    try:
        for _ in range(CONNECTIONS):
            with suppress(OSError):
                held.append(socket.create_connection(("127.0.0.1", venue.show.osc.port), 0.2))
                held[-1].sendall(dice.choice((b"\0\0\xff\xff", b"\xc0/half", b"GET / HTTP/1.1\r\n", b"")))
        yield f"{len(held)} connections that say half a message"
    finally:
        for connection in held:
            connection.close()


@contextmanager
def _cue_storm(venue: Venue, dice: Random) -> Iterator[str]:
    words = ["/cue/go", "/cue/back", *(f"/cue/{cue}" for cue in venue.cues)]
    with _again(lambda: venue.osc(dice.choice(words))):
        yield "twenty cue changes a second"
    venue.go_home()


@contextmanager
def _other_cue(venue: Venue, dice: Random) -> Iterator[str]:
    cue = dice.choice([cue for cue in venue.cues if cue != venue.home])
    venue.osc(f"/cue/{cue}")
    yield f"cue {cue}, and back"
    venue.go_home()


@contextmanager
def _param_storm(venue: Venue, dice: Random) -> Iterator[str]:
    def step() -> None:
        for address, (low, high) in venue.params.items():
            venue.osc(address, dice.choice((dice.uniform(low, high), low, high, 1e30, -1e30)))

    with _again(step):
        yield f"{len(venue.params)} Params turned twenty times a second"
    for address, (low, _) in venue.params.items():
        venue.ask(address, low)


@contextmanager
def _param_set(venue: Venue, dice: Random) -> Iterator[str]:
    address = dice.choice(sorted(venue.params))
    value = round(dice.uniform(*venue.params[address]), 3)
    venue.ask(address, value)
    yield f"{address} {value:g}"


class _Stuck:
    """A touch that is held at full, and then says nothing any more."""

    def __init__(self, address: str) -> None:
        self._address = address

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        with _again(lambda: venue.osc(self._address, 1.0)):
            yield f"{self._address} 1, again and again"
