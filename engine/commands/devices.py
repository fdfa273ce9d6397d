"""`mixeur devices`: what is plugged into this machine, and the line of `room.toml` that names it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.problems import MixeurError

SERVER_S = 2.0  # for a sound server to answer


@dataclass(frozen=True, slots=True)
class Found:
    """One device: what it is, and the table and line of `room.toml` that choose it."""

    what: str
    table: str
    line: str


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("devices", help="list cameras, displays, sound and MIDI, as room.toml names them")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a device; a part that cannot be asked says why, and the others are listed all the same."""
    for kind, look in (("cameras", cameras), ("displays", displays), ("sound", sounds), ("microphones", microphones),
                       ("MIDI", midi_ports)):
        for line in _lines(kind, look):
            print(line)
    return 0


def cameras() -> Iterator[Found]:
    """Look for local cameras."""
    from engine.inputs.camera import local_cameras

    for number, name in local_cameras():
        yield Found(f"{number}  {name}", "camera.NAME", f"source = {json.dumps(name)}")


def displays() -> Iterator[Found]:
    """Look for the displays of this desktop."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise MixeurError("no desktop here: start one, or set DISPLAY; without it frames are made off-screen")
    from engine.render.window import connected

    for display in connected():
        model = "" if display.model == display.name else f"  {display.model}"
        x, y, width, height = display.rect
        what = f"{display.index}  {display.name}{model}  {width}x{height} {display.refresh_hz} Hz at {x},{y}"
        yield Found(what, "projector.NAME", f"display = {json.dumps(display.name)}")


def sounds() -> Iterator[Found]:
    """Look for what can play."""
    from engine.sound.pulse import PulseWatch
    from engine.sound.stream import load_portaudio, output_names

    watch = PulseWatch()
    names = output_names(load_portaudio())
    watch.wait(SERVER_S)
    for name in (*names, *(watch.view.sinks if watch.view else ())):
        yield Found(name, "sound", f"device = {json.dumps(name)}")


def microphones() -> Iterator[Found]:
    """Look for what can listen."""
    from engine.sound.mic_stream import input_names
    from engine.sound.pulse import MicWatch
    from engine.sound.stream import load_portaudio

    watch = MicWatch()
    names = input_names(load_portaudio())
    watch.wait(SERVER_S)
    for name in (*names, *(watch.view.sinks if watch.view else ())):
        yield Found(name, "mic.NAME", f"device = {json.dumps(name)}")


def midi_ports() -> Iterator[Found]:
    """Look for MIDI ports."""
    from engine.inputs.midi import port_names

    try:
        found = [("input", name) for name in port_names("input")] + [("output", name) for name in port_names("output")]
    except ImportError:
        raise MixeurError(f"python-rtmidi is not installed; {sys.executable} -m pip install python-rtmidi") from None
    for way, name in found:
        yield Found(name, "midi.NAME", f"{way} = {json.dumps(name)}")


def _lines(kind: str, look: Callable[[], Iterator[Found]]) -> list[str]:
    """Return the lines of one part; a library that is missing or broken is one of them."""
    try:
        found = list(look())
    except (MixeurError, ImportError, OSError) as error:
        return [f"{kind}: {error}"]
    except Exception as error:  # drivers raise what they like, and the other parts still matter
        return [f"{kind}: cannot be listed ({type(error).__name__}: {error})"]
    if not found:
        return [f"{kind}: none found"]
    width = max(len(device.what) for device in found)
    return [f"{kind}:"] + [f"  {d.what:<{width}}   [{d.table}] {d.line}" for d in found]
