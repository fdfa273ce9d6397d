"""How many OSC messages a second arrive without loss while the loop holds the interpreter lock."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any

from engine import clock
from engine.bench.figure import Figure, Record, interleaved
from engine.clock import NS

FIGURES = (Figure("osc_in_per_s", "1/s", "higher", 10_000.0),)
RATES = (1_000, 2_500, 5_000, 10_000, 15_000, 20_000, 30_000)
TRIES = 3
ROUND_S = 0.5
FRAME_NS, HELD_NS = NS // 60, 10_000_000
DEFAULT_BUFFER = 212_992
SOURCES = 100
DECODED = 2_000

Take = Callable[[], int]
"""Takes what arrived since the last call and returns how many messages that was."""
Receiver = Callable[[], AbstractContextManager[tuple[int, Take]]]


def measure(names: Collection[str]) -> list[Record]:
    """Return the highest rate that lost nothing, ours and python-osc's, and what both decode when they do only that."""
    receivers: dict[str, Receiver] = {"mixeur": _our_receiver, "python_osc_blocking": _python_osc_receiver}
    best = dict.fromkeys(receivers, 0.0)
    work = _ten_milliseconds()
    with _sender() as pipes:
        for rate in RATES:
            for name, receiver in receivers.items():
                if rate == RATES[0] or best[name] >= rate / 3:  # two losses in a row are enough
                    best[name] = max(best[name], _best_of_tries(receiver, pipes, rate, work))
    peers = {"python_osc_blocking": best["python_osc_blocking"]} | _decoding()
    return [figure.record(best["mixeur"], peers) for figure in FIGURES if figure.name in names]


def _best_of_tries(receiver: Receiver, pipes: tuple[IO[str], IO[str]], rate: int, work: int) -> float:
    """Return the first rate that lost nothing: a neighbour's burst on the same cores is not our loss."""
    return next(filter(None, (_reached(receiver, pipes, rate, work) for _ in range(TRIES))), 0.0)


def _reached(receiver: Receiver, pipes: tuple[IO[str], IO[str]], rate: int, work: int) -> float:
    """Return the rate that another process sent at, or 0 if any message was lost; frames as the engine's loop has."""
    count, got = round(rate * ROUND_S), 0
    with receiver() as (port, take):
        print(port, rate, count, file=pipes[0], flush=True)
        end_ns = clock.monotonic_ns() + round((ROUND_S * 2 + 0.3) * NS)
        due_ns = clock.monotonic_ns()
        while got < count and clock.monotonic_ns() < end_ns:
            sum(range(work))  # one call into C: nobody else gets the lock for 10 ms
            got += take()
            due_ns += FRAME_NS
            clock.sleep_s(max(0, due_ns - clock.monotonic_ns()) / NS)
        sent_per_s = float(pipes[1].readline())
    return sent_per_s if got == count else 0.0


def _ten_milliseconds() -> int:
    count = 100_000
    start_ns = clock.monotonic_ns()
    sum(range(count))
    return round(count * HELD_NS / (clock.monotonic_ns() - start_ns))


@contextmanager
def _our_receiver() -> Iterator[tuple[int, Take]]:
    from engine.inputs.osc import OscListener
    from engine.show.model import Osc

    # Linux doubles what is asked for: this gives the buffer that a socket has without asking.
    listener = OscListener(Osc(port=0, tcp=False, max_per_s=1_000_000), buffer_bytes=DEFAULT_BUFFER // 2)
    try:
        yield listener.port, lambda: len(listener.poll())
    finally:
        listener.close()


@contextmanager
def _python_osc_receiver() -> Iterator[tuple[int, Take]]:
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.osc_server import BlockingOSCUDPServer

    heard: list[Any] = []
    dispatcher = Dispatcher()
    for number in range(SOURCES):
        dispatcher.map(f"/sensor/{number}/level", lambda address, *args: heard.append((address, args)))
    server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def take() -> int:
        taken = len(heard)
        del heard[:taken]
        return taken

    try:
        yield server.server_address[1], take
    finally:
        server.shutdown()
        server.server_close()


def _decoding() -> dict[str, float]:
    from pythonosc.osc_packet import OscPacket

    from engine.inputs.osc_codec import decode

    packets = _packets()

    def ours() -> None:
        for at in range(DECODED):
            decode(packets[at % SOURCES])

    def theirs() -> None:
        for at in range(DECODED):
            OscPacket(packets[at % SOURCES])

    timings = interleaved({"decode_only": ours, "python_osc_decode_only": theirs}, rounds=7)
    return {name: DECODED / timing.median_ms * 1e3 for name, timing in timings.items()}


def _packets() -> list[bytes]:
    packets = []
    for number in range(SOURCES):
        address = f"/sensor/{number}/level".encode()
        packets.append(address + b"\0" * (4 - len(address) % 4) + b",f\0\0" + struct.pack(">f", number / SOURCES))
    return packets


@contextmanager
def _sender() -> Iterator[tuple[IO[str], IO[str]]]:
    """Run this module as a process that sends what it is told, line by line."""
    with subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdin and process.stdout
        yield process.stdin, process.stdout
        process.stdin.close()


def _send() -> None:
    packets = _packets()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for line in sys.stdin:
            port, rate, count = (int(word) for word in line.split())
            start_ns = clock.monotonic_ns()
            for number in range(count):
                if number % 10 == 0:
                    clock.sleep_s(max(0.0, (start_ns - clock.monotonic_ns()) / NS + number / rate))
                sender.sendto(packets[number % SOURCES], ("127.0.0.1", port))
            sys.stdout.write(f"{count * NS / (clock.monotonic_ns() - start_ns)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _send()
