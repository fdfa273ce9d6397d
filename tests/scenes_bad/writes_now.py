"""update moves the clock.

Reason: update: FrozenInstanceError: cannot assign to field 'time'
"""
from engine import Scene


class WritesNow(Scene):
    def update(self, now):
        now.time = 3  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
