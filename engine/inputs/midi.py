"""MIDI in and out: the only file that knows mido. Ports by (part of) their name, or `socket:HOST:PORT`."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal

import mido

from engine import clock
from engine.inputs.inbox import Inbox
from engine.problems import MixeurError, Problem
from engine.show.model import MidiDevice
from engine.world import Event

PortState = Literal["open", "lost", "none"]
LONGEST_SYSEX = 4096
LOOK_S = 2.0
LOOK_AGAIN_S = 30.0
"""How often a library that does not answer is asked again: ALSA's prints a line each time."""
MOST_CLIENTS = 8
CHANNELS = range(16)
CLOCK_WORDS = {"clock": "tick", "start": "start", "continue": "continue", "stop": "stop", "songpos": "position"}
SUSTAIN, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 120, 123


class MidiBytes:
    """Messages out of a byte stream; a system-exclusive one without an end is given up (mido would keep it all)."""

    def __init__(self) -> None:
        self._parser = mido.Parser()
        self._unfinished = 0

    def feed(self, received: bytes) -> list[mido.Message]:
        """Return the messages that are complete now."""
        self._parser.feed(received)
        messages = list(self._parser)
        # Real-time messages may stand inside a system-exclusive one and say nothing about its end.
        self._unfinished = 0 if any(not each.is_realtime for each in messages) else self._unfinished + len(received)
        if self._unfinished > LONGEST_SYSEX:
            self._parser, self._unfinished = mido.Parser(), 0
        return messages


class MidiEvents:
    """What a device's messages mean: `midi:desk/cc/21`, `/note/60`, `/notes` (how many are held, of 12), `/pitch`.

    Args:
        clock: Whether its clock is listened to, as `/clock` with a word: `tick`, `start`, `continue`, `stop`,
            `position` and a sixteenth, `lost`.
        offset_ns: By so much its clock is taken as later.
    """

    def __init__(self, name: str, clock: bool = False, offset_ns: int = 0) -> None:
        self._name, self._clock, self._offset_ns = name, clock, offset_ns
        self._held: set[tuple[int, int]] = set()

    def read(self, message: mido.Message, time_ns: int) -> Iterator[Event]:
        """Yield the events of one message; kinds that no show uses yield none."""
        source = f"midi:{self._name}"
        if message.type == "control_change":
            yield Event(f"{source}/cc/{message.control}", (message.value / 127,), time_ns)
        elif message.type == "pitchwheel":
            yield Event(f"{source}/pitch", (max(-1.0, message.pitch / 8191),), time_ns)
        elif message.type in ("note_on", "note_off"):
            velocity = message.velocity if message.type == "note_on" else 0
            key = message.channel, message.note
            if velocity:
                self._held.add(key)
            else:
                self._held.discard(key)
            yield Event(f"{source}/note/{message.note}", (velocity / 127,), time_ns)
            yield Event(f"{source}/notes", (min(1.0, len(self._held) / 12),), time_ns)
        elif self._clock and message.type in CLOCK_WORDS:
            place = (message.pos,) if message.type == "songpos" else ()
            yield Event(f"{source}/clock", (CLOCK_WORDS[message.type], *place), time_ns + self._offset_ns)

    def release(self, time_ns: int) -> Iterator[Event]:
        """Yield the end of every note that is held: its device is gone and cannot say so."""
        for channel, note in sorted(self._held):
            yield from self.read(mido.Message("note_off", channel=channel, note=note), time_ns)
        if self._clock:
            yield Event(f"midi:{self._name}/clock", ("lost",), time_ns)


