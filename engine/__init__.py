"""The engine: what an artist imports stands here."""

from engine.colours import hsv, rgb
from engine.easing import TAU, clamp, ease, ease_in, ease_out, mix
from engine.scene.base import Scene
from engine.scene.param import Param, Trigger

__all__ = ["TAU", "Param", "Scene", "Trigger", "clamp", "ease", "ease_in", "ease_out", "hsv", "mix", "rgb"]
