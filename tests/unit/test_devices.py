"""`mixeur devices`: one line a device, and one a part that cannot be asked."""

import argparse
from collections.abc import Iterator

import pytest

from engine.commands import devices
from engine.commands.devices import Found, _lines
from engine.problems import MixeurError


def test_each_device_has_the_line_that_names_it_in_the_show() -> None:
    found = [
        Found("0  C920", "camera.NAME", 'source = "C920"'),
        Found("2  Capture HD", "camera.NAME", 'source = "Capture HD"'),
    ]
    assert _lines("cameras", lambda: iter(found)) == [
        "cameras:",
        '  0  C920         [camera.NAME] source = "C920"',
        '  2  Capture HD   [camera.NAME] source = "Capture HD"',
    ]


@pytest.mark.parametrize(("error", "line"), [
    (MixeurError("no desktop here; set DISPLAY"), "cameras: no desktop here; set DISPLAY"),
    (ModuleNotFoundError("No module named 'rtmidi'"), "cameras: No module named 'rtmidi'"),
    (RuntimeError("driver"), "cameras: cannot be listed (RuntimeError: driver)"),
])  # fmt: skip
def test_a_part_that_fails_is_one_line(error: Exception, line: str) -> None:
    def look() -> Iterator[Found]:
        raise error
        yield

    assert _lines("cameras", look) == [line]
    assert _lines("cameras", lambda: iter(())) == ["cameras: none found"]


def test_the_command_says_something_of_every_part(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    parser = argparse.ArgumentParser()
    devices.add(parser.add_subparsers())
    args = parser.parse_args(["devices"])
    assert args.run(args) == 0
    said = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines() if not line.startswith("  ")]
    assert said == ["cameras", "displays", "sound", "microphones", "MIDI"]
