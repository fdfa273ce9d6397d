"""update does as if a person had pressed Ctrl-C.

Reason: update: KeyboardInterrupt
"""
from engine import Scene


class PressesCtrlC(Scene):
    def update(self, now):
        raise KeyboardInterrupt  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
