"""The device: PortAudio calls a C function of ours, no Python in its callback. The only user of sounddevice."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.problems import MixeurError, did_you_mean
from engine.show import model
from engine.sound.block import (
    H_CHANNELS,
    H_OUTPUTS,
    H_SPEAKERS,
    MAX_SPEAKERS,
    S_OUTPUT,
    S_X,
    Memory,
    address,
)

PREFERRED = ("pulse", "pipewire", "jack", "default")
MISSING = "no PortAudio library; apt-get install libportaudio2 (and libasound2-plugins for PulseAudio)"


class NoDevice(MixeurError):
    """No device can be opened; says why and what mends it."""


def load_portaudio() -> Any:
    """Return the sounddevice module with a fresh list of devices.

    Raises:
        NoDevice: The PortAudio library is not installed or does not start.
    """
    try:
        import sounddevice
    except OSError:
        raise NoDevice(MISSING) from None
    try:
        sounddevice._terminate()
        sounddevice._initialize()  # PortAudio never looks for new devices by itself
    except sounddevice.PortAudioError as error:
        raise NoDevice(f"PortAudio does not start ({error})") from None
    return sounddevice


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


class DeviceStream:
    """An open device that plays what the sound block holds.

    Args:
        callback: Address of the compiled callback.

    Raises:
        NoDevice: It cannot be opened.
    """

    def __init__(self, memory: Memory, sound: model.Sound, device: str | None, callback: int) -> None:
        sounddevice = load_portaudio()
        names = output_names(sounddevice)
        self.device = choose_device(names, device)
        index = next(i for i, d in enumerate(sounddevice.query_devices())
                     if d["name"] == self.device and d["max_output_channels"] > 0)
        wanted = int(memory.header[H_OUTPUTS])
        self.channels = min(wanted, int(sounddevice.query_devices(index)["max_output_channels"]), MAX_SPEAKERS)
        route(memory, self.channels)
        self._memory = memory  # the callback reads it for as long as the stream lives
        ffi = sounddevice._ffi
        try:
            self._stream = sounddevice._StreamBase(
                kind="output", samplerate=sound.rate, blocksize=sound.block, device=index, channels=self.channels,
                dtype="float32", latency=sound.latency_ms / 1000, clip_off=True, dither_off=True,
                callback=ffi.cast("PaStreamCallback*", callback), userdata=ffi.cast("void*", address(memory)))
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise NoDevice(f"sound device '{self.device}' does not open ({error})") from None

    @property
    def name(self) -> str:
        return self.device

    @property
    def active(self) -> bool:
        """Return whether the device still calls."""
        return bool(self._stream.active)

    def close(self) -> None:
        """Stop at once; with a dead JACK server this never returns, so call it beside the main thread."""
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)
