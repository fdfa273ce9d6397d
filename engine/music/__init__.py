"""Tools for music that composes itself: pure, and the same each time from the same seed."""

from engine.music.drone import Drone, Tone
from engine.music.markov import Markov
from engine.music.pattern import Pattern, euclid
from engine.music.scale import Scale
from engine.music.tempo import Tempo
from engine.music.tuning import Tuning
from engine.music.walk import Walk

__all__ = ["Drone", "Markov", "Pattern", "Scale", "Tempo", "Tone", "Tuning", "Walk", "euclid"]
