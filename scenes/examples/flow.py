"""Flow: specks drift on a slow wind and whirl around whoever is there. Credit: mixeur, CC BY 4.0."""
import numpy as np

from engine import Scene, hsv


class Flow(Scene):
    def setup(self, stage):
        self.size, self.go = (stage.aspect, 1.0), np.zeros((3000, 2))
        self.at = self.rng.uniform((0, 0), self.size, (3000, 2))

    def update(self, now):
        turn = self.at[:, ::-1] * 4 + (now.time * 0.3, 5 - now.time * 0.2)
        wish = 0.09 * np.add(np.cos(turn), (0.4, 0))
        for v in now.visitors:
            away = self.at - (v.x, v.y - v.height / 2)
            near = np.exp(-9 * (away**2).sum(axis=1, keepdims=True))
            wish += near * (away[:, ::-1] * (2.5, -2.5) - 1.5 * away + 1.5 * np.array((v.vx, v.vy)))
        self.go += (wish - self.go) * min(now.dt * 3, 1)
        self.at = (self.at + self.go * now.dt) % self.size

    def draw(self, canvas, now):
        canvas.trail(1.2)
        heat = np.clip(np.hypot(*self.go.T) * 2.2, 0, 1)
        canvas.dots(*self.at.T, 0.0022, hsv(0.6 - 0.52 * heat, 0.8, 1), alpha=0.3 + 0.4 * heat, blend="add")
