"""`mixeur doctor [SHOW]`: every missing package, permission and device, with the command that mends it."""

from __future__ import annotations

import argparse
import ctypes.util
import importlib.util
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from engine.show.files import read_show
from engine.show.model import Show

Verdict = Literal["good", "note", "bad"]
RIGHTS = ("@audio - rtprio 90", "@audio - memlock unlimited", "@audio - nice -15")
SIGNS = {"good": "ok  ", "note": "note", "bad": "BAD "}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `bad` stops a show, a `note` limits it."""

    verdict: Verdict
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{SIGNS[self.verdict]}  {self.what}" + (f"\n      -> {self.remedy}" if self.remedy else "")


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("doctor", help="what is missing on this machine, and the command that mends it")
    parser.add_argument("show", nargs="?", type=Path, help="also look for this show's devices")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every finding; 1 if one of them stops a show."""
    from engine.commands.kiosk import kiosk  # it makes Findings too

    show = read_show(args.show) if args.show else None
    findings = [*python(), *packages(), *sound(), *displays(), *cameras(), *midi(), *limits(), *kiosk()]
    if show is not None:
        findings += [*show_devices(show), *licences(show.folder)]
    for finding in findings:
        print(finding)
    bad, notes = (sum(f.verdict == verdict for f in findings) for verdict in ("bad", "note"))
    print(f"\n{len(findings)} looked at, {bad} bad, {notes} to note")
    return 1 if bad else 0


def python() -> Iterator[Finding]:
    """Look at the interpreter; the package refuses to install on one that is too old."""
    yield Finding("good", f"Python {'.'.join(map(str, sys.version_info[:3]))}")


def packages() -> Iterator[Finding]:
    """Look for every package that mixeur declares, and for two that fight over one folder."""
    missing = []
    for requirement in metadata.requires("mixeur") or []:
        if "extra ==" in requirement:
            continue
        package = re.split(r"[<>=!~; ]", requirement)[0]
        if not _has(package) and not (package == "pygame-ce" and _has("pygame")):
            missing.append(package)
    if missing:
        yield Finding(
            "bad", f"missing packages: {', '.join(missing)}", f"{sys.executable} -m pip install {' '.join(missing)}"
        )
    else:
        yield Finding("good", "all Python packages")
    if _has("pygame") and _has("pygame-ce"):
        yield Finding(
            "bad",
            "pygame and pygame-ce are both installed: the last one wins silently",
            f"{sys.executable} -m pip uninstall -y pygame pygame-ce && {sys.executable} -m pip install pygame-ce",
        )


def _has(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def sound() -> Iterator[Finding]:
    """Look for PortAudio, a sound server and the right to run in real time."""
    if sys.platform == "linux" and not ctypes.util.find_library("portaudio"):
        yield Finding("note", "no PortAudio: the show runs on a silent clock", "sudo apt-get install libportaudio2")
        return
    from engine.sound.stream import device_names

    names = device_names()
    if names:
        yield Finding("good", f"sound devices: {', '.join(names)}")
    else:
        yield Finding(
            "note",
            "no sound device: the show runs on a silent clock",
            "plug one in, or start PulseAudio or PipeWire and: sudo apt-get install libasound2-plugins",
        )


def displays() -> Iterator[Finding]:
    """Look for a display, and for a desktop that places windows as it likes."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        yield Finding("note", "no display: frames are made off-screen", "start a desktop or X, or run with --headless")
        return
    if os.environ.get("XDG_SESSION_TYPE") == "wayland":
        yield Finding(
            "note",
            "a Wayland desktop places projector windows as it likes",
            "log in to an X11 session, or use a kiosk compositor such as cage",
        )
    from engine.render.window import connected

    for display in connected():
        yield Finding("good", f"display {display}")


def cameras() -> Iterator[Finding]:
    """Look for V4L2 cameras and the right to open them."""
    devices = sorted(Path("/dev").glob("video*"))
    if not devices:
        yield Finding("note", "no camera on this machine", "plug one in; `lsusb` must list it")
    for device in devices:
        if os.access(device, os.R_OK | os.W_OK):
            yield Finding("good", f"camera {device}")
        else:
            yield Finding(
                "bad",
                f"no permission for {device}",
                f"sudo usermod -aG video {os.environ.get('USER', '$USER')}, then log in again",
            )


def midi() -> Iterator[Finding]:
    """Look for the MIDI back end."""
    if importlib.util.find_spec("rtmidi"):
        yield Finding("good", "MIDI back end python-rtmidi")
    else:
        yield Finding(
            "note", "no MIDI ports: python-rtmidi is not installed", f"{sys.executable} -m pip install python-rtmidi"
        )


def limits() -> Iterator[Finding]:
    """Look at what the system lets a show use."""
    if sys.platform != "linux":
        return
    import resource

    if os.geteuid() != 0 and resource.getrlimit(resource.RLIMIT_RTPRIO)[1] == 0:
        yield Finding(
            "note",
            "sound may not run with real-time priority, nor keep its memory",
            f"printf '%s\\n' {' '.join(map(repr, RIGHTS))} | sudo tee /etc/security/limits.d/95-mixeur.conf; "
            "then sudo usermod -aG audio $USER, and log in again",
        )
    free = shutil.disk_usage(Path.cwd()).free
    if free < 1 << 30:
        yield Finding(
            "note", f"only {free >> 20} MB free on this disk", "make room: logs and recordings stop when it is full"
        )


def show_devices(show: Show) -> Iterator[Finding]:
    """Look for what one show asks for."""
    if show.simulated:
        yield Finding(
            "note", "this show has no room.toml: every device is simulated", "write a room.toml beside it, on site"
        )
    if show.sound.pink_spl_db is None:
        yield Finding(
            "note",
            "nobody has measured how loud the room is: each output is capped at -20 dBFS RMS",
            "measure it and set [sound] pink_spl_db: docs/operator.md, Loudness",
        )
    kind = socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((show.osc.bind, show.osc.port))
            yield Finding("good", f"OSC port {show.osc.bind}:{show.osc.port} is free")
        except OSError as error:
            yield Finding(
                "bad",
                f"OSC port {show.osc.bind}:{show.osc.port}: {error.strerror}",
                f"stop what uses it (ss -lunp 'sport = :{show.osc.port}'), or set [osc] port in the show",
            )
    for camera in show.cameras.values():
        if camera.source.isdigit() and not Path(f"/dev/video{camera.source}").exists():
            yield Finding(
                "bad",
                f"camera.{camera.name}: there is no /dev/video{camera.source}",
                "plug it in, or set its source; see mixeur devices",
            )


def licences(folder: Path) -> Iterator[Finding]:
    """Name the media files that have no licence beside them."""
    media = [
        path
        for path in sorted(folder.glob("assets/**/*"))
        if path.is_file() and path.suffix not in {".md", ".txt"} and not any(path.parent.glob("LICEN[CS]E*"))
    ]
    for path in media:
        yield Finding(
            "note",
            f"{path.relative_to(folder)}: no licence beside it",
            f"write {path.parent.relative_to(folder)}/LICENSE.txt",
        )
