"""Two views: the wall is a night of moons; the screen inside shows who wakes them. Credit: mixeur, CC BY 4.0."""
import numpy as np

from engine import Scene, hsv, mix


class TwoViews(Scene):
    def setup(self, stage):
        self.aspect, self.moons = stage.aspect, sorted(self.rng.uniform((0.02, 0, 0), (0.13, 1, 1), (12, 3)).tolist())

    def draw(self, canvas, now):
        inside = canvas.view("inside")
        for size, u, y in self.moons:
            x = (u * self.aspect + now.time * size * 0.2) % (self.aspect + 0.4) - 0.2
            wake = max((np.exp(-4 * np.hypot(v.x - x, v.y - v.height / 2 - y)) for v in now.visitors), default=0.0)
            colour = mix((0.25, 0.45, 0.9), (1, 0.75, 0.4), min(wake * 1.5, 1))
            for view in (canvas, inside):
                view.circle(x, y, size * 3, colour, soft=1, alpha=0.12 + 0.5 * wake, blend="add")
            canvas.circle(x, y, size, mix(colour, (1, 1, 1), 0.4), soft=0.06, alpha=0.4 + 0.6 * wake)
            canvas.circle(x + size * (0.35 - 1.6 * wake), y, size, (0.0, 0.01, 0.04), soft=0.3, alpha=0.8)
        for v in now.visitors:
            if len(v.outline):
                inside.path(v.outline, hsv(0.12, 0.4, 1), width=0.01, closed=True, soft=1)
