"""A measured room's response: read from a sound file, cut into spectra, and handed to the convolver."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.clock import sleep_s
from engine.problems import Problem
from engine.sound import block as b
from engine.sound.block import Memory, address
from engine.sound.echo import announce_response

Report = Callable[[Problem], None]
LATENCY = b.PART - b.QUANTUM  # frames by which the convolver is late: taken off the silence that a response begins with
HEARD = 1e-3  # of the peak: the first sound is there
LOST = 1e-4  # of the energy: what may be cut off unsaid
ENERGY = 0.144  # a speaker's share of what the network of the default room answers to an impulse
FADE_S = 0.02
TURN_S, PATIENCE = 0.01, 200  # until the renderer has let the last response go


class RoomResponse:
    """The response that the renderer convolves with, if the show has one.

    Args:
        report: Gets one problem for each file that cannot be used; the network answers instead.
        at_once: Read it when it is asked for (offline) and not in a thread beside the loop.
    """

    def __init__(self, memory: Memory, report: Report, at_once: bool = False) -> None:
        self._memory, self._report, self._at_once = memory, report, at_once
        self._path: Path | None = None
        self._lock = threading.Lock()

    def want(self, path: Path | None) -> None:
        """Use a file's response from now on, or none."""
        if path == self._path and path is not None:
            return
        self._path = path
        if path is None:
            announce_response(address(self._memory), 0)
        else:
            self._begin(path)

    def renew(self, changed: Collection[Path]) -> None:
        """Read the file again if it is among those (resolved) that have changed."""
        if self._path is not None and self._path.resolve() in changed:
            self._begin(self._path)

    def _begin(self, path: Path) -> None:
        if self._at_once:
            self._load(path)
        else:
            threading.Thread(target=self._load, args=(path,), name="response", daemon=True).start()

    def _load(self, path: Path) -> None:
        state, rate = self._memory.convolver, int(self._memory.header[b.H_RATE])
        try:
            with self._lock:
                key = _key(path, rate)
                if self._path != path or state[b.C_WANTED] == key:
                    return  # another one is wanted, or an engine before this one has read it
                response, text = read_response(path, rate)
                if text:
                    self._report(Problem(str(path), 0, text))
                self._hand_over(spectra(response), path, key)
        except (OSError, ValueError, RuntimeError) as error:  # soundfile's own errors are RuntimeErrors
            text = "is not there" if not path.is_file() else f"cannot be used ({error})"
            self._report(Problem(str(path), 0, f"the room's response {text}; the reverb goes on without it"))

    def _hand_over(self, parts: NDArray[np.float32], path: Path, key: int) -> None:
        """Write spectra where the renderer reads them, once it has faded out of the last ones."""
        state, place = self._memory.convolver, address(self._memory)
        announce_response(place, 0)
        for _ in range(0 if self._at_once else PATIENCE):
            if state[b.C_USED] == 0:
                break
            sleep_s(TURN_S)
        n, channels = parts.shape[1], parts.shape[0]
        self._memory.response[:channels, :n] = parts
        state[b.C_PARTS_TO], state[b.C_CHANNELS_TO] = n, channels
        if self._path == path:
            announce_response(place, key)


def _key(path: Path, rate: int) -> int:
    stat = path.stat()
    name = f"{path.resolve()}|{stat.st_mtime_ns}|{stat.st_size}|{rate}"
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest()) + 1


def read_response(path: Path, rate: int) -> tuple[NDArray[np.float64], str]:
    """Return a file's response as the convolver wants it, and what of it is left out.

    The silence before its first sound is shortened by what the convolver is late. Its level is such that it is as loud
    as the network.

    Returns:
        Shape (channels, frames), float64; at most 8 channels. A text for the operator, or an empty one.

    Raises:
        RuntimeError: The file is no sound file.
        ValueError: It is silent or holds numbers that are not finite.
    """
    import soundfile  # here, so that a show without a response needs no sound library
    from scipy.signal import resample_poly

    data, file_rate = soundfile.read(path, dtype="float64", always_2d=True)
    wave = data.T[: b.ROOM_CHANNELS]
    if file_rate != rate:
        common = np.gcd(rate, file_rate)
        wave = resample_poly(wave, rate // common, file_rate // common, axis=1)
    loudest = np.abs(wave).max(axis=0, initial=0.0)
    if not np.isfinite(wave).all() or not loudest.any():
        raise ValueError("silent, or with bad numbers")
    wave = wave[:, min(int(np.argmax(loudest > HEARD * loudest.max())), LATENCY) :]
    most = b.PARTS * b.PART
    kept = wave[:, :most] / np.sqrt(np.sum(wave[:, :most] ** 2) / len(wave) / ENERGY)
    texts = []
    if wave.shape[1] > most:
        fade = round(FADE_S * rate)
        kept[:, -fade:] *= np.linspace(1, 0, fade)
        if np.sum(wave[:, most:] ** 2) > LOST * np.sum(wave**2):
            texts.append(f"only the first {most / rate:.1f} s of the room's response are used")
    if data.shape[1] > b.ROOM_CHANNELS:
        texts.append(f"only the first {b.ROOM_CHANNELS} of {data.shape[1]} channels of the room's response are used")
    return kept, "; ".join(texts)


def spectra(response: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the spectra of a response's partitions: (channels, parts, real and imaginary, bins), float32."""
    channels, frames = response.shape
    n = -(-frames // b.PART)
    padded = np.zeros((channels, n * b.PART))
    padded[:, :frames] = response
    found = np.fft.rfft(padded.reshape(channels, n, b.PART), 2 * b.PART, axis=2)
    parts = np.zeros((channels, n, 2, b.BINS), np.float32)
    parts[:, :, 0, : b.PART + 1], parts[:, :, 1, : b.PART + 1] = found.real, found.imag
    return parts
