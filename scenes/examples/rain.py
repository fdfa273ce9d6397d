"""Rain: it falls in the dark and is seen where it meets people, who shine wet. Credit: mixeur, CC BY 4.0."""
from engine import Param, Scene


class Rain(Scene):
    drops = Param(1200, 100, 3000, help="how many drops")
    wind = Param(0.06, -0.5, 0.5, help="slant of the rain")

    def setup(self, stage):
        self.place, self.aspect = self.rng.uniform(0, 1, (3, 3000)), stage.aspect

    def draw(self, canvas, now):
        u, v, near = self.place[:, : self.drops]
        y = (v + now.time * (0.35 + 0.5 * near)) % 1.2 - 0.1
        x = (u * 1.2 + self.wind * y) % 1.2 * self.aspect - 0.1
        rain = x, y - 0.05 - 0.07 * near, x + self.wind * 0.1, y
        canvas.clear((0.02, 0.07, 0.2))
        canvas.line(*rain, (0.55, 0.8, 1), width=0.003 + 0.006 * near, alpha=0.3 + 0.7 * near, blend="add")
        canvas.glow(0.03, 0.8)
        canvas.mask(soft=0.01)  # what is drawn so far stays only where people are
        canvas.glow(0.08, 0.8)
        canvas.line(*rain, (0.4, 0.6, 1), width=0.0012 + 0.001 * near, alpha=0.22, blend="add")
