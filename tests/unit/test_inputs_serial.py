"""Serial sensors: lines become events, garbage is counted, a device that goes is found again."""

import os
import pty
import sys
from dataclasses import dataclass

import pytest

from engine import clock
from engine.inputs.serial import SerialInput, devices, read_line
from engine.inputs.touch import is_stream, is_switch
from engine.show import forms

if sys.platform == "win32":
    pytest.skip("pseudo-terminals", allow_module_level=True)


@dataclass
class Port:
    device: str
    description: str = "USB Serial"
    product: str | None = None
    serial_number: str | None = None
    vid: int | None = None
    pid: int | None = None


class Board:
    """A microcontroller: the far end of a pseudo-terminal."""

    def __init__(self) -> None:
        self.end, slave = pty.openpty()
        self.path = os.ttyname(slave)
        os.close(slave)

    def say(self, text: bytes) -> None:
        os.write(self.end, text)

    def unplug(self) -> None:
        os.close(self.end)


def wait_for(true) -> None:
    end_ns = clock.monotonic_ns() + 20 * clock.NS
    while not true():
        assert clock.monotonic_ns() < end_ns, "nothing came"
        clock.sleep_s(0.005)


@pytest.mark.parametrize(("line", "said"), [
    (b"123", ("", (123.0,))), (b"12,13 -1.5", ("", (12.0, 13.0, -1.5))), (b"level 0.42", ("level", (0.42,))),
    (b"note 60 1", ("note/60", (1.0,))), (b"  7  ", ("", (7.0,))), (b"x +3e-2", ("x", (0.03,))),
])  # fmt: skip
def test_a_line_is_a_name_and_numbers(line, said) -> None:
    assert read_line(line) == said


@pytest.mark.parametrize("line", [b"", b"level", b"level nan", b"inf", b"\xff\x00\x12", b"a/b 1", b"1 x", b"1 " * 20,
                                  b"level 1 x", b"l" * 40 + b" 1", b"# 1", b"1e999"])
def test_garbage_is_no_line(line) -> None:
    assert read_line(line) is None


def test_what_a_board_says_arrives_under_its_names_and_stamped() -> None:
    board = Board()
    port, found = SerialInput(f"serial:{board.path}"), []
    try:
        wait_for(lambda: board.say(b"hello\n") or port.malformed)
        before_ns = clock.monotonic_ns()
        board.say(b"\x00\xff\xfe\r\n12\r\nlevel 0.5\nno" + b"x" * 600 + b"\nnote 60 1\n4")
        wait_for(lambda: found.extend(port.poll()) or len(found) >= 3)
        name = f"serial:{board.path}"
        assert [(event.source, event.args) for event in found] == [
            (name, (12.0,)), (f"{name}#level", (0.5,)), (f"{name}#note/60", (1.0,))]
        assert all(before_ns <= event.time_ns <= clock.monotonic_ns() for event in found)
        assert port.malformed >= 3 and port.lost == ""
    finally:
        port.close()
        board.unplug()


def test_a_board_that_comes_back_under_another_number_is_heard_again() -> None:
    board, plugged = Board(), []
    port, found = SerialInput("serial:16c0:0483@9600", lambda: plugged), []
    try:
        wait_for(lambda: port.lost)
        assert port.lost == "no serial device '16c0:0483'; there is none; is it plugged in?"
        plugged.append(Port(board.path, vid=0x16C0, pid=0x0483))
        wait_for(lambda: not port.lost)
        board.unplug()
        wait_for(lambda: port.lost)
        board = Board()
        plugged[:] = [Port("/dev/ttyOTHER"), Port(board.path, product="Teensy", vid=0x16C0, pid=0x0483)]
        wait_for(lambda: not port.lost)
        wait_for(lambda: board.say(b"7\n") or found.extend(port.poll()) or found)
        assert found[0].source == "serial:16c0:0483@9600" and found[0].value == 7.0
    finally:
        port.close()
        board.unplug()


def test_a_source_names_its_device_and_what_the_lines_call_it() -> None:
    named = ["serial:/dev/ttyACM0#level", "osc:/a", "serial:/dev/ttyACM0", "serial:Teensy@9600#note/60", "key:space"]
    assert devices(named) == ("serial:/dev/ttyACM0", "serial:Teensy@9600")
    assert all(forms.source(source) == "" for source in named)
    for wrong in ("serial:", "serial:a b", "serial:x@fast", "serial:x#", "serial:x#a b"):
        assert "is no serial source" in forms.source(wrong)


def test_a_stream_speaks_all_the_time_and_a_note_only_at_changes() -> None:
    assert is_stream("serial:/dev/ttyACM0") and not is_stream("serial:x#note/60") and is_switch("serial:x#note/60")
