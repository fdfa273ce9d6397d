"""update never ends and catches all that would end it.

Reason: update: took longer than 250 ms
"""
from engine import Scene


class SwallowingLoop(Scene):
    def update(self, now):
        while True:  # bad
            try:  # bad
                while True:  # bad
                    pass  # bad
            except:  # bad
                pass  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
