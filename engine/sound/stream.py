"""The device: PortAudio calls a C function of ours, no Python in its callback. The only user of sounddevice."""

from __future__ import annotations

import os
import sys
from typing import Any, NamedTuple

import numpy as np

from engine.problems import MixeurError, did_you_mean
from engine.show import model
from engine.sound.block import (
    H_CHANNELS,
    H_OUTPUTS,
    H_SPEAKERS,
    H_TICKET,
    MAX_SPEAKERS,
    S_OUTPUT,
    S_X,
    Memory,
    address,
)
from engine.sound.pulse import ServerView
from engine.sound.rate import meet_rate

PREFERRED = ("system", "pulse", "pipewire", "jack", "default")
USUAL_RATES = (48_000, 44_100, 96_000, 88_200)  # a JACK server has one, and may change it after it was asked
THROUGH_SERVER = ("pulse", "default")
MISSING = "no PortAudio library; apt-get install libportaudio2 (and libasound2-plugins for PulseAudio)"


class NoDevice(MixeurError):
    """No device can be opened; says why and what mends it."""


class Stuck(Exception):
    """PortAudio cannot look for devices again in this process: it aborts when a JACK server that it knew is gone."""


def load_portaudio() -> Any:
    """Return the sounddevice module with a fresh list of devices.

    Raises:
        NoDevice: The PortAudio library is not installed or does not start.
        Stuck: Only a new process can look again.
    """
    is_first = "sounddevice" not in sys.modules
    try:
        import sounddevice
    except OSError:
        raise NoDevice(MISSING) from None
    if is_first:
        return sounddevice
    if knows_jack():
        raise Stuck
    try:
        sounddevice._terminate()
        sounddevice._initialize()  # PortAudio never looks for new devices by itself
    except sounddevice.PortAudioError as error:
        raise NoDevice(f"PortAudio does not start ({error})") from None
    return sounddevice


def knows_jack() -> bool:
    """Return whether PortAudio has met a JACK server in this process."""
    sounddevice = sys.modules.get("sounddevice")
    apis = sounddevice.query_hostapis() if sounddevice else ()
    return any("JACK" in api["name"] and api["devices"] for api in apis)


def output_names(sounddevice: Any) -> list[str]:
    """Return the names of the devices that can play."""
    return [str(device["name"]) for device in sounddevice.query_devices() if device["max_output_channels"] > 0]


def device_names() -> list[str]:
    """Return the names of the devices that can play; none where PortAudio is not there."""
    try:
        return output_names(load_portaudio())
    except NoDevice:
        return []


def choose_device(names: list[str], wanted: str | None) -> str:
    """Return the device to open: the one asked for (or the only one whose name holds the text), or the best there is.

    Raises:
        NoDevice: There is none, or not the one asked for.
    """
    if not names:
        raise NoDevice("no sound device; plug one in, or start PulseAudio or PipeWire")
    if wanted is None:
        return next((name for name in PREFERRED if name in names), names[0])
    matches = [name for name in names if name == wanted] or [name for name in names if wanted.lower() in name.lower()]
    if not matches:
        raise NoDevice(f"no sound device '{wanted}' among {', '.join(names)}{did_you_mean(wanted, names)}")
    return matches[0]


def route(memory: Memory, channels: int) -> None:
    """Send each speaker to its output; where a device has too few, fold the speakers down to it from left to right."""
    n = int(memory.header[H_SPEAKERS])
    memory.route[:] = 0.0
    outputs = memory.speaker[:n, S_OUTPUT].astype(int)
    if outputs.max() < channels:
        memory.route[np.arange(n), outputs] = 1.0
    else:
        x = memory.speaker[:n, S_X]
        share = (x - x.min()) / max(float(np.ptp(x)), 1e-9) if channels > 1 else np.zeros(n)
        memory.route[:n, 0] = np.cos(share * np.pi / 2)
        if channels > 1:
            memory.route[:n, 1] = np.sin(share * np.pi / 2)
    memory.header[H_CHANNELS] = channels


