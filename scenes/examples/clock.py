"""Clock: the hour as light; a sun rises, crosses the sky and sets, stars come at night. Credit: mixeur, CC BY 4.0."""
import numpy as np

from engine import Scene, clamp, mix

NIGHT, DUSK, DAY = (0.02, 0.05, 0.16), (0.62, 0.24, 0.2), (0.22, 0.5, 0.85)


class Clock(Scene):
    def setup(self, stage):
        self.aspect, self.stars = stage.aspect, self.rng.uniform((0, 0), (stage.aspect, 0.7), (200, 2))
        self.shade = np.linspace(0.25, 1, 64)[:, None, None] ** 1.5

    def draw(self, canvas, now):
        sun = np.sin((now.hour - 6) / 12 * np.pi)  # -1 at midnight, 1 at noon
        low = mix(DUSK, DAY, clamp(sun * 2)) if sun > 0 else mix(DUSK, NIGHT, clamp(-sun * 3))
        canvas.image(self.shade * low, w=self.aspect, h=1)
        twinkle = 0.5 + 0.4 * np.sin(now.time + np.arange(200))
        canvas.dots(*self.stars.T, 0.0018, alpha=clamp(-sun * 3) * twinkle)
        x, y = self.aspect * (now.hour - 5) / 14, 0.8 - 0.55 * sun
        canvas.circle(x, y, 0.7, mix((1, 0.5, 0.2), (1, 0.9, 0.7), clamp(sun)), soft=1, alpha=0.35, blend="add")
        canvas.circle(x, y, 0.06, (1, 0.95, 0.85), soft=0.25)
        canvas.text(f"{int(now.hour):02d}:{int(now.hour * 60) % 60:02d}", self.aspect / 2, 0.62, 0.3)
