"""A thousand layers.

Reason: draw: canvas: more than 64 layers in one frame; draw more into one
"""
from engine import Scene


class ManyLayers(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        [canvas.layer().__enter__().clear((0.1, 0, 0)) for _ in range(1000)]  # bad
