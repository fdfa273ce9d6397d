"""The voices as they sound: a note of each, sample by sample."""

import pytest

from engine import Voice
from engine.clock import NS
from engine.sound.events import Note, Sounds
from engine.sound.offline import OfflineSound
from engine.sound.presets import VOICES

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
    note = Note(57, 0.7, None, OWN.get(name, name), 0.2, controls={"space": 0.0, "release": 0.1})
    sound.submit([Sounds("a", (note,))], round(OPEN_S * NS))
    sound.advance(OPEN_S + SECONDS)
    golden.wav(f"voice-{name}", sound.samples[round(OPEN_S * sound.rate) :, :1], sound.rate)
