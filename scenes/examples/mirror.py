"""Mirror: people see themselves in evening light, with a halo as bright as they move. Credit: mixeur, CC BY 4.0."""
from engine import Param, Scene, hsv


class Mirror(Scene):
    hue = Param(0.62, 0, 1, help="colour of the evening")
    halo = Param(0.12, 0.02, 0.3, help="how far the halo reaches")

    def setup(self, stage):
        self.aspect, self.energy = stage.aspect, 0.0

    def update(self, now):
        speed = max((v.speed for v in now.visitors), default=0.0)
        self.energy += (min(speed * 2.5, 1) - self.energy) * min(now.dt * 2, 1)

    def draw(self, canvas, now):
        canvas.clear(hsv(self.hue + 0.45, 0.5, 1))
        canvas.mask(soft=0.01)
        canvas.glow(self.halo, 0.9 + 0.8 * self.energy)
        canvas.glow(self.halo / 4, 0.4)
        canvas.mask(invert=True)
        canvas.circle(self.aspect / 2, 1.25, 1.0, hsv(self.hue, 0.9, 0.5), soft=1, alpha=0.6, blend="screen")
        canvas.people(mirror=True, tint=hsv(self.hue + 0.4, 0.25, 1))
