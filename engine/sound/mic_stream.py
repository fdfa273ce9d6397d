"""The microphone's device: read hop by hop in a process that does nothing else, so that no callback is needed."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.problems import did_you_mean
from engine.sound.hearing import HOP
from engine.sound.pulse import ServerView
from engine.sound.stream import THROUGH_SERVER, NoDevice, Output

LATENCY_S = 0.02


def input_names(sounddevice: Any) -> list[str]:
    """Return the names of the devices that can listen."""
    return [str(device["name"]) for device in sounddevice.query_devices() if device["max_input_channels"] > 0]


def choose_input(names: list[str], wanted: str | None, server: ServerView | None, played_on: str) -> Output:
    """Return the input to open; `wanted` may be (a part of) a device's name or the name of a sound server's source.

    Args:
        played_on: The server's sink that the show plays on: what it plays is no microphone, unless it is asked for.

    Raises:
        NoDevice: There is none, or not the one asked for.
    """
    sources = server.sinks if server else {}
    door = next((name for name in THROUGH_SERVER if name in names), "")
    if wanted is None:
        heard = [source for source in sources if source != f"{played_on}.monitor"]
        if server and server.default in heard:
            return Output(door, server.default) if door else _first(names)
        real = [source for source in heard if not source.endswith(".monitor")]
        return Output(door, real[0]) if door and real else _first([] if server else names)
    if door and wanted in sources:
        return Output(door, wanted)
    for match in (*(n for n in names if n == wanted), *(n for n in names if wanted.lower() in n.lower())):
        return Output(match)
    for source in sources:
        if door and wanted.lower() in source.lower():
            return Output(door, source)
    near = [*names, *sources]
    there = f" among {', '.join(near)}" if near else ""
    raise NoDevice(f"no microphone '{wanted}'{there}{did_you_mean(wanted, near)}; plug it in or see `mixeur devices`")


def _first(names: list[str]) -> Output:
    if not names:
        raise NoDevice("no microphone; plug one in")
    return Output(next((name for name in ("default", "system") if name in names), names[0]))


class MicStream:
    """An open microphone.

    Args:
        sounddevice: From `load_portaudio`.
        source: What to open.
        channels: As many as the source has, so that the server mixes none into another; 0: as many as are needed.
        channel: The one that is listened to, counted from 1.
        rate: Frames a second.

    Raises:
        NoDevice: It cannot be opened; also on `read`.
    """

    def __init__(self, sounddevice: Any, source: Output, channels: int, channel: int, rate: int) -> None:
        self.source, self._channel = source, channel
        self._error = sounddevice.PortAudioError
        if source.sink:
            os.environ["PULSE_SOURCE"] = source.sink  # libpulse reads it for each stream
        devices = sounddevice.query_devices()
        index = next((i for i, d in enumerate(devices)
                      if d["name"] == source.device and d["max_input_channels"] > 0), None)
        if index is None:
            raise NoDevice(f"no microphone '{source.device}'; plug it in, or start its sound server")
        there = channels or int(devices[index]["max_input_channels"])
        if channel > there:
            raise NoDevice(f"microphone {source} has {there} channels, and channel {channel} is asked for")
        for each in dict.fromkeys((rate, int(devices[index]["default_samplerate"]))):
            try:
                self._stream = sounddevice.InputStream(device=index, channels=channels or channel, samplerate=each,
                                                       dtype="float32", blocksize=HOP, latency=LATENCY_S)
                self._stream.start()
                self.rate = each
                return
            except (sounddevice.PortAudioError, ValueError) as error:
                reason = error
        raise NoDevice(f"microphone {source} does not open ({reason})")

    def missing(self) -> int:
        """Return how many frames are still to come until a hop can be read."""
        try:
            return max(HOP - int(self._stream.read_available), 0)
        except self._error as error:
            raise NoDevice(f"microphone {self.source} has stopped ({error})") from None

    def read(self) -> tuple[NDArray[np.float32], int]:
        """Return the next hop, shape (HOP,), float32, and when its last frame was heard, monotonic."""
        try:
            block, _ = self._stream.read(HOP)
            waiting = max(int(self._stream.read_available), 0)
        except self._error as error:
            raise NoDevice(f"microphone {self.source} has stopped ({error})") from None
        return block[:, self._channel - 1], monotonic_ns() - round(waiting * NS / self.rate)

    def close(self) -> None:
        """Stop at once; a dead driver may keep whoever calls this for ever."""
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)
