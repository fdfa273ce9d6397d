"""The voices as they sound: a note of each, sample by sample."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine import Voice
from engine.clock import NS
from engine.sound.events import Hold, Instrument, Note, Sounds
from engine.sound.offline import OfflineSound
from engine.sound.presets import VOICES
from engine.sound.recording import Cloud, Recording

OPEN_S, SECONDS = 0.5, 0.35
OWN = {
    "pulse": Voice.pulse(0.25, 1500, 0.5, unison=2, sweep=2, sweep_s=0.1),
    "noise": Voice.noise(900, 0.6),
    "chain": Voice.fm((1, 1, 0.5), (2, 2), (1, 1.5, 0.2, 0.3), (5, 0.7), algorithm=1, feedback=0.5),
}


@pytest.mark.parametrize("name", [*VOICES, *OWN])
def test_a_voice_sounds_as_it_did(golden, name: str) -> None:
    sound = OfflineSound()
    sound.advance(OPEN_S)
    sound.submit([Sounds("a", (_note(OWN.get(name, name)),))], round(OPEN_S * NS))
    golden.wav(f"voice-{name}", *_heard(sound))


@pytest.fixture(scope="module")
def bell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A struck bell as a file, at another rate than the engine's."""
    rate, path = 44_100, tmp_path_factory.mktemp("sounds") / "bell.wav"
    time_s = np.arange(rate // 2) / rate
    partials = ((220 * ratio, 3 * ratio) for ratio in (1.0, 2.0, 2.38, 4.8))
    wave = sum(np.sin(2 * np.pi * hz * time_s) * np.exp(-fall * time_s) for hz, fall in partials)
    soundfile.write(path, 0.2 * wave, rate, subtype="PCM_16")
    return path


@pytest.mark.parametrize("backwards", [False, True])
def test_a_recording_sounds_as_it_did_a_fifth_higher(golden, bell: Path, backwards: bool) -> None:
    sound = OfflineSound()
    sound.advance(OPEN_S)
    sound.submit([Sounds("a", (_note(Recording(str(bell), backwards=backwards), 67),))], round(OPEN_S * NS))
    golden.wav(f"voice-recording{'-backwards' * backwards}", *_heard(sound))


def test_a_cloud_of_grains_sounds_as_it_did(golden, bell: Path) -> None:
    sound = OfflineSound()
    sound.advance(OPEN_S)
    moves = {"position": 0.1, "spread": 0.1, "size": 0.05, "density": 60.0, "jitter": 0.5, "detune": 3.0, "space": 0.0}
    cloud = Hold("cloud", 64, 0.7, voice=Cloud(str(bell), seed=3), controls=moves)
    sound.submit([Sounds("a", (), (cloud,))], round(OPEN_S * NS))
    golden.wav("voice-cloud", *_heard(sound))


def _note(voice: Instrument, pitch: float = 57) -> Note:
    return Note(pitch, 0.7, None, voice, 0.2, controls={"space": 0.0, "release": 0.1})


def _heard(sound: OfflineSound) -> tuple[np.ndarray, int]:
    """Return what the first speaker plays from the note on. Shape (frames, 1)."""
    sound.advance(OPEN_S + SECONDS)
    return sound.samples[round(OPEN_S * sound.rate) :, :1], sound.rate
