"""DMX by USB on pseudo-terminals: what the Pro is told, what the Open one sends, and what happens without them."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import clock
from engine.light.blackout import Blackout
from engine.light.levels import LampLevel
from engine.light.output import LampOutput
from engine.light.patch import Patch
from engine.light.usb import UsbLine, pro_message
from engine.show import forms
from engine.show.model import Lamp

if sys.platform == "win32":
    pytest.skip("pseudo-terminals", allow_module_level=True)

SLOTS = bytes(range(256)) * 2


class Interface:
    """A USB interface: the far end of a pseudo-terminal."""

    def __init__(self) -> None:
        self.end, self._near = pty.openpty()
        self.path = os.ttyname(self._near)
        self.heard = b""

    def hear(self) -> bytes:
        os.set_blocking(self.end, False)
        try:
            self.heard += os.read(self.end, 65_536)
        except BlockingIOError:
            clock.sleep_s(0.002)
        return self.heard


def wait_for(is_there: Callable[[], object]) -> None:
    end_ns = clock.monotonic_ns() + 20 * clock.NS
    while not is_there():
        assert clock.monotonic_ns() < end_ns, "it did not come to that"


def test_a_message_of_the_pro_is_as_its_maker_says() -> None:
    message = pro_message(SLOTS)
    assert message[:5] == b"\x7e\x06\x01\x02\x00" and message[5:517] == SLOTS and message[517:] == b"\xe7"


@pytest.mark.parametrize(("kind", "frame"), [("enttec", pro_message(SLOTS)), ("opendmx", b"\0" + SLOTS)])
def test_an_interface_gets_whole_frames(kind: str, frame: bytes) -> None:
    far, line = Interface(), UsbLine(kind)  # type: ignore[arg-type]
    name = f"{kind}:{far.path}"
    line.send({name: SLOTS})
    wait_for(lambda: far.hear() == frame)
    line.send({name: bytes(512)}, ended=True)
    wait_for(lambda: not any(far.hear()[len(frame) + 8 : -1]) and len(far.heard) == 2 * len(frame))
    line.close()
    assert line.lost == {}


def test_a_lamp_on_usb_is_lit_and_dark_at_the_end(tmp_path: Path) -> None:
    far = Interface()
    lamps = {"spot": Lamp(name="spot", fixture="dimmer", address=f"enttec:{far.path}/3")}
    output = LampOutput(lamps, Patch(lamps, tmp_path), 3)

    def is_lit() -> bool:
        output.submit([LampLevel("spot")], 1 / 60)
        return b"\x7e\x06\x01\x02\x00\x00\x00\xff\x00" in far.hear()

    wait_for(is_lit)
    output.close()
    wait_for(lambda: far.hear().endswith(pro_message(bytes(512))))
    far.heard = b""
    Blackout(lamps).send()
    wait_for(lambda: far.hear() == pro_message(bytes(512)))


def test_an_interface_that_is_not_there_is_told_and_found_when_it_comes(tmp_path: Path) -> None:
    far, line = Interface(), UsbLine("enttec")
    link = tmp_path / "usb"
    wait_for(lambda: line.send({f"enttec:{link}": SLOTS}) or line.lost)
    assert "is it plugged in?" in line.lost[f"enttec:{link}"]
    link.symlink_to(far.path)
    wait_for(lambda: line.send({f"enttec:{link}": SLOTS}) or pro_message(SLOTS) in far.hear())
    wait_for(lambda: not line.lost)
    line.close()


def test_addresses_on_usb() -> None:
    assert not forms.lamp_address("enttec:/dev/ttyUSB0/512") and not forms.lamp_address("opendmx:0403:6001/1")
    assert "out of range" in forms.lamp_address("enttec:COM3/513")
    assert forms.lamp_slots("enttec:/dev/ttyUSB0/7", 3) == [("enttec:/dev/ttyUSB0", channel) for channel in (7, 8, 9)]