class Output(NamedTuple):
    """What to open: PortAudio's name, and the sound server's sink behind it (empty: not through a server)."""

    device: str
    sink: str = ""

    def __str__(self) -> str:
        return f"'{self.sink or self.device}'"


def choose_output(names: list[str], wanted: str | None, server: ServerView | None) -> Output:
    """Return the output to open; `wanted` may be (a part of) a device's name or the name of a sound server's sink.

    Raises:
        NoDevice: There is none, or not the one asked for.
    """
    sinks = server.sinks if server else {}
    door = next((name for name in THROUGH_SERVER if name in names), "")
    if wanted and door and wanted in sinks:
        return Output(door, wanted)
    try:
        device = choose_device(names, wanted)
    except NoDevice:
        matches = [sink for sink in sinks if wanted and wanted.lower() in sink.lower()]
        if door and matches:
            return Output(door, matches[0])
        if wanted and names:
            near = [*names, *sinks]
            raise NoDevice(f"no sound device '{wanted}' among {', '.join(near)}{did_you_mean(wanted, near)}") from None
        raise
    if device not in THROUGH_SERVER or server is None:
        return Output(device)
    if not sinks:
        raise NoDevice("the sound server has no output; plug a sound device in")
    return Output(device, server.default if server.default in sinks else next(iter(sinks)))


class DeviceStream:
    """An open device that plays what the sound block holds, from `start` on.

    Args:
        sounddevice: From `load_portaudio`.
        output: What to open.
        channels: As many as the sink has, so that the server mixes none into another; 0: as many as are needed.
        callback: Address of the compiled callback.

    Raises:
        NoDevice: It cannot be opened; also on `start`.
    """

    def __init__(self, sounddevice: Any, memory: Memory, sound: model.Sound, output: Output, channels: int,
                 callback: int) -> None:
        self._memory, self._block = memory, sound.block
        self.output = output
        if output.sink:
            os.environ["PULSE_SINK"] = output.sink  # libpulse reads it for each stream, and keeps the stream there
        index = next((i for i, d in enumerate(sounddevice.query_devices())
                      if d["name"] == output.device and d["max_output_channels"] > 0), None)
        if index is None:
            raise NoDevice(f"no sound device '{output.device}'; plug it in, or start its sound server")
        device = sounddevice.query_devices(index)
        self.channels = min(channels or int(memory.header[H_OUTPUTS]), int(device["max_output_channels"]), MAX_SPEAKERS)
        self._user = np.array([address(memory), 0, self.channels], np.int64)
        self._error: Any = sounddevice.PortAudioError
        ffi = sounddevice._ffi
        wanted = (sound.rate, int(device["default_samplerate"]), *USUAL_RATES)
        for rate in dict.fromkeys(wanted):
            try:
                self._stream = sounddevice._StreamBase(
                    kind="output", samplerate=rate, blocksize=sound.block, device=index, channels=self.channels,
                    dtype="float32", latency=sound.latency_ms / 1000, clip_off=True, dither_off=True,
                    callback=ffi.cast("PaStreamCallback*", callback),
                    userdata=ffi.cast("void*", self._user.ctypes.data))
                self.rate = rate
                return
            except (sounddevice.PortAudioError, ValueError) as error:
                reason = error
        raise NoDevice(f"sound device {output} does not open ({reason})")

    @property
    def name(self) -> str:
        return self.output.sink or self.output.device

    def start(self) -> None:
        """Begin to play; nobody else may render the block any more."""
        header = self._memory.header
        route(self._memory, self.channels)
        try:
            meet_rate(self._memory, self.rate, self._block)
        except ValueError as error:
            raise NoDevice(f"sound device {self.output} cannot be used: {error}") from None
        header[H_TICKET] += 1
        self._user[1] = header[H_TICKET]
        try:
            self._stream.start()
        except self._error as error:
            raise NoDevice(f"sound device {self.output} does not start ({error})") from None

    @property
    def active(self) -> bool:
        """Return whether the device says that it plays; some say so for ever."""
        return bool(self._stream.active)

    def close(self) -> None:
        """Stop at once; with a dead JACK server this never returns, so call it in a thread of its own."""
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)
