"""update ends the program.

Reason: update: sys.exit() ends no show; remove it
"""
from engine import Scene


class UpdateExits(Scene):
    def update(self, now):
        raise SystemExit(3)  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
