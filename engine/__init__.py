"""The engine: what an artist imports stands here."""

from engine.colours import hsv, rgb
from engine.easing import TAU, clamp, ease, ease_in, ease_out, mix
from engine.music import Drone, Markov, Pattern, Scale, Tuning, Walk, euclid
from engine.scene.base import Scene
from engine.scene.param import Param, Trigger
from engine.sound.voice import Voice

__all__ = [
    "TAU", "Drone", "Markov", "Param", "Pattern", "Scale", "Scene", "Trigger", "Tuning", "Voice", "Walk", "clamp",
    "ease", "ease_in", "ease_out", "euclid", "hsv", "mix", "rgb",
]
