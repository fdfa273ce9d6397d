"""A hook that waits.

Reason: update must be a plain method without async or yield
"""
from engine import Scene


class AsyncUpdate(Scene):
    async def update(self, now):  # bad
        pass

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
