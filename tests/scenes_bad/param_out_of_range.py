"""A Param whose default lies outside.

Reason: a Param's default 5 must be within 0..1
"""
from engine import Param, Scene


class A(Scene):
    hue = Param(5.0, 0, 1)  # bad
