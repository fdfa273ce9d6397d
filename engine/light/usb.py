"""DMX by USB: ENTTEC's DMX USB Pro, which times DMX by itself, and Open DMX USB, whose breaks we make."""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping
from typing import Literal

from engine.clock import NS, monotonic_ns, sleep_s
from engine.inputs.serial import SerialOutput, reason

Kind = Literal["enttec", "opendmx"]
SEND_DMX, START, END = 6, 0x7E, 0xE7
PRO_BAUD, DMX_BAUD = 57_600, 250_000  # the Pro takes any
BREAK_S, MARK_S = 0.000_2, 0.000_05  # at least 88 and 8 us
LOOK_NS = NS
LAST_S = 0.2  # for a thread that is writing


def pro_message(slots: bytes) -> bytes:
    """Return a message of the DMX USB Pro that sends a frame."""
    return struct.pack("<BBH", START, SEND_DMX, len(slots) + 1) + b"\0" + slots + bytes([END])


class UsbDevice:
    """One interface, written to in a thread of its own: a USB device that fails may keep its writer waiting.

    Attributes:
        lost: Why nothing goes out, or nothing.
    """

    def __init__(self, kind: Kind, name: str) -> None:
        self.lost = ""
        self._kind, self._name = kind, name
        self._slots: bytes | None = None
        self._has_new, self._closing = threading.Event(), threading.Event()
        self._port: SerialOutput | None = None
        self._next_look_ns = 0
        self._thread = threading.Thread(target=self._run, name=f"{kind} {name}", daemon=True)
        self._thread.start()

    def send(self, slots: bytes) -> None:
        """Send a frame as soon as the one before is out; never wait."""
        self._slots = slots
        self._has_new.set()

    def close(self) -> None:
        """Send what is left to send, and give the device back."""
        self._closing.set()
        self._has_new.set()
        self._thread.join(LAST_S * 5)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._has_new.wait()
            self._has_new.clear()
            self._step()
        end_ns = monotonic_ns() + round(LAST_S * NS)
        while self._port and self._port.waiting and monotonic_ns() < end_ns:
            sleep_s(0.002)
        self._step()
        if self._port:
            self._port.close()

    def _step(self) -> None:
        slots = self._slots
        if slots is None:
            return
        try:
            if self._port is None and monotonic_ns() >= self._next_look_ns:
                self._next_look_ns = monotonic_ns() + LOOK_NS
                self._port = (SerialOutput(self._name, PRO_BAUD) if self._kind == "enttec"
                              else SerialOutput(self._name, DMX_BAUD, stop_bits=2))
            if self._port and not self._port.waiting:  # half a frame would be read as another
                self._write(self._port, slots)
                self.lost = ""
                if self._slots is slots:
                    self._slots = None
        except Exception as error:  # termios has a kind of its own; whatever it is, the device is looked for again
            self.lost = reason(error)
            if self._port:
                self._port.close()
                self._port = None

    def _write(self, port: SerialOutput, slots: bytes) -> None:
        if self._kind == "enttec":
            port.write(pro_message(slots))
            return
        port.hold_break(True)
        sleep_s(BREAK_S)
        port.hold_break(False)
        sleep_s(MARK_S)
        port.write(b"\0" + slots)


class UsbLine:
    """Universes `enttec:DEVICE` or `opendmx:DEVICE`."""

    def __init__(self, kind: Kind) -> None:
        self._kind: Kind = kind
        self._devices: dict[str, UsbDevice] = {}

    @property
    def lost(self) -> dict[str, str]:
        """Return why nothing goes out, by universe."""
        return {name: device.lost for name, device in list(self._devices.items()) if device.lost}

    def send(self, universes: Mapping[str, bytes], ended: bool = False) -> None:
        """Send the values of all its universes; `ended`: for the last time."""
        for name, slots in universes.items():
            if name not in self._devices:
                self._devices[name] = UsbDevice(self._kind, name.partition(":")[2])
            self._devices[name].send(slots)
            if ended:
                self._devices.pop(name).close()

    def close(self) -> None:
        """Give the devices back."""
        for device in self._devices.values():
            device.close()
        self._devices.clear()
