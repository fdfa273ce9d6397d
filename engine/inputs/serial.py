"""Serial devices: the only file that knows pyserial. Sensors say lines of text: `123`, `level 0.42`, `note 60 1`."""

from __future__ import annotations

import contextlib
import math
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import serial
from serial.tools import list_ports

from engine import clock
from engine.inputs.inbox import Inbox
from engine.world import Event

SOURCE = re.compile(r"(serial:[^\s#@]+(?:@[0-9]+)?)(?:#[^\s#]+)?")
WORD = re.compile(r"[A-Za-z0-9_.-]{1,32}")
BAUD = 115_200
LOOK_S = 1.0
PAUSE_S = 0.002  # between two reads: a device that floods costs no more than 500 reads a second
LONGEST_LINE = 256
MOST_WORDS = 16


def devices(sources: Iterable[str]) -> tuple[str, ...]:
    """Return the devices that sources name, each once: `serial:/dev/ttyACM0#level` is of `serial:/dev/ttyACM0`."""
    found = (SOURCE.fullmatch(source) for source in sources)
    return tuple(dict.fromkeys(match[1] for match in found if match))


def read_line(line: bytes) -> tuple[str, tuple[float, ...]] | None:
    """Return a line's name and numbers; None if it is garbage.

    `12 13` has no name and two numbers; `level 0.4` is `level`; `note 60 1` is `note/60` with the number 1.
    """
    words = line.decode("ascii", "replace").replace(",", " ").split()
    if not words or len(words) > MOST_WORDS or not all(map(WORD.fullmatch, (word.lstrip("+") for word in words))):
        return None
    try:
        first = 0 if _is_number(words[0]) else len(words) - 1
        numbers = tuple(map(float, words[first:]))
    except ValueError:
        return None
    return ("/".join(words[:first]), numbers) if all(map(math.isfinite, numbers)) else None


def _is_number(word: str) -> bool:
    with contextlib.suppress(ValueError):
        return math.isfinite(float(word))
    return False


class SerialInput:
    """One device, read in a thread of its own; one that is not there is looked for each second.

    Args:
        device: `serial:/dev/ttyACM0`, `serial:2341:0043` (USB vendor and product) or `serial:Teensy` (part of what
            the system calls it), each with `@BAUD` where it is not 115200. The last two find a device again that
            comes back under another number.
        ports: Lists what is plugged in.

    Attributes:
        lost: Why nothing can be heard, or nothing.
        malformed: Lines that were garbage.
    """

    def __init__(self, device: str, ports: Callable[[], Sequence[Any]] = list_ports.comports) -> None:
        self.device, self.lost, self.malformed = device, "", 0
        name, _, baud = device.removeprefix("serial:").partition("@")
        self._name, self._baud, self._ports = name, int(baud or BAUD), ports
        self._inbox = Inbox()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=device, daemon=True)
        self._thread.start()

    def poll(self, until_ns: int | None = None) -> list[Event]:
        """Return what arrived since the last call; never wait."""
        return self._inbox.poll(until_ns)

    def close(self) -> None:
        """Stop the thread and give the device back."""
        self._closing.set()
        self._thread.join()

    # -- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with serial.Serial(find(self._name, self._ports), self._baud, timeout=0.1) as port:
                    self.lost = ""
                    self._read(port)
            except (OSError, ValueError) as error:  # SerialException is an OSError
                self.lost = reason(error)
            except Exception as error:  # termios has a kind of its own; whatever it is, the device is looked for again
                self.lost = f"{self._name} does not answer ({error})"
            self._closing.wait(LOOK_S)

    def _read(self, port: serial.Serial) -> None:
        waiting = b""
        while not self._closing.wait(PAUSE_S):
            received = port.read(min(max(port.in_waiting, 1), 4096))
            time_ns = clock.monotonic_ns()
            *lines, waiting = (waiting + received).replace(b"\r", b"\n").split(b"\n")
            if len(waiting) > LONGEST_LINE:
                self.malformed, waiting = self.malformed + 1, b""
            for line in filter(None, lines):
                self._take(line, time_ns)

    def _take(self, line: bytes, time_ns: int) -> None:
        read = read_line(line)
        if read is None:
            self.malformed += 1
        else:
            name, numbers = read
            self._inbox.put(Event(f"{self.device}#{name}" if name else self.device, numbers, time_ns))


class SerialOutput:
    """A device that is only written to; a write never waits.

    Args:
        name: As of `SerialInput`, without `serial:`.
        baud: Bits a second.
        stop_bits: After each byte.
    Raises:
        OSError, ValueError: It cannot be opened; `reason` says why.
    """

    def __init__(self, name: str, baud: int, stop_bits: int = 1) -> None:
        self._port = serial.Serial(find(name), baud, stopbits=stop_bits, write_timeout=0)

    @property
    def waiting(self) -> int:
        """Return how many bytes are not out yet."""
        return int(self._port.out_waiting)

    def write(self, data: bytes) -> None:
        """Give bytes to the system; what it has no room for is lost."""
        self._port.write(data)

    def hold_break(self, on: bool) -> None:
        """Hold the line low, which begins a DMX frame, or let it go."""
        self._port.break_condition = on

    def close(self) -> None:
        """Give the device back."""
        self._port.close()


def find(name: str, ports: Callable[[], Sequence[Any]] = list_ports.comports) -> str:
    """Return a device's path, or raise `FileNotFoundError`.

    Args:
        name: A path, `VENDOR:PRODUCT` of USB, or part of what the system calls it.
        ports: Lists what is plugged in.
    """
    if name.startswith("/"):
        if not Path(name).exists():
            raise FileNotFoundError(f"no serial device {name}; is it plugged in?")
        return name
    there = ports()
    for port in there:
        usb = f"{port.vid or 0:04x}:{port.pid or 0:04x}"
        names = (port.device, port.description, port.product, port.serial_number)
        if name.lower() == usb or any(name.lower() in (each or "").lower() for each in names):
            return str(port.device)
    known = ", ".join(f"{port.device} ({port.description})" for port in there) or "none"
    raise FileNotFoundError(f"no serial device '{name}'; there is {known}; is it plugged in?")


def reason(error: Exception) -> str:
    """Return in words why a device cannot be used."""
    if isinstance(error, FileNotFoundError) and error.errno is None:
        return str(error)
    if isinstance(error, PermissionError) or getattr(error, "errno", None) == 13:
        return f"{error}; add the user to the group dialout and log in again"
    return f"unplugged, or taken by another program ({error})"