class _Link:
    """A thread that opens a named port, looks every two seconds whether it is still there, and opens it again.

    Attributes:
        state: `open`, `lost` (looked for), or `none` (the show names no port).
        problem: Why it is not open, for a person; None while it is.
    """

    def __init__(self, device: MidiDevice, wanted: str | None, way: Literal["input", "output"]) -> None:
        self.state: PortState = "lost" if wanted else "none"
        self.problem: Problem | None = None
        self.name = device.name
        self._path, self._way, self._wanted = f"midi.{device.name}", way, wanted or ""
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._port: Any = None
        self._pause_s = LOOK_S

    @property
    def lost(self) -> str:
        """Return why the port is not open, or nothing."""
        return "" if self.problem is None else self.problem.text

    def _start(self) -> None:
        if self.state == "none":
            return
        if not self._wanted.startswith("socket:"):
            self._look()
        self._thread = threading.Thread(target=self._run, name=self._path, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(self._pause_s):
            self._look()

    def _look(self) -> None:
        """Open the port if it is there, notice if it is gone."""
        self._pause_s = LOOK_AGAIN_S
        try:
            names = port_names(self._way)
            self._pause_s = LOOK_S
            name = next((name for name in names if self._wanted.lower() in name.lower()), None)
            if name is None:
                self._lose(f"no {self._way} '{self._wanted}'; there is {', '.join(names) or 'none'}; is it plugged in?")
            elif self.state != "open":
                self._port = self._open(name)
                self._opened()
        except ImportError:
            self._lose("no MIDI library; install the extra: pip install 'mixeur[midi]'")
        except Exception as error:  # rtmidi raises SystemError and its own kinds; the show goes on without MIDI
            self._lose(f"MIDI does not answer ({str(error).splitlines()[0] if str(error) else type(error).__name__}); "
                       "is the sound system's sequencer loaded?")

    def _open(self, name: str) -> Any:
        raise NotImplementedError

    def _opened(self) -> None:
        self.state, self.problem = "open", None

    def _lose(self, why: str) -> None:
        port, self._port = self._port, None
        self.state, self.problem = "lost", Problem(self._path, 0, why)
        if port is not None:
            with contextlib.suppress(Exception):  # what is unplugged may refuse to close
                port.close()

    def close(self) -> None:
        """Stop the thread and close the port."""
        self._closing.set()
        if self._thread:
            self._thread.join()
        if self._port is not None:
            with contextlib.suppress(Exception):
                self._port.close()
        self._port, self.state = None, "none"


class MidiInput(_Link):
    """One device's input: a queue of stamped events."""

    def __init__(self, device: MidiDevice, on_event: Callable[[Event], None] | None = None) -> None:
        """Start looking for the port; one that is missing is a `problem` and no exception.

        Args:
            on_event: Called in the port's thread with each event: the short way to sound.

        Raises:
            MixeurError: The address of a socket port is none.
        """
        super().__init__(device, device.input, "input")
        self._is_clock = device.clock == "in"
        self._events = MidiEvents(device.name, self._is_clock, round(device.clock_offset_ms * 1e6))
        self._on_event, self._inbox = on_event, Inbox()
        self.failed = 0
        self._server: socket.socket | None = None
        self._address = _address(self._path, self._wanted) if self._wanted.startswith("socket:") else None
        if self._address:
            self._listen(self._address)
        self._start()

    @property
    def port(self) -> int:
        """Return the TCP port of a socket port, also when the show asked for 0 (any free one)."""
        return int(self._server.getsockname()[1]) if self._server else 0

    def poll(self, until_ns: int | None = None) -> list[Event]:
        """Return what arrived since the last call; never wait."""
        return self._inbox.poll(until_ns)

    def _open(self, name: str) -> Any:
        port = _backend().open_input(name, callback=self._heard)
        with contextlib.suppress(AttributeError):
            port._rt.ignore_types(sysex=True, timing=not self._is_clock, active_sense=True)  # nothing here reads them
        return port

    def _lose(self, why: str) -> None:
        super()._lose(why)
        self._hand_on(self._events.release(clock.monotonic_ns()))

    def _heard(self, message: mido.Message) -> None:
        self._hand_on(self._events.read(message, clock.monotonic_ns()))

    def _hand_on(self, events: Iterator[Event]) -> None:
        for event in events:
            self._inbox.put(event)
            if self._on_event:
                try:
                    self._on_event(event)
                except Exception:  # a fault of the owner must not end the port's thread
                    self.failed += 1

    def _listen(self, address: tuple[str, int]) -> None:
        try:
            self._server = socket.create_server(address)
        except OSError as error:
            self._lose(f"cannot listen at {self._wanted} ({error.strerror}); choose another port, or close what has it")
            return
        self._server.setblocking(False)
        self.state, self.problem = "open", None

    def _run(self) -> None:
        while self._address and not self._server and not self._closing.wait(LOOK_S):
            self._listen(self._address)
        if self._server:
            self._serve_clients(self._server)
        else:
            super()._run()

    def _serve_clients(self, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(server, selectors.EVENT_READ)
            while not self._closing.is_set():
                for key, _ in selector.select(0.1):
                    if key.fileobj is server:
                        self._accept(server, selector)
                    else:
                        self._read(key, selector)
            for key in list(selector.get_map().values()):
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.close()

    def _accept(self, server: socket.socket, selector: selectors.BaseSelector) -> None:
        with contextlib.suppress(OSError):
            client, _ = server.accept()
            if len(selector.get_map()) > MOST_CLIENTS:
                client.close()
                return
            client.setblocking(False)
            selector.register(client, selectors.EVENT_READ, MidiBytes())

    def _read(self, key: selectors.SelectorKey, selector: selectors.BaseSelector) -> None:
        assert isinstance(key.fileobj, socket.socket)
        received = b""
        with contextlib.suppress(OSError):
            received = key.fileobj.recv(4096)
        for message in key.data.feed(received):
            self._heard(message)
        if not received:
            selector.unregister(key.fileobj)
            key.fileobj.close()
            self._hand_on(self._events.release(clock.monotonic_ns()))


class MidiOutput(_Link):
    """One device's output; nothing here waits or raises.

    Attributes:
        errors: Messages that could not be sent.
    """

    def __init__(self, device: MidiDevice) -> None:
        super().__init__(device, device.output, "output")
        self.errors = 0
        self._sounding: set[tuple[int, int]] = set()
        self._start()

    def note(self, note: int, level: float, channel: int = 1) -> None:
        """Play a note at a level of 0..1; 0 ends it. Channels count from 1."""
        velocity = min(max(round(level * 127), 0), 127)
        key = channel - 1, note
        if self._send("note_on", channel=channel - 1, note=note, velocity=velocity):
            (self._sounding.add if velocity else self._sounding.discard)(key)

    def control(self, number: int, level: float, channel: int = 1) -> None:
        """Move a controller to 0..1."""
        self._send("control_change", channel=channel - 1, control=number, value=min(max(round(level * 127), 0), 127))

    def tell_clock(self, word: str, position: int = 0) -> None:
        """Send a word of the clock: `clock`, `start`, `continue`, `stop`, `songpos` with a position in sixteenths."""
        self._send(word, **({"pos": position} if word == "songpos" else {}))

    def panic(self) -> None:
        """End every note on every channel, also on devices that know only single notes off."""
        for channel, note in sorted(self._sounding):
            self._send("note_off", channel=channel, note=note)
        self._sounding.clear()
        for channel in CHANNELS:
            for control in (SUSTAIN, ALL_NOTES_OFF, ALL_SOUND_OFF):
                self._send("control_change", channel=channel, control=control, value=0)

    def close(self) -> None:
        """Panic, then close."""
        if self.state == "open":
            self.panic()
        super().close()

    def _opened(self) -> None:
        self.panic()  # what it played when it was lost may still sound
        super()._opened()

    def _send(self, kind: str, **fields: int) -> bool:
        port = self._port
        try:
            message = mido.Message(kind, **fields)
            if port is None:
                raise OSError
            port.send(message)
        except Exception:  # a number out of range, a port that went away: counted, and the show goes on
            self.errors += 1
            return False
        return True

    def _look(self) -> None:
        if not self._wanted.startswith("socket:"):
            super()._look()
        elif self.state != "open" or self._port.is_gone:
            try:
                self._port = _SocketOutput(_address(self._path, self._wanted))
                self._opened()
            except OSError as error:
                self._lose(f"nobody listens at {self._wanted} ({error.strerror or error}); start it there")

    def _start(self) -> None:
        if self._wanted.startswith("socket:"):
            self._look()
        super()._start()

    def _open(self, name: str) -> Any:
        return _backend().open_output(name)


class _SocketOutput:
    """The sending end of a socket port; a peer that does not read loses its connection, not our time."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=0.5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self.is_gone = False

    def send(self, message: mido.Message) -> None:
        try:
            self._socket.sendall(bytes(message.bin()))
        except OSError:
            self.is_gone = True
            raise

    def close(self) -> None:
        self._socket.close()


def _backend() -> mido.Backend:
    return mido.Backend(load=True)  # rtmidi; the variable MIDO_BACKEND chooses JACK


def port_names(way: Literal["input", "output"]) -> list[str]:
    """Return the names of the system's ports; `ImportError` where python-rtmidi is missing."""
    backend = _backend()
    return list(backend.get_input_names() if way == "input" else backend.get_output_names())


def _address(path: str, wanted: str) -> tuple[str, int]:
    host, _, port = wanted.removeprefix("socket:").rpartition(":")
    if not host or not port.isdecimal():
        raise MixeurError(f"{path}: '{wanted}' is no address; write one such as 'socket:127.0.0.1:5004'")
    return host, int(port)
